"""Runs new candidate pairs in the sandbox and stores the verdicts, for the asset `raw_training/pair_validations`."""

from collections import Counter
from collections.abc import Callable

import psycopg

from dagster_project.resources.warehouse import insert_rows
from training.sql.catalog import Catalog
from training.sql.sandbox import Executor
from training.sql.validate import PairVerdict, validate_statement

_NEW_CANDIDATES = """
select candidate_id, question, statement
from intermediate.int_pair_candidates as candidates
where not exists (
    select 1 from raw_training.pair_validations as known
    where known.candidate_id = candidates.candidate_id and known.catalog_hash = %s
)
order by candidate_id
"""
# The last look for what pseudonymization has missed, by the same index of the tagged columns' values.
_PERSONAL = """
select pairs.candidate_id
from unnest(%s::text[], %s::text[], %s::text[]) as pairs (candidate_id, question, sql)
where privacy.holds_personal_value(pairs.question) or privacy.holds_personal_value(pairs.sql)
"""
_BATCH = 100  # verdicts are committed in hundreds, so that a kill loses little and the next run goes on from there


def validate_new_candidates(
    connection: psycopg.Connection, catalog: Catalog, executor: Executor, report: Callable[[int, int], None]
) -> Counter[str]:
    """Judges every candidate that has no verdict under this catalog.

    Args:
        connection: of role auditune_owner, in autocommit mode.
        catalog: the warehouse's catalog.
        executor: connected as auditune_sandbox, its search_path the sandbox schemas.
        report: called with (done, total) after each batch.

    Returns:
        Number of new verdicts by reason; accepted pairs under `accepted`.
    """
    candidates = connection.execute(_NEW_CANDIDATES, [catalog.hash]).fetchall()
    reasons: Counter[str] = Counter()
    for start in range(0, len(candidates), _BATCH):
        batch = candidates[start : start + _BATCH]
        verdicts = [validate_statement(statement, catalog, executor) for _, _, statement in batch]
        personal = _personal(connection, batch, verdicts)
        rows = []
        for (candidate_id, _, _), verdict in zip(batch, verdicts, strict=True):
            reason = "contains_pii" if candidate_id in personal else verdict.reason
            reasons[reason or "accepted"] += 1
            rows.append(
                {
                    "candidate_id": candidate_id,
                    "catalog_hash": catalog.hash,
                    "verdict": "reject" if reason else "accept",
                    "reason": reason,
                    # what holds a person's value is not copied once more
                    "canonical_sql": None if candidate_id in personal else verdict.canonical_sql,
                    "fingerprint": verdict.fingerprint,
                    "row_count": verdict.row_count,
                    "elapsed_ms": verdict.elapsed_ms,
                }
            )
        insert_rows(connection, "raw_training.pair_validations", rows)
        report(start + len(rows), len(candidates))
    return reasons


def _personal(
    connection: psycopg.Connection, batch: list[tuple[str, str, str]], verdicts: list[PairVerdict]
) -> set[str]:
    """The candidates whose question or SQL still holds a person's value."""
    ids, questions, statements = zip(*batch, strict=True)
    written = [verdict.canonical_sql or statement for verdict, statement in zip(verdicts, statements, strict=True)]
    found = connection.execute(_PERSONAL, [list(ids), list(questions), written])
    return {candidate_id for (candidate_id,) in found}
