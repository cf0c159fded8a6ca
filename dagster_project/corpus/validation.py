"""Runs new candidate pairs in the sandbox and on the business, for the asset `raw_training/pair_validations`."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from dagster_project.corpus.parity import Parity, ParityJudge
from dagster_project.corpus.production_statements import production_statements
from dagster_project.corpus.rules_version import rules_version
from dagster_project.warehouse.settings import Warehouse
from training.sql.catalog import Catalog, read_catalog
from training.sql.sandbox import Executor
from training.sql.schema_names import sandbox_names
from training.sql.validate import PairVerdict, validate_statement

_NEW_CANDIDATES = (Path(__file__).parent / "new_candidates.sql").read_text()
_STORE_VERDICT = (Path(__file__).parent / "store_verdict.sql").read_text()
# The last look for what pseudonymization has missed, by the same index of the tagged columns' values.
_PERSONAL = """
select pairs.candidate_id
from unnest(%s::text[], %s::text[], %s::text[]) as pairs (candidate_id, question, sql)
where privacy.holds_personal_value(pairs.question) or privacy.holds_personal_value(pairs.sql)
"""
_BATCH = 100  # verdicts are committed in hundreds, so that a kill loses little and the next run goes on from there
# What statements were on the business is looked up for more at once: each time, every value of the tagged columns
# that a surrogate may stand for is hashed.
_RESTORED = 2_000


def judge_new_candidates(
    warehouse: Warehouse, connection: psycopg.Connection, report: Callable[[int, int], None]
) -> Counter[str]:
    """Judges every candidate that has no final verdict, with the roles that run statements in this warehouse.

    Args:
        warehouse: the warehouse.
        connection: of role auditune_owner, in autocommit mode.
        report: called with (done, total) after each batch.

    Returns:
        Number of verdicts by reason; accepted pairs under `accepted`.
    """
    with (
        Executor.standing_in(warehouse.sandbox_dsn, sandbox_names(warehouse.schemas)) as sandbox,
        Executor(warehouse.reader_dsn, ", ".join(warehouse.schemas)) as business,
    ):
        return validate_new_candidates(connection, read_catalog(connection), sandbox, business, report)


def validate_new_candidates(
    connection: psycopg.Connection,
    catalog: Catalog,
    sandbox: Executor,
    business: Executor,
    report: Callable[[int, int], None],
) -> Counter[str]:
    """Judges every candidate that has no final verdict under this catalog and the rules in force.

    Args:
        connection: of role auditune_owner, in autocommit mode.
        catalog: the warehouse's catalog.
        sandbox: connected as auditune_sandbox, the sandbox schemas standing in for the business's.
        business: connected as auditune_reader, its search_path the business schemas.
        report: called with (done, total) after each batch.

    Returns:
        Number of verdicts by reason; accepted pairs under `accepted`.
    """
    candidates = connection.execute(
        _NEW_CANDIDATES, {"catalog_hash": catalog.hash, "rules_version": rules_version()}
    ).fetchall()
    reasons: Counter[str] = Counter()
    judge = ParityJudge(connection, catalog, business, sandbox)
    for first in range(0, len(candidates), _RESTORED):
        ahead = candidates[first : first + _RESTORED]
        on_business = production_statements(connection, [candidate_id for candidate_id, _, _ in ahead])
        for start in range(0, len(ahead), _BATCH):
            batch = ahead[start : start + _BATCH]
            rows = _judge_batch(connection, catalog, sandbox, judge, batch, on_business)
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(_STORE_VERDICT, rows)
            reasons.update(row["reason"] or "accepted" for row in rows)
            report(first + start + len(rows), len(candidates))
    return reasons


def _judge_batch(
    connection: psycopg.Connection,
    catalog: Catalog,
    sandbox: Executor,
    judge: ParityJudge,
    batch: list[tuple[str, str, str]],
    on_business: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Judges some candidates, each statement once."""
    judged: dict[tuple[str, str | None], tuple[PairVerdict, Parity | None]] = {}
    verdicts = []
    for candidate_id, _, statement in batch:
        key = (statement, on_business.get(candidate_id))
        if key not in judged:
            verdict = validate_statement(statement, catalog, sandbox)
            judged[key] = (verdict, _parity(judge, key[1], verdict))
        verdicts.append(judged[key])
    personal = _personal(connection, batch, [verdict for verdict, _ in verdicts])
    judged_under = {"catalog_hash": catalog.hash, "rules_version": rules_version()}
    return [
        {"candidate_id": candidate_id, **judged_under, **_row(*both, candidate_id in personal)}
        for (candidate_id, _, _), both in zip(batch, verdicts, strict=True)
    ]


def _parity(judge: ParityJudge, statement: str | None, verdict: PairVerdict) -> Parity | None:
    """Compares what ran in the sandbox and is not rejected for another reason; an empty result may be a difference."""
    if verdict.execution is None or verdict.reason not in (None, "empty_result"):
        return None
    return judge.judge(statement, verdict.canonical_sql, verdict.execution)


def _personal(
    connection: psycopg.Connection, batch: list[tuple[str, str, str]], verdicts: list[PairVerdict]
) -> set[str]:
    """The candidates whose question or SQL still holds a person's value."""
    ids, questions, statements = zip(*batch, strict=True)
    written = [verdict.canonical_sql or statement for verdict, statement in zip(verdicts, statements, strict=True)]
    found = connection.execute(_PERSONAL, [list(ids), list(questions), written])
    return {candidate_id for (candidate_id,) in found}


def _row(verdict: PairVerdict, parity: Parity | None, is_personal: bool) -> dict[str, Any]:
    """What is stored of a verdict: of several reasons the one that says most."""
    reason = verdict.reason
    if is_personal:
        reason = "contains_pii"
    elif parity is not None and parity.verdict == "differs":
        reason = "parity_differs"  # an empty result too, where the business has rows
    elif parity is not None and parity.verdict == "unknown":
        reason = reason or "parity_unknown"
    return {
        "verdict": "reject" if reason else "accept",
        "reason": reason,
        "canonical_sql": None if is_personal else verdict.canonical_sql,  # not copied once more
        "fingerprint": verdict.fingerprint,
        "row_count": verdict.row_count,
        "elapsed_ms": verdict.elapsed_ms,
        "parity": parity and parity.verdict,
        "parity_basis": parity and parity.basis,
        "production_row_count": parity and parity.production_row_count,
    }
