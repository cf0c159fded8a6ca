"""`python -m serving keys create|list|revoke`: keys are rows that auditune_owner writes and the API only reads."""

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import psycopg
from dotenv import dotenv_values
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from serving.access.key_ring import REFRESH_SECONDS
from serving.access.keys import SCOPES, hash_token, make_token
from serving.settings import env_files
from serving.startup import StartupError, connect

_KEYS = (Path(__file__).parent / "read_keys.sql").read_text()
_INSERT = (
    "insert into raw_serving.api_keys"
    " (key_id, key_name, token_hash, scopes, database_role, requests_per_minute) values (%s, %s, %s, %s, %s, %s)"
)
_NAME_MAX_CHARACTERS = 100
_ROLE_PROBLEMS = {
    "missing": "does not exist",
    "powerful": "is a superuser, bypasses row-level security, may create roles or replicate, or can become such a role",
    "owner": "owns something, or can become a role that does, and owners are not held by row-level security",
    "predefined": "is a member of one of PostgreSQL's own roles, which reach beyond tables",
    "not_granted": "has not been granted to the reader: grant it as serving/README.md says",
    "inherited": "is inherited by the reader, whose rights would grow by it: grant it as serving/README.md says",
}


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the commands and their options to a parser."""
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("--name", required=True, type=_read_name, help="whose key it is")
    create.add_argument("--scopes", required=True, type=_read_scopes, help=f"of {','.join(SCOPES)}, comma-separated")
    create.add_argument("--role", help="database role that its rows are fetched as; default: the reader's own")
    create.add_argument("--rate-limit", type=_read_rate, metavar="N/minute", help="most requests; default: no limit")
    actions.add_parser("list", help="list all keys")
    actions.add_parser("revoke", help="revoke a key for good").add_argument("key_id")


def run(chosen: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Run the chosen action.

    Returns:
        Exit status: 0 done, 1 not done, with one sentence on `err`.

    Raises:
        StartupError: The warehouse cannot be reached, or has no table of keys.
    """
    variables = _variables()
    with connect(_need(variables, "AUDITUNE_DSN"), "AUDITUNE_DSN") as owner:
        reader_role = conninfo_to_dict(_need(variables, "AUDITUNE_READER_DSN")).get("user", "")
        try:
            if chosen.action == "create":
                return _create(owner, chosen, reader_role, out, err)
            if chosen.action == "revoke":
                return _revoke(owner, chosen.key_id, out, err)
            return _list(owner, reader_role, out)
        except psycopg.errors.UndefinedTable:
            raise StartupError("The warehouse lacks raw_serving.api_keys: run `make run` once to build it.") from None


def _create(owner: psycopg.Connection, chosen: argparse.Namespace, reader_role: str, out: TextIO, err: TextIO) -> int:
    key_id, token = make_token()
    row = (key_id, chosen.name, hash_token(token), chosen.scopes, chosen.role, chosen.rate_limit)
    with owner.transaction() as transaction:
        owner.execute(_INSERT, row)
        (made,) = [key for key in _read(owner, reader_role) if key["key_id"] == key_id]
        if made["role_problem"] is not None:
            problem = _ROLE_PROBLEMS[made["role_problem"]]
            err.write(f"No key was made: the role {chosen.role} {problem}.\n")
            raise psycopg.Rollback(transaction)
    if made["role_problem"] is not None:
        return 1
    out.write(f"{token}\n")
    err.write(
        f"This is the key {key_id}, shown this once; it works within {REFRESH_SECONDS:g} seconds. "
        "From now on nobody asks without a key.\n"
    )
    return 0


def _revoke(owner: psycopg.Connection, key_id: str, out: TextIO, err: TextIO) -> int:
    query = "update raw_serving.api_keys set revoked_at = now() where key_id = %s and revoked_at is null"
    if owner.execute(query, [key_id]).rowcount == 0:
        err.write("No key has that id, or it is revoked already: `python -m serving keys list` lists them.\n")
        return 1
    out.write(f"The key {key_id} is revoked; it opens nothing within {REFRESH_SECONDS:g} seconds.\n")
    return 0


def _list(owner: psycopg.Connection, reader_role: str, out: TextIO) -> int:
    rows = [("key", "name", "scopes", "rate", "role", "created", "state")]
    for key in _read(owner, reader_role):
        rate = f"{key['requests_per_minute']}/minute" if key["requests_per_minute"] else "-"
        state = f"revoked {key['revoked_at']:%Y-%m-%d}" if key["revoked_at"] else "valid"
        if key["role_problem"] is not None:
            state += f"; fetches no rows: the role {_ROLE_PROBLEMS[key['role_problem']]}"
        scopes, role = ",".join(key["scopes"]), key["database_role"] or "-"
        rows.append((key["key_id"], key["key_name"], scopes, rate, role, f"{key['created_at']:%Y-%m-%d}", state))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        out.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    return 0


def _read(owner: psycopg.Connection, reader_role: str) -> list[dict]:
    with owner.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_KEYS, {"reader_role": reader_role}).fetchall()


def _variables() -> dict[str, str | None]:
    less, more = env_files()
    return {**dotenv_values(less), **dotenv_values(more), **os.environ}


def _need(variables: dict[str, str | None], name: str) -> str:
    value = variables.get(name)
    if not value:
        raise StartupError(f"{name} is not set: run `make run` once, or set it in the environment.")
    return value


def _read_name(text: str) -> str:
    if not text.strip() or len(text) > _NAME_MAX_CHARACTERS or not text.isprintable():
        raise argparse.ArgumentTypeError(f"give one line of at most {_NAME_MAX_CHARACTERS} characters")
    return text.strip()


def _read_scopes(text: str) -> Sequence[str]:
    scopes = list(dict.fromkeys(name.strip() for name in text.split(",")))
    if not set(scopes) <= set(SCOPES):
        raise argparse.ArgumentTypeError(f"give some of {', '.join(SCOPES)}, comma-separated")
    return scopes


def _read_rate(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,6})/minute", text)
    if match is None:
        raise argparse.ArgumentTypeError("give requests a minute, such as 60/minute")
    return int(match.group(1))
