"""Whether a query finds on the business what its anonymized form finds in the sandbox, a pseudonym for each value.

Called by `validation.py` for each candidate that runs in the sandbox. Rows are compared in memory and forgotten: what
is kept is the verdict and the number of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import psycopg

from training.sql.catalog import Catalog
from training.sql.compare import same_result
from training.sql.guard import check
from training.sql.personal_flow import OPAQUE, personal_outputs
from training.sql.sandbox import Execution, Executor

_PSEUDONYMS = (
    "select privacy.pseudonym(pii_class, value)"
    " from unnest(%s::text[], %s::text[]) with ordinality as pairs (pii_class, value, i) order by i"
)
_CACHED = 200_000  # pseudonyms kept during a run: some 20 MB


@dataclass(frozen=True)
class Parity:
    """The outcome of a comparison.

    Attributes:
        verdict: equal, differs, or unknown where there was nothing to compare.
        basis: What it rests on: `rows`, the number of rows alone (`row_count`), or, where unknown, the reason:
            `no_statement` (it is gone from the log and cannot be restored), `blocked`, `pseudonyms`, or the class of
            the error on the business, such as `timeout`.
        production_row_count: Rows on the business; None where it did not run.
    """

    verdict: Literal["equal", "differs", "unknown"]
    basis: str
    production_row_count: int | None = None


class ParityJudge:
    """Compares a statement's rows on the business with those of its anonymized form in the sandbox."""

    def __init__(self, owner: psycopg.Connection, catalog: Catalog, business: Executor, sandbox: Executor):
        """Prepares without connecting.

        Args:
            owner: Connection of auditune_owner, which alone knows the pseudonyms.
            catalog: The warehouse's catalog.
            business: Connected as auditune_reader, its search_path the business schemas.
            sandbox: Connected as auditune_sandbox, its search_path the sandbox schemas.
        """
        self._owner, self._catalog, self._business, self._sandbox = owner, catalog, business, sandbox
        self._pseudonyms: dict[tuple[str, str], str] = {}

    def judge(self, statement: str | None, canonical_sql: str, in_sandbox: Execution) -> Parity:
        """Runs a statement on the business and compares.

        Args:
            statement: What runs there, personal values in clear; None where it is not known.
            canonical_sql: The canonical form that ran in the sandbox.
            in_sandbox: What it found there.

        Returns:
            The verdict; it and its basis tell nothing of the rows.
        """
        if statement is None:
            return Parity("unknown", "no_statement")
        if not check(statement, self._catalog).allowed:
            return Parity("unknown", "blocked")
        on_business = self._business.run(statement)
        if on_business.error_class is not None:
            return Parity("unknown", on_business.error_class)
        if on_business.is_truncated or in_sandbox.is_truncated:
            return self._by_count(statement, canonical_sql)
        count = on_business.row_count
        if count != in_sandbox.row_count:
            return Parity("differs", "row_count", count)
        flows = personal_outputs(canonical_sql, self._catalog)
        try:
            mapped = self._mapped(on_business, flows)
        except psycopg.Error:
            return Parity("unknown", "pseudonyms", count)  # the server's message may quote a value
        is_equal = same_result(mapped, _as_text(in_sandbox, flows), ordered=False)
        return Parity("equal" if is_equal else "differs", "rows", count)

    def _by_count(self, statement: str, canonical_sql: str) -> Parity:
        """Compares the numbers of rows where there are more than are read."""
        runs = (self._business.run(_counting(statement)), self._sandbox.run(_counting(canonical_sql)))
        failed = [run.error_class for run in runs if run.rows is None]
        if failed:
            return Parity("unknown", str(failed[0]))
        on_business, in_sandbox = (run.rows[0][0] for run in runs)
        return Parity("equal" if on_business == in_sandbox else "differs", "row_count", on_business)

    def _mapped(self, execution: Execution, flows: Sequence[str | None]) -> Execution:
        """The rows with a pseudonym for each value of a tagged column."""
        plain = _as_text(execution, flows)
        places = [place for place, flow in enumerate(flows) if flow not in (None, OPAQUE)]
        wanted = {(flows[i], row[i]) for row in plain.rows for i in places if row[i] is not None}
        known = self._known(wanted)
        rows = [
            tuple(known.get((flows[i], value), value) if i in places else value for i, value in enumerate(row))
            for row in plain.rows
        ]
        return replace(plain, rows=rows)

    def _known(self, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        if len(self._pseudonyms) > _CACHED:
            self._pseudonyms.clear()
        new = [pair for pair in wanted if pair not in self._pseudonyms]
        if new:
            classes, values = zip(*new, strict=True)
            found = self._owner.execute(_PSEUDONYMS, [list(classes), list(values)]).fetchall()
            self._pseudonyms.update({pair: pseudonym for pair, (pseudonym,) in zip(new, found, strict=True)})
        return self._pseudonyms


def _counting(statement: str) -> str:
    return f"select count(*) from (\n{statement}\n) as counted"


def _as_text(execution: Execution, flows: Sequence[str | None]) -> Execution:
    """The rows with personal values as text, as pseudonyms are, and without what cannot be compared."""

    def plain(value: Any, flow: str | None) -> Any:
        return None if flow == OPAQUE or value is None else str(value) if flow else value

    rows = [tuple(map(plain, row, flows)) for row in execution.rows]
    return replace(execution, rows=rows)
