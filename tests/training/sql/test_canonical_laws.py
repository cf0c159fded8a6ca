"""The laws of the canonical form and of the fingerprint, on every query of the sample and on many at random.

- however a query is spelled, its canonical form is the same;
- the canonical form is its own, and returns what the query returns, in the order that the query asks for;
- the fingerprint is that of the canonical form without literals;
- whatever text comes, it is a query or it is refused with a stable code.

`spellings.sql` holds what PostgreSQL's grammar has beside what people write every day, all functions of the guard too.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.sample.people import fill, read_people
from dagster_project.sample.questions import PLACEHOLDER, load_questions
from tests.business_warehouse import Built, sandbox
from tests.training.sql.rewrites import change_literals, mutate, rewrite, split
from training.sql.canonical import canonicalize, fingerprint
from training.sql.catalog import Catalog, read_catalog
from training.sql.compare import same_result
from training.sql.errors import SqlError
from training.sql.functions import FUNCTIONS
from training.sql.guard import check
from training.sql.sandbox import Executor

HERE = Path(__file__).parent
QUERIES = (HERE / "queries.sql").read_text().splitlines()
SPELLINGS = (HERE / "spellings.sql").read_text().splitlines()
SAMPLE = sorted({PLACEHOLDER.sub("O''Hara", question.sql) for question in load_questions()})
CHANCES = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def shop(built: Built) -> Catalog:
    """The catalog of the sample business."""
    with psycopg.connect(built.warehouse.dsn) as owner:
        return read_catalog(owner)


@pytest.fixture(scope="module")
def shop_sandbox(built: Built) -> Iterator[Executor]:
    """The sample's pseudonymized tables."""
    with sandbox(built.warehouse) as executor:
        yield executor


@pytest.fixture(scope="module")
def asked(built: Built) -> list[str]:
    """Every query of the sample, about persons of the sandbox where it is about one."""
    with psycopg.connect(built.warehouse.dsn, options="-csearch_path=sandbox_shop") as owner:
        people = read_people(owner)
    filled = [fill(question, people, seed=7) for question in load_questions()]
    return sorted({question.sql for question in filled if question is not None})


# Spelling


@settings(max_examples=100, deadline=None)
@given(sql=st.sampled_from(SAMPLE), chance=CHANCES)
def test_a_sample_query_in_any_spelling_has_one_canonical_form(sql: str, chance: random.Random, shop: Catalog) -> None:
    assert canonicalize(rewrite(sql, shop, chance), shop) == canonicalize(sql, shop)


@settings(max_examples=80, deadline=None)
@given(sql=st.sampled_from(QUERIES), chance=CHANCES)
def test_a_harder_query_in_any_spelling_has_one_canonical_form(
    sql: str, chance: random.Random, catalog: Catalog
) -> None:
    assert canonicalize(rewrite(sql, catalog, chance), catalog) == canonicalize(sql, catalog)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select 1 from orders group by total", "select 1 from orders group /* by */ by total"),
        ("select total from orders order by total", "select total from orders order--\nby total"),
        ("/* a /* b */ */ select 1", "select 1"),
        ("select 1 from orders where 5 < total", "select 1 from orders where total > 5"),
        ("select 1 from orders where 5 = abs(total)", "select 1 from orders where abs(total) = 5"),
        (
            "select 1 from orders where (select avg(total) from orders) <= total",
            "select 1 from orders where total >= (select avg(total) from orders)",
        ),
        ("select 1 from orders where 2 < (select 1)", "select 1 from orders where (select 1) > 2"),
        (
            "select 1 from orders a, orders b where a.total < b.total and b.status = 'x' and a.status = 'x'",
            "select 1 from orders a, orders b where a.status = 'x' and b.total > a.total and 'x' = b.status",
        ),
        (
            "with b as (select status from orders), a as (select name from customers) "
            "select 1 from orders where status in (select status from b) and status in (select name from a)",
            "with x as (select status from orders), y as (select name from customers) "
            "select 1 from orders where status in (select name from y) and status in (select status from x)",
        ),
        (
            "select power((2), (total + 1)), coalesce((total), (1 + 1)) from orders",
            "select 2 ^ (total + 1), coalesce(total, 1 + 1) from orders",
        ),
        ("select (date '2024-01-01')::text", "select date '2024-01-01'::text"),
        ("select timestamp with time zone '2024-01-01'::date", "select (timestamptz '2024-01-01')::date"),
        (
            "with w as (select (total) from orders) select w.total from w",
            "with w as (select total from orders) select total from w",
        ),
        ("select round(avg(total), 2) from orders", "SELECT ROUND((AVG(total)), 2) FROM orders"),
        ("select (status || 'a') || 'b' from orders", "select status || 'a' || 'b' from orders"),
    ],
)
def test_two_spellings_have_one_canonical_form(one: str, other: str, catalog: Catalog) -> None:
    assert canonicalize(one, catalog) == canonicalize(other, catalog)


