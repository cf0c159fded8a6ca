"""The verdict on one candidate pair's SQL: canonical form, guard, and a run in the sandbox.

Called by the asset `raw_training/pair_validations`; the reasons are stable codes that dbt's marts count.
"""

from dataclasses import dataclass

from training.sql.canonical import canonicalize, fingerprint
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.guard import check
from training.sql.sandbox import Executor


@dataclass(frozen=True)
class PairVerdict:
    """What is known about a candidate's SQL.

    Attributes:
        reason: None where it is accepted, else a stable code: that of the SqlError, `blocked_` and the guard's rule,
            the sandbox's error class, or `empty_result`.
        canonical_sql: its canonical form; None where it has none.
        fingerprint: hash of its template; None where it has no canonical form.
        row_count: rows in the sandbox; None where it did not run.
        elapsed_ms: time of the run; None where it did not run.
    """

    reason: str | None
    canonical_sql: str | None = None
    fingerprint: str | None = None
    row_count: int | None = None
    elapsed_ms: float | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the pair may enter the corpus."""
        return self.reason is None


def validate_statement(statement: str, catalog: Catalog, executor: Executor) -> PairVerdict:
    """Judges one statement.

    Args:
        statement: the candidate's SQL, pseudonymized.
        catalog: the warehouse's catalog.
        executor: connected as auditune_sandbox, its search_path the sandbox schema.
    """
    try:
        canonical = canonicalize(statement, catalog)
    except SqlError as error:
        return PairVerdict(error.code)
    template = fingerprint(canonical)
    verdict = check(canonical, catalog)
    if not verdict.allowed:
        return PairVerdict(f"blocked_{verdict.rule}", canonical, template)
    execution = executor.run(canonical)
    if execution.error_class is not None:
        return PairVerdict(execution.error_class, canonical, template, elapsed_ms=execution.elapsed_ms)
    reason = "empty_result" if execution.row_count == 0 else None
    return PairVerdict(reason, canonical, template, execution.row_count, execution.elapsed_ms)
