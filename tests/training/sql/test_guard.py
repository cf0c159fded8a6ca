"""What the guard blocks, what it lets pass, and that its messages repeat nothing of the statement."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.sql.catalog import Catalog
from training.sql.functions import MORE_FUNCTIONS
from training.sql.guard import FAILED, check

HERE = Path(__file__).parent
HARMLESS = [sql for name in ("queries.sql", "harmless.sql") for sql in (HERE / name).read_text().splitlines()]
BY_PEOPLE = (HERE / "harmless_by_people.sql").read_text().splitlines()
ATTACKS = [tuple(line.split("\t")) for line in (HERE / "attacks.tsv").read_text().splitlines()]


def test_the_collections_are_as_large_as_they_claim() -> None:
    assert len(set(ATTACKS)) == len(ATTACKS) >= 300
    assert len({kind for kind, _ in ATTACKS}) >= 25
    assert len(set(HARMLESS)) == len(HARMLESS) >= 120


@pytest.mark.parametrize(("kind", "sql"), ATTACKS)
def test_blocks(kind: str, sql: str, catalog: Catalog) -> None:
    verdict = check(sql, catalog, allow_pii_columns=kind != "tagged")
    assert not verdict.allowed
    assert verdict.rule
    assert verdict.message
    assert verdict.tables == ()


@pytest.mark.parametrize("sql", HARMLESS)
def test_allows(sql: str, catalog: Catalog) -> None:
    verdict = check(sql, catalog)
    assert verdict.allowed, (verdict.rule, verdict.message)
    assert verdict.rule is None


@pytest.mark.parametrize("sql", BY_PEOPLE)
def test_allows_what_people_write_besides(sql: str, catalog: Catalog) -> None:
    verdict = check(sql, catalog, functions=MORE_FUNCTIONS)
    assert verdict.allowed, (verdict.rule, verdict.message)


# What these attack is closed or not by the catalog; to call them is no attack where people write.
OPEN_TO_PEOPLE = ("regexp_", "string_to_table", "json", "row_to_json", "to_json", "md5")


@pytest.mark.parametrize(
    ("kind", "sql"), [attack for attack in ATTACKS if not any(name in attack[1] for name in OPEN_TO_PEOPLE)]
)
def test_blocks_people_too(kind: str, sql: str, catalog: Catalog) -> None:
    assert not check(sql, catalog, allow_pii_columns=kind != "tagged", functions=MORE_FUNCTIONS).allowed


# Texts and arrays that grow by a value a round, or once; some columns have names that the grammar does not know.
PATHS = [
    (
        "with recursive chain as (select employee_id, name::text as path, 1 as depth from employees where "
        "manager_id is null union all select e.employee_id, (c.path || ' > ' || e.name)::text, c.depth + 1 "
        "from employees e join chain c on e.manager_id = c.employee_id) select path, depth from chain"
    ),
    (
        "with recursive chain as (select employee_id, array[employee_id] as seen from employees where "
        "manager_id is null union all select e.employee_id, c.seen || e.employee_id from employees e join "
        "chain c on e.manager_id = c.employee_id where not e.employee_id = any(c.seen)) select "
        "cardinality(seen) from chain"
    ),
    (
        "with recursive chain as (select employee_id, name, name as path from employees where manager_id is null "
        "union all select e.employee_id, e.name, c.path || ' is managed by ' || e.name from employees e "
        "join chain c on e.manager_id = c.employee_id) select string_agg(name, ', ') from chain"
    ),
    "select string_agg(replace(replace(name, 'Inc.', 'Incorporated'), 'Ltd', 'Limited'), ', ') from customers",
    (
        "with per_country as (select country, array_agg(name) as names from customers group by country) "
        "select string_agg(country, ', '), max(cardinality(names)) from per_country"
    ),
]


@pytest.mark.parametrize("sql", PATHS)
def test_what_grows_a_little_is_allowed(sql: str, catalog: Catalog) -> None:
    assert check(sql, catalog).allowed


def test_says_what_is_read(catalog: Catalog) -> None:
    verdict = check("select o.total, c.* from orders o join customers c using (customer_id)", catalog)
    assert verdict.tables == ("customers", "orders")
    assert "orders.total" in verdict.columns
    assert "customers.email" in verdict.columns
    assert "orders.status" not in verdict.columns


def test_untagged_columns_of_a_tagged_table_may_be_read(catalog: Catalog) -> None:
    sql = "select country, count(*) from customers group by country"
    assert check(sql, catalog, allow_pii_columns=False).allowed


@pytest.mark.parametrize(
    "sql",
    [
        'select 1 from orders where status = "Jane Doe"',
        "select pg_sleep('Jane Doe')",
        "select 'Jane Doe",
        'select * from "Jane Doe"',
        "insert into orders values ('Jane Doe')",
    ],
)
def test_messages_quote_nothing(sql: str, catalog: Catalog) -> None:
    assert "Jane" not in check(sql, catalog).message


@settings(max_examples=300, deadline=None)
@given(sql=st.sampled_from(HARMLESS + [sql for _, sql in ATTACKS]), chance=st.randoms(use_true_random=False))
def test_mutated_statements_get_a_verdict(sql: str, chance: random.Random, catalog: Catalog) -> None:
    text = list(sql)
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(text))
        text[place : place + chance.randint(0, 3)] = chance.choice(
            ["(", ")", "'", '"', ",", " ", "$$", "--", "\x00", "é"]
        )
    verdict = check("".join(text), catalog)
    assert verdict.allowed == (verdict.rule is None)
    assert verdict.rule != FAILED


_EXTREME = [
    "1e309",
    "-1e309",
    "9" * 400,
    "'²'",
    "''",
    "null",
    "1e-400",
    "interval '1 day ago'",
    "(select 1)",
    "*",
    "over",
    "::",
]


@pytest.mark.slow
def test_ten_thousand_mutations_get_a_verdict_by_a_rule(catalog: Catalog) -> None:
    """Words exchanged, doubled, left out, taken from other statements, or extreme; none finds a flaw of the guard's."""
    chance = random.Random(20261128)
    corpus = HARMLESS + [sql for _, sql in ATTACKS if len(sql) < 2000]
    words = [re.findall(r"'[^']*'|\w+|\s+|.", sql, re.DOTALL) for sql in corpus]
    every = sorted({word for text in words for word in text if word.strip()})
    failed = []
    for _ in range(10_000):
        text = list(chance.choice(words))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(text))
            new = chance.choice([[], [chance.choice(every)], [chance.choice(_EXTREME)], text[place : place + 1] * 2])
            text[place : place + chance.randint(0, 2)] = new
            text = text or ["select"]
        sql = "".join(text)
        if check(sql, catalog).rule == FAILED:
            failed.append(sql)
    assert failed == []


def test_a_flaw_of_the_guards_own_blocks_and_says_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_arguments: object) -> None:
        raise ValueError("Jane Doe")

    monkeypatch.setattr("training.sql.guard.bind", explode)
    verdict = check("select count(*) from orders", catalog)
    assert (verdict.allowed, verdict.rule) == (False, FAILED)
    assert "Jane" not in verdict.message