@pytest.mark.parametrize(
    "sql",
    [
        "select round(avg(total), 2) from orders",
        "select (status !~ 'x')::text from orders",
        "select div(total, 7)::int from orders",
        "select localtimestamp, localtime, current_time",
        "select interval '1-2' year to month",
        "select '2024-01-01'::text::date, date '2024-01-01'::text",
        "select 1 from orders where status = any(array['a', 'b'])",
        "select 1 from orders where now() > date '2024-01-01' and total > 1",
    ],
)
def test_what_is_canonical_stays(sql: str, catalog: Catalog) -> None:
    assert canonicalize(sql, catalog) == sql


@pytest.mark.parametrize("sql", ["select 1_000", "select 0x1F", "select 0b11", "select 1from orders"])
def test_numbers_that_the_parser_misreads_are_refused(sql: str, catalog: Catalog) -> None:
    with pytest.raises(SqlError) as refusal:
        canonicalize(sql, catalog)
    assert refusal.value.code == "not_parseable"


# Results


def test_every_sample_query_returns_the_same_in_every_spelling(
    asked: list[str], shop: Catalog, shop_sandbox: Executor
) -> None:
    empty = 0
    for number, sql in enumerate(asked):
        canonical = canonicalize(sql, shop)
        answer = shop_sandbox.run(sql)
        assert answer.error_class is None, sql
        is_ordered = " order by " in canonical.rsplit(")", 1)[-1]
        assert same_result(answer, shop_sandbox.run(canonical), ordered=is_ordered), canonical
        if number % 3 == 0:  # what the rewriting does is right, too
            rewritten = rewrite(sql, shop, random.Random(number))
            assert same_result(answer, shop_sandbox.run(rewritten), ordered=is_ordered), rewritten
        empty += answer.row_count == 0
    # The proof is of rows: the small business has some for nearly every question.
    assert len(asked) >= 400
    assert empty < 0.1 * len(asked)


@pytest.mark.parametrize("sql", SPELLINGS)
def test_unusual_sql_returns_the_same(sql: str, catalog: Catalog, executor: Executor) -> None:
    canonical = canonicalize(sql, catalog)
    assert canonicalize(canonical, catalog) == canonical
    before, after = executor.run(sql), executor.run(canonical)
    if "any_value" in sql and before.sqlstate == "42883":
        return  # PostgreSQL has it since 16
    assert before.error_class is None
    assert same_result(before, after, ordered=False), canonical


def test_the_unusual_sql_calls_every_function_that_the_guard_allows() -> None:
    called = {word for sql in SPELLINGS for word in map(str.lower, split(sql))}
    assert FUNCTIONS - called == set()


# Templates


