"""The proof as a gate: before anything trains on a data set, and again before an adapter is released."""

from datetime import UTC, datetime
from glob import glob
from pathlib import Path

import dagster as dg

from dagster_project.privacy.proof import Proof, prove
from dagster_project.resources.warehouse import WarehouseResource, insert_rows

RULE = "no_personal_value_anywhere"
DESCRIPTION = (
    "No value of a tagged column, and nothing that Presidio takes for personal, in any statement, question, prompt, "
    "data set, request, log or configuration"
)


@dg.asset_check(asset=["training", "dataset"], blocking=True, description=DESCRIPTION)
def no_personal_value_before_training(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Reads everything again before anything trains on the data set."""
    return _checked(warehouse)


@dg.asset_check(asset=["training", "evaluation"], blocking=True, description=DESCRIPTION)
def no_personal_value_before_release(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Reads everything again, now with the run, its logs and the adapter's configuration, before the release."""
    return _checked(warehouse)


def _checked(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    with warehouse.owner() as connection:
        settings = warehouse.settings
        server_logs = {Path(found) for pattern in settings.audit_logs for found in glob(pattern, recursive=True)}
        proof = prove(connection, settings.home, server_logs)
        row = {
            "validated_at": datetime.now(UTC),
            "rule_code": RULE,
            "description": DESCRIPTION,
            "is_success": proof.holds,
            "is_blocking": True,
            "observed": f"{proof.values} values looked for in {proof.read.total()} texts",
            "unexpected_count": proof.hits.total(),
        }
        insert_rows(connection, "raw_training.quality_results", [row])
    return dg.AssetCheckResult(passed=proof.holds, description=_advice(proof), metadata=_metadata(proof))


def _advice(proof: Proof) -> str:
    if proof.holds and proof.doubts:
        places = ", ".join(sorted(proof.doubts))
        return (
            f"None of {proof.values} values was found in {proof.read.total()} texts. "
            f"A word in {places} may be a surname: see 'When the proof finds something' in dbt_project/README.md."
        )
    if proof.holds:
        return f"None of {proof.values} values was found in {proof.read.total()} texts."
    if not proof.hits:
        return "There was nothing to look for, or nowhere to look: tag the personal columns, and build the dbt project."
    places = ", ".join(sorted({f"{place} ({pii_class})" for place, pii_class in proof.hits}))
    return f"Personal values stand in {places}: see 'When the proof finds something' in dbt_project/README.md."


def _metadata(proof: Proof) -> dict[str, dg.MetadataValue | int]:
    """Counts, places and classes; never a value."""
    return {
        "values_looked_for": proof.values,
        "texts_read": proof.read.total(),
        "hits": proof.hits.total(),
        "words_that_may_be_surnames": proof.doubts.total(),
        "read_by_place": dg.MetadataValue.table(
            [dg.TableRecord({"place": place, "texts": count}) for place, count in proof.read.most_common()]
            or [dg.TableRecord({"place": "none", "texts": 0})]
        ),
        "hits_by_place": dg.MetadataValue.table(
            [
                dg.TableRecord({"place": place, "pii_class": pii_class, "values": count})
                for (place, pii_class), count in proof.hits.most_common()
            ]
            or [dg.TableRecord({"place": "none", "pii_class": "none", "values": 0})]
        ),
    }
