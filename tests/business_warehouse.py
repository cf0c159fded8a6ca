"""A warehouse with a small business, people who ask it, and the dbt project built on it; for the tests that need dbt.

`dbt` runs in a process of its own, with its target and log folders in a temporary folder, as an engineer would run it.
The persons are invented; their values are what must be found nowhere that they do not belong.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

import psycopg

from dagster_project.audit_log.ingest import ingest
from dagster_project.corpus.validation import validate_new_candidates
from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.sample.business import create_business
from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse
from tests.people import logged_lines, person_dsn
from training.sql.catalog import Catalog, read_catalog
from training.sql.sandbox import Executor

NAME, EMAIL, PHONE = "Zora Quillfeather", "zora.quillfeather@quillmail.test", "+44 7700 900815"
ADDRESS, BIRTH_DATE = "77 Larkspur Hollow", "1961-07-03"
QUOTED_NAME = "Odhran O'Quill"
MESSAGE = "This is Zora Quillfeather of 77 Larkspur Hollow, where is my parcel?"

_PERSONS = """
insert into shop.customers values
    (900001, %s, %s, %s, %s, %s, 'Oslo', 'Norway', 'gold', 'search', '2023-05-05'),
    (900002, %s, 'odhran@oquill.test', '+44 7700 900816', '78 Larkspur Hollow', '1962-08-04', 'Oslo', 'Norway',
     'gold', 'search', '2023-05-06')
"""
_TICKET = (
    "insert into shop.support_tickets values (900001, 900001, null, '2024-01-05', null, 'delivery', 'low', null, %s)"
)
_LAST_WORDS = "select 'this is all for today'"

# What people ran, with the parameters that they bound. The second but last fails, and quotes a person as it does so.
STATEMENTS: tuple[tuple[str, list[str]], ...] = (
    ("select count(*) from orders -- question: How many orders are there?", []),
    ("select count(*) from orders -- question: Number of orders", []),
    ("select city from customers where full_name = %s -- question: Where does Zora Quillfeather live?", [NAME]),
    (f"/*app='crm',question='City%20of%20{EMAIL}'*/ select city from customers where email = '{EMAIL}'", []),
    (f"/* dashboard: Calls; title: Who has {PHONE}? */ select loyalty_tier from customers where phone = '{PHONE}'", []),
    ("select city from customers where full_name = %s -- question: Odhran O'Quill's city?", [QUOTED_NAME]),
    ("select count(*) from customers where city = 'Atlantis' -- question: Customers in Atlantis", []),
    ("select city from customers where country = 'Atlantis' -- question: Cities of Atlantis", []),
    ("select count(*) from customers where source = 'newsletter'", []),
    (f"select nme from customers where full_name = '{NAME}' -- question: What is {NAME} called?", []),
    ("set statement_timeout = 0", []),
)


@dataclass(frozen=True)
class Built:
    """The built warehouse.

    Attributes:
        warehouse: it, with two builds behind it: before the sandbox's verdicts, and after them.
        folder: dbt's target and logs are under it.
        build: the second build's process, of the whole project.
        statuses: what that build says of each node, by its id.
        verdicts: the sandbox's verdicts by reason.
    """

    warehouse: Warehouse
    folder: Path
    build: subprocess.CompletedProcess
    statuses: dict[str, str]
    verdicts: Counter[str]


def build(warehouse: Warehouse, folder: Path) -> Built:
    """Makes the business, lets people work, and builds everything from their log, as the pipeline does."""
    create_business(warehouse.admin_dsn, scale=0.05)
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute(_PERSONS, [NAME, EMAIL, PHONE, ADDRESS, BIRTH_DATE, QUOTED_NAME])
        admin.execute(_TICKET, [MESSAGE])
        grant_business_schema(admin, "shop")
    _work_and_ingest(warehouse, folder)
    candidates = ("--select", "+int_pair_candidates", "+schema_catalog")
    first = dbt(warehouse, folder, "build", *candidates, "--exclude-resource-type", "test", "unit_test")
    assert first.returncode == 0, first.stdout[-3000:]
    with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
        verdicts = judge_candidates(warehouse, owner, read_catalog(owner))
    second = dbt(warehouse, folder, "build", "--show-all-deprecations")
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return Built(warehouse, folder, second, {result["unique_id"]: result["status"] for result in results}, verdicts)


def _work_and_ingest(warehouse: Warehouse, folder: Path) -> None:
    """Runs the statements as a person of the business, and ingests what the server logs about this database."""
    with (
        person_dsn(warehouse.admin_dsn, "shop") as dsn,
        psycopg.connect(dsn, autocommit=True, application_name="psql") as person,
    ):
        for statement, parameters in STATEMENTS:
            with suppress(psycopg.errors.UndefinedColumn):
                person.execute(statement, parameters or None)
        person.execute(_LAST_WORDS)
        lines = logged_lines(warehouse, person.info.dbname, last=_LAST_WORDS)
    log = folder / "postgresql.json"
    log.write_text("".join(lines))
    with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
        ingest(owner, (str(log),), date(9999, 1, 1))
    log.unlink()


def sandbox(warehouse: Warehouse) -> Executor:
    """The executor that candidates are judged with."""
    return Executor(warehouse.sandbox_dsn, "sandbox_shop")


def business(warehouse: Warehouse) -> Executor:
    """The executor that runs a candidate's statement on the business itself."""
    return Executor(warehouse.reader_dsn, "shop")


def judge_candidates(
    warehouse: Warehouse,
    owner: psycopg.Connection,
    catalog: Catalog,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Counter[str]:
    """Judges the candidates that have no final verdict, as the asset `raw_training/pair_validations` does."""
    with sandbox(warehouse) as in_sandbox, business(warehouse) as on_business:
        return validate_new_candidates(owner, catalog, in_sandbox, on_business, report)


def dbt(
    warehouse: Warehouse, folder: Path, *arguments: str, project: Path = DBT_PROJECT
) -> subprocess.CompletedProcess:
    """Runs one dbt command on the warehouse; its target and logs go to the folder."""
    places = {"--project-dir": project, "--profiles-dir": project, "--target-path": folder / "target"}
    options = [str(part) for option in {**places, "--log-path": folder / "logs"}.items() for part in option]
    return subprocess.run(
        [Path(sys.executable).with_name("dbt"), *arguments, *options],
        env={**os.environ, **warehouse.environment()},
        capture_output=True,
        text=True,
    )


def with_database(warehouse: Warehouse, database: str) -> Warehouse:
    """The same warehouse in another database of the same server."""
    dsns = {field.name: getattr(warehouse, field.name) for field in fields(warehouse) if field.name.endswith("dsn")}
    return replace(warehouse, **{name: _at(dsn, database) for name, dsn in dsns.items()})


def _at(dsn: str, database: str) -> str:
    return dsn.rsplit("/", 1)[0] + "/" + database
