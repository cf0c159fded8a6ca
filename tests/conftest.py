"""A real warehouse for the tests, and no way for a test to touch the user's own.

Fixtures:
    warehouse: `dagster_project.warehouse.settings.Warehouse` of a fresh database, with set-up done;
        one per test module, so the tests of one module see each other's rows and no other module's.
        `warehouse.environment()` is what a child process (dbt, `python -m training`, `python -m serving`) needs in its
        environment; the same is written to `warehouse.home / "env"`.
    built: the same with a small business, people's statements in its log, and the whole dbt project built on it
        (`tests.business_warehouse.Built`); one per process, so a test leaves it as it found it. It is built once a
        run: the other processes restore what the first of them has dumped (`tests.shared_build`).
    built_copy: a copy of it, one per test module, to change at will.
    dbt_target: dbt's own target folder, for one test module at a time.
    admin_dsn: the superuser's DSN of that database, to create a business schema and its users with. After creating a
        business schema call `grant_business_schema(conn, "shop")`, or run set-up again.
    guarded_home: a state folder of the test's own, for tests that start, kill or break a server themselves.
    fresh_environment: a dict of this process's variables without any of ours (but the server's programs, see
        `tests.embedded_settings`), for child processes and `load(environ)`.

One server per pytest process, so per pytest-xdist worker; it starts on first use. A guard process
holds the other end of a pipe: however pytest ends, even by kill -9, the server stops and its folder goes.
The server's log (`warehouse.audit_logs`) is one for all databases of the worker: filter its lines by `dbname`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from filelock import FileLock
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from dagster_project.embedded import server as embedded
from dagster_project.embedded.settings import REPOSITORY
from dagster_project.warehouse.entry import ensure_database
from dagster_project.warehouse.settings import Warehouse
from dagster_project.warehouse.setup import Target, set_up
from tests.business_warehouse import Built, with_database
from tests.embedded_settings import PG_BIN, embedded_settings
from tests.shared_build import GRANT, share

_GUARD = Path(__file__).with_name("stop_with_parent.py")
# Half a minute and more each: begun last, one of them would keep one worker busy while the other has nothing to do.
_BEGUN_FIRST = (
    "tests/integration/test_whole_road.py",
    "tests/training/sql/test_canonical_laws.py",
    "tests/training/test_interruption.py",
    "tests/dagster_project/quality/test_rules.py",
    "tests/dagster_project/corpus/test_import_pairs.py",
)
_OURS = ("AUDITUNE_", "DAGSTER_HOME", "DBT_PROFILES_DIR", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")


def pytest_configure() -> None:
    """Points every default at a folder of this test run, before any test module is imported."""
    for name in filter(_is_ours, list(os.environ)):
        del os.environ[name]
    os.environ["AUDITUNE_HOME"] = str(Path(tempfile.gettempdir()) / f"auditune-tests-unused-{os.getpid()}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first; the order of all others stays."""
    places = {name: place for place, name in enumerate(_BEGUN_FIRST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


@pytest.fixture
def fresh_environment() -> dict[str, str]:
    """The process's variables without any of auditune's or libpq's."""
    return {name: value for name, value in os.environ.items() if not _is_ours(name)}


def _is_ours(variable: str) -> bool:
    return variable.startswith(_OURS) and variable != PG_BIN


@contextmanager
def _guarded_folder() -> Iterator[Path]:
    """A temporary state folder; whatever server runs in it stops, and it goes, when this process is done with it."""
    home = Path(tempfile.mkdtemp(prefix="auditune-tests-"))
    home.chmod(0o711)  # the server's account must be able to enter
    guard = subprocess.Popen(
        [sys.executable, str(_GUARD), str(home)],
        stdin=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        yield home
    finally:
        guard.communicate(timeout=60)
    assert guard.returncode == 0, "the test server's guard failed: a server may be left running"


@pytest.fixture
def guarded_home() -> Iterator[Path]:
    """A state folder of this test alone."""
    with _guarded_folder() as home:
        yield home


@pytest.fixture(scope="session")
def test_server() -> Iterator[tuple[embedded.Server, Path]]:
    """This process's embedded server and its state folder."""
    with _guarded_folder() as home:
        yield embedded.start(embedded_settings(home)), home


@pytest.fixture(scope="module")
def warehouse(test_server: tuple[embedded.Server, Path]) -> Iterator[Warehouse]:
    """A fresh database that is set up as the warehouse; dropped when the module's tests are done."""
    with _fresh_warehouse(*test_server) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def built(
    test_server: tuple[embedded.Server, Path], tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Built]:
    """A warehouse with a small business on which the whole dbt project has been built."""
    own = tmp_path_factory.getbasetemp()
    with _fresh_warehouse(*test_server) as fresh:
        yield share(fresh, tmp_path_factory.mktemp("dbt"), own if worker_id == "master" else own.parent)


@pytest.fixture(scope="module")
def dbt_target() -> Iterator[Path]:
    """`dbt_project/target`, for one module at a time: Dagster loads its definitions from the manifest in it."""
    target = REPOSITORY / "dbt_project" / "target"
    target.mkdir(exist_ok=True)
    with FileLock(target / ".tests.lock"):
        yield target


@pytest.fixture(scope="module")
def built_copy(test_server: tuple[embedded.Server, Path], built: Built) -> Iterator[Warehouse]:
    """A copy of the built warehouse; dropped when the module's tests are done."""
    server, _ = test_server
    database, template = f"copy_{uuid.uuid4().hex[:12]}", conninfo_to_dict(built.warehouse.dsn)["dbname"]
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        copy = sql.SQL("create database {} template {}")
        admin.execute(copy.format(sql.Identifier(database), sql.Identifier(template)))
        admin.execute(sql.SQL(GRANT).format(sql.Identifier(database)))
        yield with_database(built.warehouse, database)
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))


@contextmanager
def _fresh_warehouse(server: embedded.Server, server_home: Path) -> Iterator[Warehouse]:
    """A fresh database that is set up as the warehouse; dropped in the end."""
    database = f"test_{uuid.uuid4().hex[:12]}"
    home = server_home / database
    # The roles belong to the server, so every database of it needs the same passwords.
    if (server_home / "keys").exists():
        shutil.copytree(server_home / "keys", home / "keys")
    ensure_database(server, database)
    logs = (str(server.log_folder / "*.json"),)
    done = set_up(Target(home, server.dsn(database), True, ("shop",), logs, str(home / "models" / "none.gguf")))
    shutil.copyfile(server_home / "embedded.json", home / "embedded.json")
    if not (server_home / "keys").exists():
        shutil.copytree(home / "keys", server_home / "keys")
    yield done.warehouse
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))


@pytest.fixture(scope="module")
def admin_dsn(warehouse: Warehouse) -> str:
    """The superuser's DSN of the module's database."""
    assert warehouse.admin_dsn is not None
    return warehouse.admin_dsn
