"""The verdict on one candidate pair's SQL: canonical form, guard, and a run in the sandbox.

Called by the asset `raw_training/pair_validations`; the reasons are stable codes, listed in dbt's seed
`rejection_reasons`, that dbt's marts count.
"""

import re
from dataclasses import dataclass, field

from training.sql.canonical import canonicalize, fingerprint
from training.sql.catalog import Catalog
from training.sql.determinism import is_open, reads_clock
from training.sql.dialect import is_foreign, parses_elsewhere
from training.sql.errors import NotOneSelect, ParseFailure, SqlError
from training.sql.guard import check
from training.sql.parse import MAX_CHARACTERS
from training.sql.placeholder import has_placeholder
from training.sql.sandbox import Execution, Executor

# What the server said → the code of the rejection; what is not here is a runtime error.
_REASON_OF_CLASS = {"timeout": "timeout", "unknown_table": "unknown_relation", "unknown_column": "unknown_column"}
_STATEMENT_CODES = {kind.code for kind in SqlError.__subclasses__()}  # what the guard finds wrong before its own rules
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # all but tab and line breaks


@dataclass(frozen=True)
class PairVerdict:
    """What is known about a candidate's SQL.

    Attributes:
        reason: None where it is accepted, else a stable code of the seed `rejection_reasons`.
        canonical_sql: its canonical form; None where it has none.
        fingerprint: hash of its template; None where it has no canonical form.
        row_count: rows in the sandbox; None where it did not run.
        elapsed_ms: time of the run; None where it did not run.
        execution: the run itself, with its rows; None where it did not run, or failed.
    """

    reason: str | None
    canonical_sql: str | None = None
    fingerprint: str | None = None
    row_count: int | None = None
    elapsed_ms: float | None = None
    execution: Execution | None = field(default=None, repr=False, compare=False)

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
    canonical, reason = _canonical_form(statement, catalog)
    if canonical is None or reason is not None:
        return PairVerdict(reason)
    template = fingerprint(canonical)
    if reads_clock(canonical):
        return PairVerdict("non_deterministic", canonical, template)
    verdict = check(canonical, catalog)
    if not verdict.allowed:
        reason = verdict.rule if verdict.rule in _STATEMENT_CODES else f"blocked_{verdict.rule}"
        return PairVerdict(reason, canonical, template)
    execution = executor.run(canonical)
    if execution.error_class is not None:
        reason = _REASON_OF_CLASS.get(execution.error_class, "runtime_error")
        return PairVerdict(reason, canonical, template, elapsed_ms=execution.elapsed_ms)
    if execution.row_count == 0:
        reason = "empty_result"
    elif is_open(canonical, execution, executor):
        reason = "non_deterministic"
    return PairVerdict(reason, canonical, template, execution.row_count, execution.elapsed_ms, execution)


def _canonical_form(statement: str, catalog: Catalog) -> tuple[str | None, str | None]:
    """The canonical form, or the reason why there is none, or why it does not count."""
    if len(statement) > MAX_CHARACTERS:
        return None, "too_long"
    if _CONTROL.search(statement):
        return None, "control_characters"
    canonical, error = None, None
    try:
        canonical = canonicalize(statement, catalog)
    except SqlError as raised:
        error = raised
    except Exception:  # the parser trips over some of what foreign files hold; one statement must not stop the others
        error = ParseFailure()
    if isinstance(error, NotOneSelect):
        return None, error.code
    if has_placeholder(statement):
        return None, "placeholder_left"
    if is_foreign(statement) or (isinstance(error, ParseFailure) and parses_elsewhere(statement)):
        return None, "wrong_dialect"
    return canonical, error.code if error else None
