"""The canonical form on examples and on real rows; its laws are in `test_canonical_laws.py`."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.sql.canonical import canonicalize, fingerprint
from training.sql.catalog import Catalog
from training.sql.compare import same_result
from training.sql.errors import SqlError
from training.sql.sandbox import Executor

QUERIES = (Path(__file__).parent / "queries.sql").read_text().splitlines()

FORMS = [
    ("select * from shop.Products as p;", 'select product_id, name, category, "Weight KG", "order" from products'),
    (
        "SELECT c.NAME n FROM customers c WHERE (c.country = 'DE') -- x",
        "select name from customers where country = 'DE'",
    ),
    (
        "select c.name, sum(o.total) as spent from orders o inner join customers c using (customer_id) "
        "group by c.name order by spent desc fetch first 5 rows only",
        "select customers.name, sum(orders.total) from orders join customers on customers.customer_id = "
        "orders.customer_id group by customers.name order by 2 desc limit 5",
    ),
    (
        "select e.name from employees e where salary > (select avg(x.salary) from employees x "
        "where x.department = e.department)",
        "select name from employees as t1 where salary > (select avg(salary) from employees "
        "where t1.department = department)",
    ),
    (
        "with m as (select date_trunc('MONTH', ordered_at) as d, sum(total) s from orders group by 1) "
        "select max(s) from m where d >= CAST('2024-01-01' AS DATE) + interval '3' month",
        "with w1 as (select date_trunc('month', ordered_at) as date_trunc_ordered_at, sum(total) as sum_total "
        "from orders group by 1) select max(sum_total) from w1 "
        "where date_trunc_ordered_at >= date '2024-01-01' + interval '3 months'",
    ),
    (
        "select a.name, b.name from employees a, employees b where a.manager_id = b.employee_id",
        "select t1.name, t2.name from employees as t1, employees as t2 where t2.employee_id = t1.manager_id",
    ),
    (
        "select now() - interval '1 month ago', now() + interval ' 1 day -12:00 '",
        "select now() - interval '1 month ago', now() + interval '1 day -12:00'",
    ),
    ("select count(1) from orders where not (total is null)", "select count(*) from orders where total is not null"),
    ("select total::DECIMAL(10,2) from orders", "select total::numeric(10, 2) from orders"),
    ("select now() - interval '1 MONTH 2 days'", "select now() - interval '1 month 2 days'"),
    (
        "select 1 from orders where status not in ('b') and total not between 1 and 2 and 5 <= total",
        "select 1 from orders where status not in ('b') and total >= 5 and total not between 1 and 2",
    ),
]


@pytest.mark.parametrize(("sql", "expected"), FORMS)
def test_form(sql: str, expected: str, catalog: Catalog) -> None:
    assert canonicalize(sql, catalog) == expected


@pytest.mark.parametrize("sql", QUERIES)
def test_returns_the_same_rows_and_is_its_own_canonical_form(sql: str, catalog: Catalog, executor: Executor) -> None:
    canonical = canonicalize(sql, catalog)
    assert canonicalize(canonical, catalog) == canonical
    before, after = executor.run(sql), executor.run(canonical)
    assert before.error_class is None
    assert after.error_class is None, canonical
    assert same_result(before, after, ordered=False), canonical


@pytest.mark.parametrize("text", ["1 month ago", "1 day -23:59:59", "P1D", "@ 1 month", "+1 day", "1 days 3"])
def test_an_interval_keeps_its_sign_and_its_tail(text: str, catalog: Catalog, executor: Executor) -> None:
    sql = f"select timestamp '2024-05-31' + interval '{text}'"
    canonical = canonicalize(sql, catalog)
    assert canonicalize(canonical, catalog) == canonical
    before, after = executor.run(sql), executor.run(canonical)
    assert before.error_class is None
    assert before.rows == after.rows


def test_an_interval_has_its_units_in_one_place(catalog: Catalog) -> None:
    with pytest.raises(SqlError):
        canonicalize("select now() - interval '1 month ago' day", catalog)


ALIASED = """
with {w} as (select {c}.customer_id as {k}, count(*) as {n} from customers {as_} {c}
  join orders {as_} {o} on {o}.customer_id = {c}.customer_id where {conditions} group by {c}.customer_id)
