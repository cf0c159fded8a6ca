"""Tells whether a person's SQL would be run, without running it: the guard, then PostgreSQL's plan and its cost."""

import asyncio
from dataclasses import dataclass

from serving.access.caller import Caller
from serving.access.errors import RoleRefused
from serving.answer import judge
from serving.errors import Busy
from serving.execution import NotRun, Reader, ReaderBusy
from training.sql.catalog import Catalog

# What a person is told who writes SQL; the server's own message may quote data.
_MESSAGES = {
    "syntax": "PostgreSQL cannot read this SQL.",
    "unknown_table": "It names a table that does not exist.",
    "unknown_column": "It names a column that does not exist.",
    "type": "It compares or computes values whose types do not fit.",
    "timeout": "PostgreSQL took too long to plan it.",
    "permission": "It reads something that may not be read.",
    "too_expensive": "It would cost too much to run.",
    "other": "PostgreSQL does not plan it, or cannot be reached.",
}


@dataclass(frozen=True)
class Validation:
    """What became of a person's SQL.

    Attributes:
        rule: The guard's rule or the class of PostgreSQL's error; None where all is well.
        message: One sentence about it; empty where all is well.
        tables: The tables it reads; empty where the guard blocks it.
        columns: The columns it reads, as table.column; likewise.
    """

    rule: str | None = None
    message: str = ""
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether the SQL would be run."""
        return self.rule is None


async def validate(sql: str, catalog: Catalog, reader: Reader, caller: Caller) -> Validation:
    """Check one statement as an answer's would be checked.

    Args:
        sql: What the person wrote.
        catalog: The tables and columns that may be named.
        reader: Plans what the guard allows.
        caller: Who wrote it; it is planned as his database role, where he may fetch rows or review SQL.

    Raises:
        RoleRefused: That role may not be used.
        Busy: Too many statements wait.
    """
    if caller.role_problem is not None:
        raise RoleRefused
    sql, verdict = await asyncio.to_thread(judge, sql, catalog)
    if not verdict.allowed:
        return Validation(verdict.rule, verdict.message)
    if not caller.scopes & {"run", "review"}:  # what the planner says tells something about the rows
        return Validation(tables=verdict.tables, columns=verdict.columns)
    try:
        estimate = await reader.estimate(sql, caller.database_role)
        problem = "too_expensive" if reader.is_too_expensive(estimate) else None
    except ReaderBusy as error:
        raise Busy from error
    except NotRun as refusal:
        problem = refusal.error_class
    if problem is not None:
        return Validation(problem, _MESSAGES[problem], verdict.tables, verdict.columns)
    return Validation(tables=verdict.tables, columns=verdict.columns)