@settings(max_examples=80, deadline=None)
@given(sql=st.sampled_from(SAMPLE), chance=CHANCES)
def test_other_literals_are_the_same_template(sql: str, chance: random.Random, shop: Catalog) -> None:
    canonical = canonicalize(sql, shop)
    assert fingerprint(canonicalize(change_literals(canonical, chance), shop)) == fingerprint(canonical)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 from orders where total > -5", "1 from orders where total > 5"),
        ("1 from orders where total > -5::int", "1 from orders where total > 12::int"),
        ("1 from orders limit 3 offset 20", "1 from orders limit 30 offset 5"),
        ("1 from orders where order_id in (1, 2, 3)", "1 from orders where order_id in (-4)"),
        ("1 from orders where status = any(array['a', 'b'])", "1 from orders where status = any(array['c'])"),
        ("now() - interval '1 day'", "now() - interval '3 months 2 hours'"),
        ("interval '1-2' year to month", "interval '2-11' year to month"),
        ("date '2024-01-01', '5'::int", "date '2023-07-09', '-6'::int"),
        ("E'a\\n', $$b$$, B'101'", "'x', 'y', B'0'"),
    ],
)
def test_a_template_has_any_literals(one: str, other: str, catalog: Catalog) -> None:
    def of(sql: str) -> str:
        return fingerprint(canonicalize(f"select {sql}", catalog))

    assert of(one) == of(other)


def test_other_structure_is_another_template(catalog: Catalog) -> None:
    family = [
        "select status, sum(total) from orders where total > 5 group by status order by 2 limit 3",
        "select status, avg(total) from orders where total > 5 group by status order by 2 limit 3",
        "select status, sum(order_id) from orders where total > 5 group by status order by 2 limit 3",
        "select status, sum(total) from orders where total >= 5 group by status order by 2 limit 3",
        "select status, sum(total) from orders where total > 5 group by status order by 2 desc limit 3",
        "select status, sum(total) from orders where total > 5 group by status order by 1 limit 3",
        "select status, sum(total) from orders where total > 5 group by status order by 2",
        "select status, sum(total) from orders where total > 5 and status = 'x' group by status order by 2 limit 3",
        "select status, sum(total) from orders where total > 5 or status = 'x' group by status order by 2 limit 3",
        "select status, sum(total) from orders where status is null group by status order by 2 limit 3",
        "select status, sum(total)::numeric(10, 2) from orders where total > 5 group by status order by 2 limit 3",
        "select status, sum(total)::numeric(10, 3) from orders where total > 5 group by status order by 2 limit 3",
        "select status, sum(total) from orders where total > 5 is true group by status order by 2 limit 3",
        "select date_trunc('day', ordered_at) from orders",
        "select date_trunc('month', ordered_at) from orders",
        "select 1 from orders where ordered_at > '2024-01-01'",
        "select 1 from orders where ordered_at > date '2024-01-01'",
        "select 1 from orders where order_id in (1)",
        "select 1 from orders where order_id = 1",
    ]
    assert len({fingerprint(canonicalize(sql, catalog)) for sql in family}) == len(family)


# Anything


def test_damaged_queries_are_refused_or_have_a_canonical_form(catalog: Catalog) -> None:
    chance = random.Random(11)
    queries = QUERIES + SPELLINGS
    words = sorted({word for sql in queries for word in split(sql)})
    understood = 0
    for _ in range(2_000):
        damaged = mutate(chance.choice(queries), words, chance)
        try:
            canonical = canonicalize(damaged, catalog)
        except SqlError:
            continue
        understood += 1
        assert canonicalize(canonical, catalog) == canonical
        assert fingerprint(canonical) == fingerprint(canonical)
        check(canonical, catalog)
    assert understood > 50  # the damage is not such that nothing is ever read


@pytest.mark.parametrize(
    "sql",
    [
        "select array_agg(order by order_id) from orders",
        "select count(*) union (values (1, , 'a')) as v (x) where v.x > 1",
        "select d from generate_series('2024-01-01'::timestamp, '2024-03-01', '2024-02-03 04') as d",
        "select d from generate_series(date '2024-01-01', date '2024-01-31', interval '1 day' '1 day') as d",
    ],
)
def test_what_the_parser_stumbles_over_is_refused(sql: str, catalog: Catalog) -> None:
    with pytest.raises(SqlError) as refusal:
        canonicalize(sql, catalog)
    assert "2024" not in str(refusal.value)
