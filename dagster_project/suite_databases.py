"""Builds the variants of the sandbox again when the sandbox or the corpus has changed.

Called by the asset `raw_training/suite_variants`. dbt builds the sandbox; its variants are chosen by trying several,
which is no work for a model that is built once. What was chosen, and what it is worth, are rows in `raw_training`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from dagster_project.resources.warehouse import insert_rows
from dagster_project.warehouse.settings import Warehouse
from training.evaluate.suite.build import VariantBuilder, variant_names
from training.evaluate.suite.search import Suite, choose_variants
from training.evaluate.suite.signature import sign_variants, signed_suite
from training.sql.catalog import Catalog
from training.sql.schema_names import sandbox_names

_READER = "auditune_sandbox"
# Changed with what a suite is made of, so that all are made anew.
_VERSION = "1"
_LATEST = """
select operator, mutants, killed_alone, killed from raw_training.suite_kill_rates
where suite_hash = %(suite)s and built_at = (
    select max(built_at) from raw_training.suite_kill_rates where suite_hash = %(suite)s
)
order by operator = 'all' desc, operator
"""


@dataclass(frozen=True)
class BuiltSuite:
    """A test suite that stands in the warehouse.

    Attributes:
        suite_hash: Of the sandbox and the gold queries that it was chosen for.
        variants: The ends of its schemas' names, sorted.
        kill_rates: (operator, mutants, killed by the sandbox alone, killed by it or a variant); the first is of `all`.
        survivors: Gold query and mutant that nothing tells apart; empty where the suite was there already.
        is_reused: Whether it was.
    """

    suite_hash: str
    variants: tuple[str, ...]
    kill_rates: tuple[tuple[str, int, int, int], ...]
    survivors: tuple[tuple[str, str, str], ...]
    is_reused: bool


def refresh_suite(
    warehouse: Warehouse, connection: psycopg.Connection, dataset: Path, tell: Callable[[str], None]
) -> BuiltSuite:
    """Builds the variants for the present sandbox and data set, if they do not stand already.

    Args:
        warehouse: The warehouse.
        connection: Of role auditune_owner, in autocommit mode.
        dataset: Folder of the data set whose gold queries are to be told from their mutants.
        tell: Told what was chosen, a line each.

    Returns:
        The suite.

    Raises:
        LookupError: There is no sandbox.
    """
    statements = [json.loads(line)["output"] for line in (dataset / "pairs.jsonl").read_text().splitlines()]
    builder = VariantBuilder(connection, sandbox_names(warehouse.schemas), statements, reader=_READER)
    parts = (_VERSION, builder.content_hash(), *sorted(set(statements)))
    suite_hash = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    names = variant_names(connection, warehouse.schemas)
    rates = tuple(connection.execute(_LATEST, {"suite": suite_hash}).fetchall())
    if rates and signed_suite(connection, warehouse.schemas, names) == suite_hash:
        return BuiltSuite(suite_hash, names, rates, (), is_reused=True)
    suite = choose_variants(builder, warehouse.sandbox_dsn, statements, Catalog.load(dataset / "catalog.json"), tell)
    rates = kill_rates(suite)
    _store(connection, suite, rates, {"suite_hash": suite_hash, "built_at": datetime.now(UTC)})
    names = tuple(sorted(variant.name for variant in suite.variants))
    sign_variants(connection, warehouse.schemas, names, suite_hash)  # last: it says that all is there
    survivors = tuple((mutant.operator, gold, mutant.sql) for gold, mutant in suite.survivors)
    return BuiltSuite(suite_hash, names, rates, survivors, is_reused=False)


def kill_rates(suite: Suite) -> tuple[tuple[str, int, int, int], ...]:
    """Counts mutants and kills.

    Args:
        suite: The suite.

    Returns:
        (operator, mutants, killed by the sandbox alone, killed by it or a variant), the first one of `all`.
    """
    alive = Counter(mutant.operator for _, mutant in suite.survivors)
    each = [
        (operator, made, suite.killed_alone.get(operator, 0), made - alive[operator])
        for operator, made in sorted(suite.mutants.items())
    ]
    return (("all", *(sum(row[column] for row in each) for column in (1, 2, 3))), *each)


def _store(
    connection: psycopg.Connection, suite: Suite, rates: tuple[tuple[str, int, int, int], ...], common: dict[str, Any]
) -> None:
    columns = ("operator", "mutants", "killed_alone", "killed")
    variants = [
        {
            "variant": variant.name,
            "kind": variant.kind,
            "seed": variant.seed,
            "row_count": variant.rows,
            "newly_killed": variant.newly_killed,
        }
        for variant in suite.variants
    ]
    with connection.transaction():
        insert_rows(connection, "raw_training.suite_variants", [common | row for row in variants])
        insert_rows(
            connection,
            "raw_training.suite_kill_rates",
            [common | dict(zip(columns, rate, strict=True)) for rate in rates],
        )
