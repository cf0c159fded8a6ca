"""The dbt project, built on a small business whose people have just asked it something."""

import json
import shutil
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.business_warehouse import Built, dbt

BUILT_SCHEMAS = ["staging", "privacy", "intermediate", "sandbox_shop", "corpus", "monitoring"]


@pytest.fixture
def owner(built: Built):
    with psycopg.connect(built.warehouse.dsn, autocommit=True) as connection:
        yield connection


def contents(owner: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """Rows and a hash of the rows of every table that dbt built."""
    tables = owner.execute(
        "select schemaname, tablename from pg_tables where schemaname = any(%s) order by 1, 2", [BUILT_SCHEMAS]
    ).fetchall()
    statement = sql.SQL("select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} as t")
    return {".".join(table): owner.execute(statement.format(sql.Identifier(*table))).fetchone() for table in tables}


def test_the_whole_project_builds_and_its_own_tests_pass(built: Built) -> None:
    assert built.build.returncode == 0, built.build.stdout[-3000:]
    tests = {node: status for node, status in built.statuses.items() if node.startswith(("test.", "unit_test."))}
    assert set(tests.values()) == {"pass"}
    assert sum(node.startswith("unit_test.") for node in tests) >= 4


def test_no_deprecated_word_is_used(built: Built) -> None:
    assert "deprecat" not in (built.build.stdout + built.build.stderr).lower()


def test_each_statement_of_the_log_has_its_class(owner: psycopg.Connection) -> None:
    classes = owner.execute(
        "select statement_class, count(*) from intermediate.int_statement_executions group by 1 order by 1"
    ).fetchall()

    assert classes == [("failed", 1), ("ping", 1), ("question", 9), ("session", 1)]


def test_the_questions_of_the_log_become_pairs(built: Built, owner: psycopg.Connection) -> None:
    pairs = owner.execute("select origin, count(*) from corpus.training_pairs group by 1 order by 1").fetchall()
    rejected = owner.execute("select reason, question from corpus.rejected_pairs").fetchall()

    assert pairs == [("annotation", 1), ("bi_title", 1), ("comment", 5), ("sqlcommenter", 1)]
    assert rejected == [("empty_result", "Cities of Atlantis")]
    assert built.verdicts == {"accepted": 8, "empty_result": 1}


def test_each_pair_is_traced_to_the_lines_of_the_log_that_it_came_from(owner: psycopg.Connection) -> None:
    untraced, traced = owner.execute(
        "select count(*) filter (where lines.log_file is null), count(*)"
        " from corpus.training_pairs as pairs"
        " left join corpus.pair_lineage as lineage using (pair_id)"
        " left join raw_audit.log_lines as lines"
        " on lines.log_file = lineage.log_file and lines.byte_offset = lineage.byte_offset"
    ).fetchone()

    assert (untraced, traced) == (0, 10)  # two questions share the statement that ran twice


def test_the_catalog_names_every_column_and_shows_values_of_no_tagged_one(owner: psycopg.Connection) -> None:
    columns = owner.execute("select count(*) from information_schema.columns where table_schema = 'shop'").fetchone()
    catalog = owner.execute(
        "select count(*), count(*) filter (where pii_class is not null),"
        " count(*) filter (where pii_class is not null and sample_values is not null),"
        " count(*) filter (where sample_values is not null) > 0 from corpus.schema_catalog"
    ).fetchone()

    assert catalog == (*columns, 8, 0, True)


@pytest.mark.slow
def test_docs_are_generated(built: Built, tmp_path: Path) -> None:
    shutil.copytree(built.folder / "target", tmp_path / "target")  # dbt's page is not among what a proof reads there

    made = dbt(built.warehouse, tmp_path, "docs", "generate", "--no-compile")

    assert made.returncode == 0, made.stdout[-2000:]
    catalog = json.loads((tmp_path / "target" / "catalog.json").read_text())
    assert "model.auditune.training_pairs" in catalog["nodes"]


@pytest.mark.slow
def test_building_again_changes_nothing(built: Built, owner: psycopg.Connection) -> None:
    before = contents(owner)

    again = dbt(built.warehouse, built.folder, "run")

    assert again.returncode == 0, again.stdout[-2000:]
    assert contents(owner) == before
