"""What a variant is: other rows, the same rules, the same values, and nobody's but the sandbox role's to read."""

import psycopg
import pytest

from tests.training.evaluate.suite.bakery import SANDBOXES, Bakery
from training.evaluate.suite.build import VariantBuilder, drop_variants, variant_names
from training.evaluate.suite.kinds import KINDS

KIND_NAMES = [kind.name for kind in KINDS]
_RULES = """
select contype::text, count(*) from pg_constraint
where connamespace = %s::regnamespace and contype in ('p', 'u', 'f', 'c', 'n')
group by contype
"""


@pytest.fixture(scope="module", autouse=True)
def variants(bakery: Bakery) -> None:
    for kind in KINDS:
        bakery.builder.build(kind.name, kind, seed=1)


def rows(bakery: Bakery, schema: str, table: str) -> list[tuple]:
    return bakery.admin.execute(f"select * from {schema}.{table} order by {table}::text").fetchall()


def test_there_are_five_of_each_sandbox(bakery: Bakery) -> None:
    assert set(KIND_NAMES) <= set(variant_names(bakery.owner, ["bakery"]))
    assert len(KIND_NAMES) >= 5


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_server_enforces_the_rules_of_the_business_on_a_variant(bakery: Bakery, kind: str) -> None:
    business = dict(bakery.admin.execute(_RULES, ["bakery"]).fetchall())

    assert dict(bakery.admin.execute(_RULES, [f"sandbox_bakery__{kind}"]).fetchall()) == business


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_variant_has_rows_and_others_than_the_sandbox(bakery: Bakery, kind: str) -> None:
    schema = f"sandbox_bakery__{kind}"

    assert rows(bakery, schema, "orders")
    assert rows(bakery, schema, "orders") != rows(bakery, "sandbox_bakery", "orders")


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_the_same_seed_gives_the_same_rows_and_another_one_others(bakery: Bakery, kind) -> None:
    drawn = []
    for seed in (7, 7, 8):
        bakery.builder.build("perturbed_9", kind, seed)
        drawn.append([rows(bakery, "sandbox_bakery__perturbed_9", table.name) for table in bakery.builder.tables])
    drop_variants(bakery.owner, ["bakery"], keep=KIND_NAMES)

    assert drawn[0] == drawn[1] != drawn[2]


def test_each_kind_does_what_its_name_says(bakery: Bakery) -> None:
    def one(statement: str) -> int:
        return bakery.admin.execute(statement).fetchone()[0]

    parents = "select count(distinct customer_id) from sandbox_bakery__{}.orders"
    total = "select count(*) from sandbox_bakery{}.orders"
    twice = "select count(*) - count(distinct (title, price)) from (select left(title, 6) as title, price from {}) as t"
    nulls = "select count(*) from sandbox_bakery{}.returns where reason is null"

    assert one(parents.format("skewed")) < one(parents.format("perturbed"))
    assert one(total.format("__emptied")) < one(total.format(""))
    assert one(total.format("__duplicated")) > one(total.format(""))
    assert one(twice.format("sandbox_bakery.products")) == 0 < one(twice.format("sandbox_bakery__duplicated.products"))
    assert one(nulls.format("")) == 0 < one(nulls.format("__nulled"))


def test_boundaries_of_the_questions_are_among_the_values(bakery: Bakery) -> None:
    totals = {row[-1] for kind in KIND_NAMES for row in rows(bakery, f"sandbox_bakery__{kind}", "orders")}

    assert {49, 50, 51} <= totals


def test_a_table_whose_rule_cannot_be_mended_is_sampled_as_it_is(bakery: Bakery) -> None:
    assert set(rows(bakery, "sandbox_bakery__duplicated", "ovens")) <= set(rows(bakery, "sandbox_bakery", "ovens"))


def test_a_rule_that_the_sandbox_breaks_is_not_asked_of_its_variants(bakery: Bakery) -> None:
    # pseudonyms are no addresses of the business, so its check on them does not hold
    bakery.admin.execute("alter table bakery.customers add check (email like 'c%') not valid")
    bakery.admin.execute("update sandbox_bakery.customers set email = 'x' where customer_id = 2")
    try:
        builder = VariantBuilder(bakery.owner, SANDBOXES, [])
        assert {table.name: table.checks for table in builder.tables}["customers"] == ()
    finally:
        bakery.admin.execute("update sandbox_bakery.customers set email = 'c2@example.com' where customer_id = 2")
        bakery.admin.execute("alter table bakery.customers drop constraint customers_email_check")


def test_only_the_sandbox_role_reads_a_variant(bakery: Bakery) -> None:
    granted = "select has_table_privilege(%s, 'sandbox_bakery__nulled.orders', %s)"

    def may(role: str, privilege: str) -> bool:
        return bakery.admin.execute(granted, [role, privilege]).fetchone()[0]

    assert may("auditune_sandbox", "select")
    assert not may("auditune_sandbox", "insert, update, delete")
    assert not any(may(role, "select") for role in ("auditune_reader", "auditune_api", "auditune_monitor"))


def test_what_depends_on_the_sandbox_says_when_that_has_changed(bakery: Bakery) -> None:
    before = VariantBuilder(bakery.owner, SANDBOXES, []).content_hash()
    assert VariantBuilder(bakery.owner, SANDBOXES, []).content_hash() == before
    bakery.admin.execute("update sandbox_bakery.orders set total = total + 1 where order_id = 1")
    try:
        assert VariantBuilder(bakery.owner, SANDBOXES, []).content_hash() != before
    finally:
        bakery.admin.execute("update sandbox_bakery.orders set total = total - 1 where order_id = 1")


def test_the_sandbox_of_another_schema_is_no_variant(bakery: Bakery) -> None:
    bakery.owner.execute("create schema sandbox_bakery__oslo")
    drop_variants(bakery.owner, ["bakery"], keep=KIND_NAMES)

    assert "oslo" not in variant_names(bakery.owner, ["bakery"])
    bakery.owner.execute("drop schema sandbox_bakery__oslo")  # fails where it is gone


def test_a_schema_without_tables_is_refused(bakery: Bakery) -> None:
    with pytest.raises(LookupError, match="build the sandbox first"):
        VariantBuilder(bakery.owner, {"bakery": "sandbox_nowhere"}, [])


def test_keys_that_nobody_declared(bakery: Bakery) -> None:
    """A first column without doubles is taken for the key; any other column may hold a value twice."""
    with psycopg.connect(bakery.admin.info.dsn, password=bakery.admin.info.password, autocommit=True) as admin:
        admin.execute("create schema plain")
        admin.execute(
            "create table plain.states as select 'state ' || n as state, n as area from generate_series(1, 9) n"
        )
        admin.execute(
            "create table plain.rivers as select 'river ' || n / 2 as river, n as length from generate_series(1, 9) n"
        )
        found = {table.name: table.unique for table in VariantBuilder(admin, {"plain": "plain"}, []).tables}
        admin.execute("drop schema plain cascade")

    assert found == {"states": (("state",),), "rivers": ()}
