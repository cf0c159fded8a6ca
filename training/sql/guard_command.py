"""The command `python -m training.sql.guard`: a verdict on each statement, and its rows where wanted."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

from training.errors import BadInput
from training.sql.catalog import Catalog
from training.sql.functions import MORE_FUNCTIONS
from training.sql.guard import Verdict, check
from training.sql.json_values import to_json
from training.sql.policy import Policy, derive_policy, load_policy, policy_catalog
from training.sql.sandbox import Executor, QueryRefused

_BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Reads statements from standard input, one JSON object with `id` and `sql` a line, and writes a verdict a line.

    Args:
        argv: The arguments; None takes the process's own.

    Returns:
        Exit status: 0 where every line has its verdict; 2 where the policy or the database is not usable.
    """
    options = _parser().parse_args(argv)
    try:
        policy, catalog = _policy(options)
        limits = policy.limits
        with Executor(
            options.dsn,
            ",".join(policy.search_path),
            statement_timeout_ms=limits.statement_timeout_ms,
            row_cap=limits.row_cap,
            byte_cap=limits.response_bytes,
            role=policy.role,
        ) as executor:
            for answer in _answers(sys.stdin.buffer, policy, catalog, executor if options.run else None):
                sys.stdout.write(_line(answer, sys.stdout.encoding))
                sys.stdout.flush()
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        return _BAD_INPUT
    except psycopg.Error as error:
        kind = error.__class__.__name__  # the driver's message holds parts of the DSN
        sys.stderr.write(f"The database cannot be used ({kind}); check --dsn, and the role of the policy.\n")
        return _BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # who read has gone; nothing more to say
    return 0


def judge(sql: str, policy: Policy, catalog: Catalog) -> Verdict:
    """The guard's verdict on one statement under a policy.

    Args:
        sql: The statement.
        policy: What is allowed.
        catalog: What `policy_catalog` made of it.
    """
    functions = MORE_FUNCTIONS | policy.functions
    return check(sql, catalog, allow_pii_columns=False, functions=functions)


def _answers(
    lines: Iterable[bytes], policy: Policy, catalog: Catalog, executor: Executor | None
) -> Iterator[dict[str, Any]]:
    for line in lines:
        if not line.strip():
            continue
        statement = _statement(line)
        if statement is None:
            message = "The line is no JSON object with a text `sql`, and an `id` that is a text or a number."
            yield {"id": None, "verdict": "block", "rule": "bad_line", "message": message}
            continue
        verdict = judge(statement["sql"], policy, catalog)
        answer = {
            "id": statement.get("id"),
            "verdict": "allow" if verdict.allowed else "block",
            "rule": verdict.rule,
            "message": verdict.message,
        }
        if executor is not None and verdict.allowed:
            answer |= _run(statement["sql"], executor, policy.limits.cost_ceiling)
        yield answer


def _line(answer: dict[str, Any], encoding: str) -> str:
    """An answer as JSON; in ASCII where standard output cannot take its characters as they are."""
    line = json.dumps(answer, ensure_ascii=False)
    try:
        line.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        line = json.dumps(answer)
    return f"{line}\n"


def _statement(line: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_statement = isinstance(content, dict) and isinstance(content.get("sql"), str)
    return content if is_statement and isinstance(content.get("id"), str | int | float | None) else None


def _run(sql: str, executor: Executor, cost_ceiling: float) -> dict[str, Any]:
    try:
        if executor.estimate(sql).cost > cost_ceiling:
            return {"error": "too_expensive"}
    except QueryRefused as refusal:
        if refusal.error_class == "timeout":
            return {"error": "timeout"}
    try:
        execution = executor.run(sql)  # where it could not be planned, this tells the SQLSTATE too
    except psycopg.OperationalError:
        return {"error": "database"}  # the next statement connects anew
    elapsed = {"elapsed_ms": round(execution.elapsed_ms, 1)}
    if execution.rows is None:
        return elapsed | {"error": execution.error_class, "sqlstate": execution.sqlstate}
    rows = [[to_json(value) for value in row] for row in execution.rows]
    return elapsed | {
        "columns": execution.columns,
        "rows": rows,
        "row_count": execution.row_count,
        "is_truncated": execution.is_truncated,
    }


def _policy(options: argparse.Namespace) -> tuple[Policy, Catalog]:
    with psycopg.connect(options.dsn, application_name="auditune") as connection:
        connection.read_only = True
        if options.policy is not None:
            policy = load_policy(options.policy)
        else:
            policy = derive_policy(connection, options.schemas and options.schemas.split(","))
        return policy, policy_catalog(connection, policy)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.sql.guard",
        description="Judge statements: JSON lines with id and sql.",
    )
    parser.add_argument("--dsn", required=True, help="the database, as postgresql://user:password@host:port/database")
    allowed = parser.add_mutually_exclusive_group()
    allowed.add_argument("--schemas", help="comma-separated schemas to open; default: all but the server's own")
    allowed.add_argument("--policy", type=Path, help="JSON file of what is allowed")
    parser.add_argument("--run", action="store_true", help="run what is allowed, under the limits, and write its rows")
    return parser
