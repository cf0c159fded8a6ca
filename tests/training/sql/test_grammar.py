"""The grammar of the canonical form: every pair is in it, and no name that the catalog does not have."""

import re
from pathlib import Path

import pytest
from llguidance import LLMatcher, LLTokenizer

from dagster_project.sample.questions import load_questions
from tests.training.sql.sample_catalog import sample_catalog
from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog, Column, Table
from training.sql.grammar import build_grammar

HERE = Path(__file__).parent
BYTES = LLTokenizer("byte")
QUERIES = [sql for name in ("queries.sql", "harmless.sql") for sql in (HERE / name).read_text().splitlines()]
SENTENCES = [
    sql for part in (HERE / "sentences.sql").read_text().split(";") if (sql := re.sub("--.*", "", part).strip())
]
# What the canonical form holds and the grammar does not: a table's name for its whole row.
NOT_DERIVABLE = {"select count(customers) from customers"}


def is_derivable(grammar: str, sql: str) -> bool:
    place = LLMatcher(BYTES, grammar)
    assert not place.is_error(), place.get_error()
    tokens = BYTES.tokenize_str(sql)
    return place.try_consume_tokens(tokens) == len(tokens) and place.is_accepting()


@pytest.fixture(scope="module")
def grammar(catalog: Catalog) -> str:
    return LLMatcher.grammar_from_lark(build_grammar(catalog))


@pytest.mark.parametrize("sql", QUERIES)
def test_queries_in_canonical_form_are_derivable(sql: str, grammar: str, catalog: Catalog) -> None:
    canonical = canonicalize(sql, catalog)
    assert is_derivable(grammar, canonical) == (canonical not in NOT_DERIVABLE)


@pytest.mark.slow
def test_every_question_of_the_sample_can_be_answered() -> None:
    catalog = sample_catalog()
    grammar = LLMatcher.grammar_from_lark(build_grammar(catalog))
    statements = {canonicalize(sql, catalog) for sql in [*SENTENCES, *(asked.sql for asked in load_questions())]}
    assert len(statements) > 300
    assert [sql for sql in sorted(statements) if not is_derivable(grammar, sql)] == []


@pytest.mark.parametrize(
    "sql",
    [
        "select total from ordres",
        "select totl from orders",
        "select orders.email from orders join customers on customers.customer_id = orders.customer_id",
        "select pg_sleep(1)",
        "select * from orders",
        "delete from orders",
        "select total from orders; select 1",
        "select total from orders for update",
        "select total into x from orders",
        "select total from pg_catalog.pg_authid",
        "select 'orders'::regclass",
        "select total from orders where status = 'open",
        "select total from orders where status = 'o\0pen'",
        "select value from generate_series(1) as t1(value)",
        "select 59998[1] from orders",
        "select lower(status)[1] from orders",
        "select interval '1 day' at time zone 'UTC' from orders",
        "select total::double from orders",
        "select total::varchar(9, 2) from orders",
        "select total from orders fetch first 3 rows with ties",
        "",
    ],
)
def test_what_the_catalog_or_the_guard_does_not_know_cannot_be_written(sql: str, grammar: str) -> None:
    assert not is_derivable(grammar, sql)


def test_a_tagged_column_cannot_be_named_where_it_is_closed(catalog: Catalog) -> None:
    sql = "select email from customers"
    for is_open in (True, False):
        text = build_grammar(catalog, allow_pii_columns=is_open)
        assert is_derivable(LLMatcher.grammar_from_lark(text), sql) == is_open
    assert '"email"' not in build_grammar(catalog, allow_pii_columns=False)


def test_tables_of_several_schemas_carry_theirs_and_odd_names_are_quoted() -> None:
    columns = (Column('we"ird', "text", True, False), Column("back\\slash", "text", True, False))
    catalog = Catalog((Table("crm", "Leads", None, columns), Table("erp", "order", None, columns[:1])))
    grammar = LLMatcher.grammar_from_lark(build_grammar(catalog))
    assert is_derivable(grammar, 'select "we""ird" from crm."Leads"')
    assert is_derivable(grammar, 'select "back\\slash" from erp."order"')
    assert not is_derivable(grammar, 'select "we""ird" from "Leads"')


def test_a_catalog_without_an_open_column_has_no_grammar() -> None:
    secret = Column("email", "text", True, False, pii="email")
    catalog = Catalog((Table("crm", "people", None, (secret,)),))
    with pytest.raises(ValueError, match="no column"):
        build_grammar(catalog, allow_pii_columns=False)
