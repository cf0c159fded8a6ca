"""The bakery on the test server, one for each module."""

from collections.abc import Iterator

import psycopg
import pytest

from dagster_project.warehouse.settings import Warehouse
from tests.training.evaluate.suite.bakery import QUESTIONS, SANDBOXES, TABLES, Bakery, bakery_catalog
from training.evaluate.suite.build import VariantBuilder


@pytest.fixture(scope="module")
def bakery(warehouse: Warehouse) -> Iterator[Bakery]:
    """The bakery, its sandbox, and what builds variants of it."""
    with (
        psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin,
        psycopg.connect(warehouse.dsn, autocommit=True) as owner,
    ):
        admin.execute(TABLES.read_text())
        builder = VariantBuilder(owner, SANDBOXES, QUESTIONS.values(), reader="auditune_sandbox")
        yield Bakery(owner, admin, warehouse.sandbox_dsn, bakery_catalog(admin), builder)
