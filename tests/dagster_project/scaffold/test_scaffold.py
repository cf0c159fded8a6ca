"""`make scaffold` on a business of somebody else's, up to its sandbox, built by dbt from what was written."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import yaml

from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.personal_columns.tags import read_columns
from dagster_project.scaffold import __main__ as command
from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse
from dagster_project.warehouse.setup import Target, set_up
from tests.business_warehouse import dbt

Scaffold = Callable[..., str]
TAGS = {
    ("Order", "contact"): "email",
    ("Order", "copies"): "email",
    ("Order", "form"): "free_text",
    ("Order", "mobile"): "phone",
    ("order lines", "contact"): "email",
    ("people", "email"): "email",
    ("people", "birth_date"): "birth_date",
}


@pytest.fixture(scope="module")
def own(warehouse: Warehouse) -> Warehouse:
    """A warehouse with the schema `Sales Dept`, and none called shop."""
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute(Path(__file__).with_name("own.sql").read_text())
    return warehouse


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the dbt project, to write into."""
    return Path(
        shutil.copytree(DBT_PROJECT, tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target", "logs", ".*"))
    )


@pytest.fixture
def scaffold(own: Warehouse, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Scaffold:
    """Runs the command as `make scaffold` does, and returns what it says."""
    monkeypatch.setenv("AUDITUNE_DSN", own.admin_dsn)

    def run(*arguments: str, status: int = 0) -> str:
        assert command.main([*arguments, "--project", str(project)]) == status
        said = capsys.readouterr()
        return said.out + said.err

    return run


@pytest.fixture
def sources(project: Path) -> Path:
    return project / "models" / "staging" / "Sales_Dept" / "_Sales_Dept__sources.yml"


def tags(sources: Path) -> dict[tuple[str, str], str]:
    return {(column.table, column.column): column.pii for column in read_columns(sources) if column.pii}


def test_the_sources_say_what_the_catalog_says(scaffold: Scaffold, sources: Path) -> None:
    said = scaffold("Sales Dept")

    assert "7 tables" not in said, "a table without columns is none"
    assert "6 tables and views with 20 columns" in said
    assert "set AUDITUNE_SCHEMAS='Sales Dept'" in said
    assert "quillmail" not in said + sources.read_text(), "no value is written or said"
    assert tags(sources) == TAGS
    assert "pii: email  # suggested: 100 % of 40 sampled values are e-mail addresses; review" in sources.read_text()
    (source,) = yaml.safe_load(sources.read_text())["sources"]
    tables = {table["name"]: table for table in source["tables"]}
    assert set(tables) == {"Order", "order_lines", "order_lines_2", "parts", "people", "totals"}
    assert tables["order_lines_2"]["identifier"] == "order-lines"
    assert tables["Order"]["description"] == '{% raw %}What was {{ ordered }}: "all" of it # really{% endraw %}'
    assert tables["Order"]["columns"][1] == {"name": "select", "description": "Yes"}
    assert tables["parts"]["columns"][0]["description"] == "Refers to Order.ID."


def test_a_sandbox_model_is_one_line(scaffold: Scaffold, project: Path) -> None:
    scaffold("Sales Dept")

    folder = project / "models" / "sandbox" / "Sales_Dept"
    texts = {path.stem: path.read_text() for path in folder.glob("*.sql")}
    assert texts["sandbox_Sales_Dept__Order"] == "{{ sandbox_table('Sales_Dept', 'Order', schema='Sales Dept') }}\n"
    assert len(texts) == 6


def test_an_edited_file_is_left_and_said_to_be(
    scaffold: Scaffold, sources: Path, own: Warehouse, project: Path
) -> None:
    scaffold("Sales Dept")
    edited = (
        sources.read_text()
        .replace("pii: phone", "pii: none")
        .replace("      - name: people\n", "      - name: humans\n")
    )
    sources.write_text(edited)

    said = scaffold("Sales Dept")

    assert sources.read_text() == edited
    assert "_Sales_Dept__sources.yml was edited and is left as it is; FORCE=1" in said
    assert "Not in it, so not in the sandbox: people." in said
    assert "sandbox_Sales_Dept__people.sql is removed" in said
    assert "'people'" not in (project / "macros" / "business" / "tables_of_Sales_Dept.sql").read_text()


def test_force_keeps_what_a_person_decided(scaffold: Scaffold, sources: Path) -> None:
    scaffold("Sales Dept")
    reviewed = (
        sources.read_text()
        .replace("pii: phone", "pii: none")
        .replace("          - name: zip", "          - name: zip\n            description: Of the buyer.")
    )
    sources.write_text(reviewed)

    scaffold("Sales Dept", "--force")

    assert tags(sources) == {**TAGS, ("Order", "mobile"): "none"}
    assert "Of the buyer." in sources.read_text()
    assert scaffold("Sales Dept").count("as they would be written") == 1


@pytest.mark.parametrize(("answer", "is_kept"), [("y\n", False), ("\n", True)])
def test_at_a_terminal_he_is_asked(
    scaffold: Scaffold, sources: Path, monkeypatch: pytest.MonkeyPatch, answer: str, is_kept: bool
) -> None:
    scaffold("Sales Dept")
    sources.write_text(sources.read_text() + "# mine\n")
    terminal = type("Terminal", (), {"isatty": lambda self: True, "readline": lambda self: answer})()
    monkeypatch.setattr("sys.stdin", terminal)

    said = scaffold("Sales Dept")

    assert "_Sales_Dept__sources.yml was edited. Overwrite it?" in said
    assert ("# mine" in sources.read_text()) is is_kept


@pytest.mark.parametrize(
    ("schemas", "sentence"),
    [
        ("", "Say which schemas: `make scaffold SCHEMA=sales` or `SCHEMA=sales,hr`; this database has Sales Dept."),
        ("nowhere", "There is no business schema nowhere with a table or view in it; this database has Sales Dept."),
        ("raw_audit", "There is no business schema raw_audit"),
    ],
)
def test_a_wrong_schema_gets_a_sentence(scaffold: Scaffold, schemas: str, sentence: str) -> None:
    assert sentence in scaffold(schemas, status=1)


def test_the_samples_own_files_are_left_alone(scaffold: Scaffold, own: Warehouse, project: Path) -> None:
    file = project / "models" / "staging" / "shop" / "_shop__sources.yml"
    before = file.read_text()
    with psycopg.connect(own.admin_dsn, autocommit=True) as admin:
        admin.execute("create schema shop; create table shop.orders (order_id integer primary key)")
        assert "was edited and is left as it is" in scaffold("shop")
        admin.execute("drop schema shop cascade")
    assert file.read_text() == before


def test_two_schemas_that_dbt_cannot_tell_apart_are_not_written_over_each_other(
    scaffold: Scaffold, own: Warehouse, sources: Path
) -> None:
    scaffold("Sales Dept")
    before = sources.read_text()
    with psycopg.connect(own.admin_dsn, autocommit=True) as admin:
        admin.execute('create schema "Sales_Dept"; create table "Sales_Dept".people (email text)')
        said = scaffold("Sales_Dept", status=1)
        admin.execute('drop schema "Sales_Dept" cascade')

    assert "dbt cannot tell the schema Sales_Dept from Sales Dept" in said
    assert sources.read_text() == before


def test_five_hundred_tables(scaffold: Scaffold, own: Warehouse, project: Path) -> None:
    with psycopg.connect(own.admin_dsn, autocommit=True) as admin:
        admin.execute("create schema wide")
        admin.execute(
            "do $$ begin for n in 1..500 loop execute format("
            "'create table wide.t%s (id integer primary key, email text, label text)', n); end loop; end $$"
        )
        said = scaffold("wide")
        admin.execute("set client_min_messages = error")
        admin.execute("do $$ begin for n in 1..500 loop execute format('drop table wide.t%s', n); end loop; end $$")
    assert "wide: 500 tables and views with 1500 columns; 503 files written" in said
    assert len(tags(project / "models" / "staging" / "wide" / "_wide__sources.yml")) == 500


@pytest.fixture
def built_own(own: Warehouse, scaffold: Scaffold, project: Path, tmp_path: Path) -> Iterator[psycopg.Connection]:
    """The owner, after set-up with the schema and a build of what was scaffolded."""
    scaffold("Sales Dept")
    with psycopg.connect(own.dsn, autocommit=True) as owner, psycopg.connect(own.admin_dsn, autocommit=True) as admin:
        target = Target(own.home, own.admin_dsn, True, ("Sales Dept",), own.audit_logs, own.base_model)
        set_up(target)
        grant_business_schema(admin, "Sales Dept")
        mine = replace(own, schemas=("Sales Dept",))
        build = dbt(mine, tmp_path, "build", "--select", "+schema_catalog", "--show-all-deprecations", project=project)
        assert build.returncode == 0, build.stdout[-3000:]
        assert "WARN=0 ERROR=0" in build.stdout
        assert "deprecat" not in build.stdout.lower()
        yield owner


@pytest.mark.slow
def test_dbt_builds_the_sandbox_of_a_warehouse_without_a_shop(built_own: psycopg.Connection) -> None:
    catalog = built_own.execute(
        "select table_schema, count(*), count(pii_class) from corpus.schema_catalog group by 1"
    ).fetchall()
    assert catalog == [("Sales Dept", 20, 7)]
    leaked = built_own.execute(
        'select count(*) from "sandbox_Sales Dept"."Order" as o'
        " where o::text like '%quillmail%' or o.mobile = 447700900001"
    ).fetchone()
    assert leaked == (0,)
    kept = built_own.execute(
        "select count(*), count(distinct s.contact), count(distinct s.copies), min(cardinality(s.copies)),"
        " count(distinct s.form)"
        ' from "sandbox_Sales Dept"."Order" as s inner join "Sales Dept"."Order" as r'
        ' on s."ID" = r."ID" and s.net = r.net and s.gross = r.gross and s.mood = r.mood and s."select" = r."select"'
    ).fetchone()
    assert kept == (40, 40, 40, 2, 40)
    view, table = built_own.execute(
        'select l.contact, o.contact from "sandbox_Sales Dept"."order lines" as l'
        ' inner join "sandbox_Sales Dept"."Order" as o on o."ID" = l.id'
    ).fetchone()
    assert view == table
