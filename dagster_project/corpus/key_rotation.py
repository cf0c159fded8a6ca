"""Gives the pseudonyms a new key, and rebuilds what depends on it.

Called by `python -m dagster_project.corpus rotate-key`. The server makes the key and re-keys what stands in tables in
one transaction (`privacy.rotate_key`); what is built from the business tables is then built anew, and the pairs whose
pseudonyms changed are judged anew. Until that is done the old key's row stays, inactive: it is the sign of a rotation
that has begun, so one that was interrupted is simply run again, and goes on.
"""

from collections.abc import Callable

from dagster_project.corpus.validation import judge_new_candidates
from dagster_project.dbt_manifest import run_dbt
from dagster_project.warehouse.connect import connect
from dagster_project.warehouse.settings import Warehouse
from training.evaluate.suite.build import drop_variants

_WITHOUT_TESTS = ("--exclude-resource-type", "test", "unit_test")
# So that the index knows every value of now, and every table that is re-keyed is there.
_CANDIDATES = ("build", "--select", "+int_pair_candidates", "+schema_catalog", *_WITHOUT_TESTS)
_REBUILT = ("run", "--select", "path:models/sandbox", "int_pair_candidates", "schema_catalog")
_THE_REST = ("run", "--exclude", "path:models/sandbox", "path:models/staging/audit", "path:models/intermediate/privacy")


def rotate_key(warehouse: Warehouse, tell: Callable[[str], None]) -> None:
    """Rotates the key, or finishes a rotation that was interrupted.

    Args:
        warehouse: the warehouse, set up.
        tell: told a sentence about each step.

    Raises:
        dagster_project.dbt_manifest.DbtError: dbt failed; run the command again when what it says is mended.
    """
    with connect(warehouse.dsn, "AUDITUNE_DSN") as connection:
        tell("Building the index of personal values of now ...")
        run_dbt(warehouse, *_CANDIDATES)
        if connection.execute("select privacy.rotate_key()").fetchone()[0]:
            tell("A new key is in use, and what was stored under the old one is re-keyed.")
        else:
            tell("A rotation was begun and not finished: going on with it.")
        tell("Building the sandbox and the corpus anew ...")
        run_dbt(warehouse, *_REBUILT)
        drop_variants(connection, warehouse.schemas)  # they hold old pseudonyms; the next run builds them anew
        reasons = judge_new_candidates(warehouse, connection, lambda *_: None)
        run_dbt(warehouse, *_THE_REST)
        connection.execute("select privacy.forget_old_keys()")
    tell(f"{reasons.total()} pairs were judged anew, and the old key is deleted.")
    tell("Data sets and adapters made before know old pseudonyms only: `make run` makes new ones.")
