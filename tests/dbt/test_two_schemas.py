"""A business of two schemas, with a table of one name in both: from `make scaffold` and the log to judged answers."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log.ingest import ingest
from dagster_project.corpus.dataset import write_dataset
from dagster_project.corpus.validation import judge_new_candidates
from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.scaffold import __main__ as scaffold
from dagster_project.suite_databases import refresh_suite
from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse
from dagster_project.warehouse.setup import Target, set_up
from tests.business_warehouse import dbt
from tests.people import logged_lines, person_dsn
from training.data import Pair
from training.evaluate.answering import Answered
from training.evaluate.score import Scorer
from training.evaluate.suite.score import TestSuite
from training.sql.catalog import read_catalog
from training.sql.sandbox import Executor
from training.sql.schema_names import sandbox_names

pytestmark = pytest.mark.slow  # two builds of the project: a minute

TABLES = Path(__file__).with_name("two_schemas.sql")
SCHEMAS = ("sales", "hr")
ASKED = {
    "How many orders are there?": "select count(*) from sales.orders",
    "How many orders did the staff give?": "select count(*) from HR.Orders o",
    "Where does Zora Quillfeather work?": "select office from employees where full_name = 'Zora Quillfeather'",
    "Total of each seller": "select e.full_name, sum(o.total) from sales.orders o join hr.employees e"
    " on e.employee_id = o.employee_id group by e.full_name",
    "Orders of both kinds": "select s.total, h.note from sales.orders s join hr.orders h on h.order_id = s.order_id"
    " where h.note = 'urgent'",
    "Who sold at least 50?": "select hr.employees.full_name from hr.employees where exists (select 1 from sales.orders"
    " where sales.orders.employee_id = hr.employees.employee_id and sales.orders.total >= 50)",
}
AMBIGUOUS = "How many orders, of whichever kind?"
_LAST_WORDS = "select 'this is all for today'"


@dataclass(frozen=True)
class Road:
    """What the road has led to."""

    warehouse: Warehouse
    owner: psycopg.Connection
    dataset: Path


@pytest.fixture(scope="module")
def road(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    folder = tmp_path_factory.mktemp("two_schemas")
    project = folder / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", ".*"))
    mine = replace(warehouse, schemas=SCHEMAS)
    with psycopg.connect(mine.admin_dsn, autocommit=True) as admin, pytest.MonkeyPatch.context() as environment:
        admin.execute(TABLES.read_text())
        environment.setenv("AUDITUNE_DSN", mine.admin_dsn)
        assert scaffold.main([",".join(SCHEMAS), "--project", str(project)]) == 0
        set_up(Target(mine.home, mine.admin_dsn, True, SCHEMAS, mine.audit_logs, mine.base_model))
        for schema in SCHEMAS:
            grant_business_schema(admin, schema)
    with psycopg.connect(mine.dsn, autocommit=True) as owner:
        _work_and_ingest(mine, owner, folder)
        models = ("+int_pair_candidates", "+schema_catalog", "+training_pairs", "+rejected_pairs")
        arguments = ("build", "--select", *models, "--exclude-resource-type", "test", "unit_test")
        for _ in range(2):  # before the sandbox's verdicts, and after them
            built = dbt(mine, folder, *arguments, project=project)
            assert built.returncode == 0, built.stdout[-3000:]
            judge_new_candidates(mine, owner, lambda done, total: None)
        yield Road(mine, owner, write_dataset(owner, read_catalog(owner), folder).folder)


def _work_and_ingest(warehouse: Warehouse, owner: psycopg.Connection, folder: Path) -> None:
    with person_dsn(warehouse.admin_dsn, "sales") as dsn, psycopg.connect(dsn, autocommit=True) as person:
        with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
            admin.execute(f"grant usage on schema hr to {person.info.user}")
            admin.execute(f"grant select on all tables in schema hr to {person.info.user}")
        person.execute("set search_path = sales, hr")
        for question, statement in {**ASKED, AMBIGUOUS: "select count(*) from orders"}.items():
            person.execute(f"{statement} -- question: {question}")
        person.execute(_LAST_WORDS)
        lines = logged_lines(warehouse, person.info.dbname, last=_LAST_WORDS)
    log = folder / "postgresql.json"
    log.write_text("".join(lines))
    ingest(owner, (str(log),), date(9999, 1, 1))


def test_statements_of_both_schemas_become_pairs_that_name_the_schema(road: Road) -> None:
    pairs = dict(road.owner.execute("select input, output from corpus.training_pairs").fetchall())
    rejected = road.owner.execute("select question, reason from corpus.rejected_pairs").fetchall()

    assert rejected == [(AMBIGUOUS, "ambiguous_relation")]  # whoever ran it knew which, and the log does not say it
    assert len(pairs) == len(ASKED)
    assert pairs["How many orders are there?"] == "select count(*) from sales.orders"
    assert pairs["How many orders did the staff give?"] == "select count(*) from hr.orders"
    assert not any("sandbox" in sql for sql in pairs.values())
    assert not any("Quillfeather" in text for pair in pairs.items() for text in pair)


def test_answers_are_judged_on_the_sandboxes_and_on_their_variants(road: Road) -> None:
    suite = refresh_suite(road.warehouse, road.owner, road.dataset, lambda line: None)
    catalog = read_catalog(road.owner)
    rows = road.owner.execute("select pair_id, input, output from corpus.training_pairs").fetchall()
    pairs = [Pair(*row, "test", "test") for row in rows]
    dsn = road.warehouse.sandbox_dsn
    with (
        Executor.standing_in(dsn, sandbox_names(catalog.business_schemas)) as sandbox,
        TestSuite.connect(dsn, catalog.business_schemas) as variants,
    ):
        scorer = Scorer(catalog, pairs, sandbox, variants.matches)
        right = [scorer.score(pair, Answered(pair.sql, (pair.sql,), 1.0)) for pair in pairs]
        other = {"sales.orders": "hr.orders", "hr.orders": "sales.orders"}
        counts = [pair for pair in pairs if pair.sql.startswith("select count(*)")]
        others = [pair.sql.replace(table := pair.sql.split()[-1], other[table]) for pair in counts]
        wrong = [scorer.score(pair, Answered(sql, (sql,), 1.0)) for pair, sql in zip(counts, others, strict=True)]

    assert suite.variants == tuple(sorted(variants.names))
    assert {(score.execution_match, score.suite_match, score.error_class) for score in right} == {(True, True, None)}
    assert len(counts) == 2
    assert not any(score.execution_match for score in wrong)
