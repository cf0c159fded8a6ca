"""What was made of purged lines cannot be made again: a full refresh is refused, and there is another way."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log.purge import purge
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import NAME, dbt


@pytest.fixture(scope="module")
def owner(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    """A built warehouse whose raw lines are all gone."""
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        assert purge(connection, date(9999, 1, 1), days=1).lines > 0
        yield connection


@pytest.mark.slow
def test_a_full_refresh_that_would_lose_statements_is_refused(
    owner: psycopg.Connection, built_copy: Warehouse, tmp_path: Path
) -> None:
    refused = dbt(built_copy, tmp_path, "run", "--full-refresh", "--select", "int_statements_anonymized")

    assert refused.returncode != 0
    assert "would lose what was made of them" in refused.stdout
    assert "dbt run-operation anonymize_again" in refused.stdout
    assert owner.execute("select count(*) > 0 from intermediate.int_statements_anonymized").fetchone() == (True,)


@pytest.mark.slow
def test_other_patterns_than_the_statements_were_anonymized_by_stop_dbt_with_one_sentence(
    owner: psycopg.Connection, built_copy: Warehouse, tmp_path: Path
) -> None:
    owner.execute("update privacy.anonymized_by set rules_hash = 'of older patterns'")

    refused = dbt(built_copy, tmp_path, "run", "--select", "int_statements_anonymized")

    assert refused.returncode != 0
    assert (
        "Tags or patterns have changed since the statements of the log were anonymized: run `dbt build"
        in refused.stdout
    )


@pytest.mark.slow
def test_what_is_there_can_be_anonymized_again(
    owner: psycopg.Connection, built_copy: Warehouse, tmp_path: Path
) -> None:
    before = "select statement_hash, statement from intermediate.int_statements_anonymized order by 1"
    statements = owner.execute(before).fetchall()
    # as if this person had not been known when the statement was anonymized
    owner.execute(
        "insert into intermediate.int_statements_anonymized (statement_hash, statement) values ('late', %s)",
        [f"select city from customers where full_name = '{NAME}'"],
    )

    done = dbt(built_copy, tmp_path, "run-operation", "anonymize_again")

    assert done.returncode == 0, done.stdout
    after = dict(owner.execute(before).fetchall())
    assert NAME not in after.pop("late")
    assert after == dict(statements)
    assert owner.execute("select rules_hash <> 'of older patterns' from privacy.anonymized_by").fetchone() == (True,)
