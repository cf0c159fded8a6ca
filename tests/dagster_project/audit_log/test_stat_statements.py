"""Snapshots of pg_stat_statements: people's statements of this database, without text and without our own roles'."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from dagster_project.audit_log.stat_statements import capture
from dagster_project.warehouse.settings import Warehouse
from tests.people import person_dsn


@contextmanager
def without(admin_dsn: str, undo: str, redo: str) -> Iterator[None]:
    """Something taken away for a while."""
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(undo)
        try:
            yield
        finally:
            admin.execute(redo)


@pytest.fixture
def owner(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        connection.execute("truncate raw_audit.stat_statements")
        yield connection


def test_a_persons_statement_is_counted_and_ours_are_not(warehouse: Warehouse, owner: psycopg.Connection) -> None:
    owner.execute("select 1 as ours, 2 as twice")
    with person_dsn(warehouse.admin_dsn) as dsn, psycopg.connect(dsn, autocommit=True) as person:
        for number in range(3):
            person.execute(f"select {number} as asked")
        (person_id,) = person.execute("select 'me'::text, current_user::regrole::oid").fetchone()[1:]

        first = capture(owner)
        person.execute("select 9 as asked")
        capture(owner)
        counted = owner.execute(
            "select array_agg(calls order by captured_at) from raw_audit.stat_statements where query_id in"
            " (select queryid from pg_stat_statements where userid = %s and query like '%% as asked')"
            " group by query_id",
            [person_id],
        ).fetchall()
        (ours,) = owner.execute(
            "select count(*) from raw_audit.stat_statements where query_id in"
            " (select queryid from pg_stat_statements where query like '%% as ours%%')"
        ).fetchone()

    assert first.missing is None
    assert first.counters > 0
    assert counted == [([3, 4],)]
    assert ours == 0


@pytest.mark.parametrize(
    ("undo", "redo", "sentence"),
    [
        ("drop extension pg_stat_statements", "create extension pg_stat_statements", "no extension pg_stat_statements"),
        (
            "revoke pg_read_all_stats from auditune_owner",
            "grant pg_read_all_stats to auditune_owner",
            "may not read other roles' counters",
        ),
    ],
)
def test_a_server_without_counters_is_told_about_and_goes_on(
    warehouse: Warehouse, owner: psycopg.Connection, undo: str, redo: str, sentence: str
) -> None:
    with without(warehouse.admin_dsn, undo, redo):
        result = capture(owner)

    assert result.counters == 0
    assert sentence in result.missing
