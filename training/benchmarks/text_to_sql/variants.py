"""Test-suite databases of a benchmark: variants of its tables, chosen to tell its SQL from what resembles it.

Called by run.py.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from training.benchmarks.text_to_sql.database import READER
from training.evaluate.suite.build import VariantBuilder
from training.evaluate.suite.search import choose_variants
from training.evaluate.suite.signature import sign_variants
from training.sql.catalog import Catalog
from training.sql.schema_names import sandbox_names

_DIGITS = 4


def build_suite(
    dsn: str, reader: str, catalog: Catalog, statements: Sequence[str], report: Callable[[str], object]
) -> dict[str, Any]:
    """Builds the variants that the evaluation will ask about each right answer.

    Args:
        dsn: A superuser's.
        reader: Of the role that runs answers.
        catalog: The tables.
        statements: SQL in canonical form.
        report: Told one line of text at a time.

    Returns:
        How many `variants` and `mutants` there are, and the shares of the mutants that are killed: `kill_rate_alone`
        by the tables as they are, `kill_rate` by them or a variant.
    """
    schemas = catalog.business_schemas
    with psycopg.connect(dsn, autocommit=True) as connection:
        builder = VariantBuilder(connection, sandbox_names(schemas), statements, reader=READER)
        suite = choose_variants(builder, reader, statements, catalog, report)
        text = "\n".join((builder.content_hash(), *sorted(set(statements))))
        names = [variant.name for variant in suite.variants]
        sign_variants(connection, schemas, names, hashlib.sha256(text.encode()).hexdigest()[:16])
    return {
        "variants": len(names),
        "mutants": sum(suite.mutants.values()),
        "kill_rate_alone": round(suite.kill_rate_alone, _DIGITS),
        "kill_rate": round(suite.kill_rate, _DIGITS),
    }
