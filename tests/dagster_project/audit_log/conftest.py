"""What the tests of the ingest share: empty raw tables and a place for a log."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dagster_project.warehouse.settings import Warehouse


@pytest.fixture
def owner(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """The owner's connection to raw tables that are empty."""
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        connection.execute("truncate raw_audit.log_lines, raw_audit.quarantined_lines, raw_audit.log_files")
        yield connection


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log file that does not exist yet."""
    return tmp_path / "postgresql.json"
