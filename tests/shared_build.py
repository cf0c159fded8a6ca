"""The built warehouse is built once a test run: the process that needs it first dumps it, and the others restore it.

A build is 45 seconds of a core, a restored one three.
"""

import os
import pickle
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
from filelock import FileLock
from psycopg import sql

from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import Built, build, with_database
from tests.embedded_settings import PG_BIN

# What the database itself grants, and no copy of what is in it has; dbt makes schemas.
GRANT = "grant create, temporary on database {} to auditune_owner"


def share(warehouse: Warehouse, folder: Path, shared: Path) -> Built:
    """Builds on a warehouse, or restores what another process of this run has built.

    Args:
        warehouse: A fresh one; what is restored is in another database of its server, which goes with it.
        folder: Of this process, for dbt's target and logs.
        shared: Of all processes of this run.

    Returns:
        The built warehouse, this process's own.
    """
    dump, record, files = shared / "built.dump", shared / "built.pickle", shared / "built"
    with FileLock(shared / "built.lock"):
        if not record.exists():
            built = build(warehouse, folder)
            _run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={warehouse.admin_dsn}")
            shutil.copytree(folder, files, dirs_exist_ok=True)
            record.write_bytes(pickle.dumps((built.build, built.statuses, built.verdicts)))
            return built
    shutil.copytree(files, folder, dirs_exist_ok=True)
    return Built(_restored(warehouse, dump), folder, *pickle.loads(record.read_bytes()))


def _restored(warehouse: Warehouse, dump: Path) -> Warehouse:
    database = f"built_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
        admin.execute(sql.SQL(GRANT).format(sql.Identifier(database)))
    restored = with_database(warehouse, database)
    _run("pg_restore", "--exit-on-error", f"--dbname={restored.admin_dsn}", str(dump))
    with psycopg.connect(restored.admin_dsn, autocommit=True) as admin:
        admin.execute("analyze")  # a dump holds no statistics
    return restored


def _run(program: str, *arguments: str) -> None:
    given = os.environ.get(PG_BIN)
    folder = Path(given) if given else Path(sys.executable).with_name("psql").resolve().parent  # set-up links it there
    done = subprocess.run([folder / program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
