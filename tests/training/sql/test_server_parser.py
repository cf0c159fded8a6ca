"""PostgreSQL's own parser beside sqlglot: what the two read differently is blocked."""

import pytest

from training.sql.catalog import Catalog
from training.sql.errors import NotOneSelect, ParseFailure
from training.sql.functions import MORE_FUNCTIONS
from training.sql.guard import check
from training.sql.server_parser import read

SMUGGLED = {
    "a comment behind an operator": "select 5 #--'\n3, email from customers --'",
    "statements behind one": "select 5 #--'\n3; commit; begin read write; create table t as select 1; commit --'",
    "a source in one": "select (select email from (values (5 #--1)) v(email), (values (1 +\n3)) w(x)) from customers",
    "a block behind one": "select 5 -/* '\n*/ 3, email from customers --'",
    "a comment that ends at a carriage return": "select 1 --\r, email from customers",
    "a blank that is a letter": "select (select email from (select 's' as\u00a0email) v) from customers",
    "a character that no one sees": "select (select email from (select 's' as\u200bemail) v) from customers",
    "half a character": "select '\ud800'",
}


@pytest.mark.parametrize("sql", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_what_the_parsers_read_differently_is_blocked(sql: str, catalog: Catalog) -> None:
    assert not check(sql, catalog, allow_pii_columns=False, functions=MORE_FUNCTIONS).allowed


def test_names_are_those_that_the_server_reads() -> None:
    found = read(
        'with v(n) as (values (1)) select O."ID" as a, count(*), trim(both from s) from shop.Orders as o, v '
        "where x || 'b' like current_date::text group by o.*"
    )
    assert found.columns == {("o", "ID"): 1, ("s",): 1, ("x",): 1, ("o", "*"): 1}
    assert found.relations == {("shop", "orders"): 1, ("v",): 1}
    assert found.given == {"v": 1, "n": 1, "a": 1, "o": 1}
    assert found.functions == {("count",): 1, ("pg_catalog", "btrim"): 1}
    assert found.operators == {("||",): 1, ("~~",): 1}
    assert found.values == {"SVFOP_CURRENT_DATE": 1}


@pytest.mark.parametrize("sql", ["", "-- nothing", "select 1; select 2", "delete from orders"])
def test_only_one_select_is_read(sql: str) -> None:
    with pytest.raises(NotOneSelect):
        read(sql)


def test_what_is_no_sql_says_so_without_quoting_it() -> None:
    with pytest.raises(ParseFailure, match=r"^The statement is not PostgreSQL\.$"):
        read("select 'Jane Doe' from from")


@pytest.mark.parametrize("text", ["+".join(["1"] * 500_000), "- " * 9_990 + "1", "not " * 4_990 + "true"])
def test_depth_ends_neither_the_process_nor_the_guard(text: str, catalog: Catalog) -> None:
    assert check(f"select {text}", catalog).rule == "not_parseable"


def test_a_chain_of_queries_that_are_read_twice_is_judged_at_once(catalog: Catalog) -> None:
    chain = "".join(f", a{n} as (select 1 as x from a{n - 1} as p, a{n - 1} as q)" for n in range(1, 60))
    last = ", r as (select 1 as x union all select 1 from r, a59) select x from r"
    sql = f"with recursive a0 as (select 1 as x){chain}{last}"
    assert check(sql, catalog).rule == "recursion"
