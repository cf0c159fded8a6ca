"""The sandbox's verdict on each candidate, stored once per catalog."""

import psycopg
import pytest

from dagster_project.corpus import validation
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import NAME, judge_candidates, sandbox
from training.sql.catalog import Catalog, read_catalog

# A candidate for each reason that the SQL itself can give; those that the question gives, or other pairs, are dbt's.
STATEMENTS = {
    "good": "SELECT COUNT(*) FROM shop.orders;",
    "unknown column": "select turnover from orders",
    "unknown table": "select 1 from turnover",
    "empty": "select order_id from orders where status = 'no such status'",
    "blocked": "select pg_sleep(60) from orders",
    "fails when run": "select 1 / (order_id - order_id) from orders",
    "no select": "delete from orders",
    "no sql": "orders of last week?",
    "cut off": "select count(*) from (select",
    "ambiguous": "select customer_id from orders join customers on true",
    "too long": f"select count(*) from orders where status <> '{'x' * 20_000}'",
    "control characters": "select count(*) from orders\x07",
    "clock": "select count(*) from orders where ordered_on > current_date - 30",
    "random": "select order_id from orders order by random() limit 1",
    "any five": "select order_id from orders limit 5",
    "any of equals": "select order_id from orders order by channel limit 5",
    "first of equals": "select distinct on (channel) order_id from orders order by channel",
    "numbered equals": "select order_id, row_number() over (order by channel) from orders",
    "bound later": "select count(*) from orders where status = $1",
    "template": "select count(*) from orders where status = '{{ status }}'",
    "mysql": "select `order_id` from orders",
    "sql server": "select top 5 order_id from orders order by order_id",
    "limit with comma": "select order_id from orders order by order_id limit 5, 10",
    "brackets": "select [order_id] from [orders]",
    "bigquery": "select count(*) from orders where ordered_on > date_sub('2024-01-01', 5)",
    "person": f"select city from customers where full_name = '{NAME}'",
}
REASONS = {
    "good": None,
    "unknown column": "unknown_column",
    "unknown table": "unknown_relation",
    "empty": "empty_result",
    "blocked": "blocked_function",
    "fails when run": "runtime_error",
    "no select": "not_one_select",
    "no sql": "not_one_select",
    "cut off": "not_parseable",
    "ambiguous": "ambiguous_column",
    "too long": "too_long",
    "control characters": "control_characters",
    "clock": "non_deterministic",
    "random": "non_deterministic",
    "any five": "non_deterministic",
    "any of equals": "non_deterministic",
    "first of equals": "non_deterministic",
    "numbered equals": "non_deterministic",
    "bound later": "placeholder_left",
    "template": "placeholder_left",
    "mysql": "wrong_dialect",
    "sql server": "wrong_dialect",
    "limit with comma": "wrong_dialect",
    "brackets": "wrong_dialect",
    "bigquery": "wrong_dialect",
    "person": "contains_pii",
}


@pytest.fixture
def owner(built_copy: Warehouse):
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        connection.execute("truncate intermediate.int_pair_candidates, raw_training.pair_validations")
        connection.cursor().executemany(
            "insert into intermediate.int_pair_candidates (candidate_id, question, statement) values (%s, 'Q?', %s)",
            STATEMENTS.items(),
        )
        yield connection


@pytest.fixture
def catalog(owner: psycopg.Connection) -> Catalog:
    return read_catalog(owner)


def validate(owner: psycopg.Connection, warehouse: Warehouse, catalog: Catalog, report=lambda done, total: None):
    return judge_candidates(warehouse, owner, catalog, report)


def test_each_candidate_gets_its_verdict_and_reason(owner, built_copy: Warehouse, catalog: Catalog) -> None:
    counts = validate(owner, built_copy, catalog)

    verdicts = dict(owner.execute("select candidate_id, reason from raw_training.pair_validations"))
    assert verdicts == REASONS
    assert counts["accepted"] == 1
    assert counts.total() == len(STATEMENTS)


def test_an_accepted_candidate_has_its_canonical_form_and_rows(owner, built_copy: Warehouse, catalog: Catalog) -> None:
    validate(owner, built_copy, catalog)

    row = owner.execute(
        "select canonical_sql, row_count, catalog_hash, length(fingerprint), elapsed_ms > 0"
        " from raw_training.pair_validations where candidate_id = 'good'"
    ).fetchone()
    assert row == ("select count(*) from orders", 1, catalog.hash, 64, True)


def test_a_verdict_is_given_once_per_catalog(owner, built_copy: Warehouse, catalog: Catalog) -> None:
    validate(owner, built_copy, catalog)
    assert validate(owner, built_copy, catalog).total() == 0

    another = Catalog(catalog.tables[:-1])

    assert validate(owner, built_copy, another).total() == len(STATEMENTS)


def test_changed_rules_judge_every_pair_again_and_the_same_rules_none(
    owner, built_copy: Warehouse, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate(owner, built_copy, catalog)
    assert validate(owner, built_copy, catalog).total() == 0

    monkeypatch.setattr(validation, "rules_version", lambda: "another")

    assert validate(owner, built_copy, catalog).total() == len(STATEMENTS)
    assert validate(owner, built_copy, catalog).total() == 0
    kept = owner.execute("select distinct rules_version, count(*) from raw_training.pair_validations group by 1")
    assert kept.fetchall() == [("another", len(STATEMENTS))]  # the verdict before is replaced


def test_a_kill_keeps_the_verdicts_so_far_and_the_next_run_goes_on(
    owner, built_copy: Warehouse, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "_BATCH", 3)
    told: list[tuple[int, int]] = []

    def die(done: int, total: int) -> None:
        told.append((done, total))
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate(owner, built_copy, catalog, die)

    assert told == [(3, len(STATEMENTS)), (6, len(STATEMENTS))]
    assert validate(owner, built_copy, catalog).total() == len(STATEMENTS) - 6


def test_the_questions_of_one_statement_are_judged_together(
    owner, built_copy: Warehouse, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [(f"{place} question", "select max(order_id) from orders") for place in ("a first", "n middle", "z last")]
    owner.cursor().executemany(
        "insert into intermediate.int_pair_candidates (candidate_id, question, statement) values (%s, 'Q?', %s)", asked
    )
    ran: list[str] = []
    judge = validation.validate_statement
    monkeypatch.setattr(validation, "validate_statement", lambda sql, *rest: ran.append(sql) or judge(sql, *rest))
    monkeypatch.setattr(validation, "_BATCH", 3)

    validate(owner, built_copy, catalog)

    assert 1 <= ran.count(asked[0][1]) <= 2  # twice where they stand on both sides of a batch's end
    kept = owner.execute("select count(*) from raw_training.pair_validations where candidate_id like '% question'")
    assert kept.fetchone() == (3,)


def test_what_holds_a_person_is_not_copied_into_the_verdict(owner, built_copy: Warehouse, catalog: Catalog) -> None:
    validate(owner, built_copy, catalog)

    copied = "select canonical_sql from raw_training.pair_validations where candidate_id = 'person'"
    assert owner.execute(copied).fetchone() == (None,)


def test_candidates_run_on_the_sandbox_and_never_on_the_business(built_copy: Warehouse) -> None:
    with sandbox(built_copy) as executor:
        assert executor.run("select 1 from customers limit 1").row_count == 1
        assert executor.run("select 1 from shop.customers limit 1").error_class == "permission"