select {x}.{k}, {y}.{n} from {w} {as_} {x} join {w} {as_} {y} on {x}.{k} = {y}.{k}
where exists (select 1 from orders {as_} {e} where {e}.customer_id = {x}.{k}) order by {y}.{n}, {x}.{k}
"""
CONDITIONS = [
    "{o}.total > 10",
    "{o}.status = 'Shipped'",
    "({c}.country = 'DE' or {c}.name like 'C%')",
    "{o}.total < 90",
]
NAMES = st.from_regex(r"[a-z]{2}_[a-z0-9]{1,6}", fullmatch=True)


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(NAMES, min_size=8, max_size=8, unique=True),
    order=st.permutations(CONDITIONS),
    is_quoted=st.booleans(),
    as_=st.sampled_from(("as", "")),
)
def test_alias_names_quotes_and_order_of_conditions_do_not_matter(
    names: list[str], order: list[str], is_quoted: bool, as_: str, catalog: Catalog
) -> None:
    keys = "wckonxye"
    reference = dict(zip(keys, [f"n_{key}" for key in keys], strict=True)) | {"as_": "as"}
    chosen = dict(zip(keys, [f'"{name}"' if is_quoted else name for name in names], strict=True)) | {"as_": as_}

    def build(values: dict[str, str], conditions: list[str]) -> str:
        return ALIASED.format(**values, conditions=" and ".join(conditions).format(**values))

    expected = canonicalize(build(reference, CONDITIONS), catalog)
    assert canonicalize(build(chosen, order), catalog) == expected


def test_string_literals_keep_their_case_and_their_quotes(catalog: Catalog) -> None:
    sql = "select name from customers where name = 'O''Hara SELECT  X' and email = 'ÄÖ'"
    assert canonicalize(sql, catalog).count("'O''Hara SELECT  X'") == 1
    assert "'ÄÖ'" in canonicalize(sql, catalog)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select from where", "not_parseable"),
        ("", "not_one_select"),
        ("select 1; select 2", "not_one_select"),
        ("delete from orders", "not_one_select"),
        ("explain select 1", "not_one_select"),
        ("select x from nowhere", "unknown_relation"),
        ("select o.total from orders", "unknown_relation"),
        ("select total from other.orders", "unknown_relation"),
        ('select 1 from orders where status = "Jane Doe"', "unknown_column"),
        ("select o.colour from orders o", "unknown_column"),
        ("select name from customers join employees on true", "ambiguous_column"),
        ("select * from orders" + " join orders" * 40, "not_parseable"),
        ("select 1" + " + 1" * 4000, "not_parseable"),
        ("select " + "not " * 4000 + "true", "not_parseable"),
        ("select array" + "[1]" * 4000, "not_parseable"),
        ("select " + "(" * 80 + "1" + ")" * 80, "not_parseable"),
    ],
)
def test_refusals_have_stable_codes_and_quote_nothing(sql: str, code: str, catalog: Catalog) -> None:
    with pytest.raises(SqlError) as refusal:
        canonicalize(sql, catalog)
    assert refusal.value.code == code
    assert "Jane" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_table_of_two_schemas_needs_its_schema_unless_a_search_path_decides(catalog: Catalog) -> None:
    (orders,) = [table for table in catalog.tables if table.name == "orders"]
    both = Catalog((replace(orders, schema="hr"), replace(orders, schema="sales")))

    with pytest.raises(SqlError, match="in hr and sales, .* search_path") as refusal:
        canonicalize("select count(*) from orders", both)

    assert refusal.value.code == "ambiguous_relation"
    assert canonicalize("select count(*) from sales.orders", both) == "select count(*) from sales.orders"
    decided = Catalog(both.tables, unqualified={"orders": both.tables[1]})
    assert canonicalize("select count(*) from orders", decided) == "select count(*) from sales.orders"


def test_fingerprint_ignores_literals_and_nothing_else(catalog: Catalog) -> None:
    def of(sql: str) -> str:
        return fingerprint(canonicalize(sql, catalog))

    base = of("select name from customers where country in ('DE', 'FR') and created_at > date '2024-01-01' limit 5")
    assert base == of("select name from customers where created_at > date '2023-07-09' and country in ('US') limit 9")
    assert base != of(
        "select email from customers where country in ('DE', 'FR') and created_at > date '2024-01-01' limit 5"
    )
    assert of("select status, total from orders order by lower(status), 2") != of(
        "select status, total from orders order by lower(status), 1"
    )
    assert of("select now() - interval '1 month'") == of("select now() - interval '20 days'")
