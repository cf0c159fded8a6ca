"""The statement that each candidate pair stands for on the business, personal values in clear.

Called by `validation.py`. What it returns is raw: it is run by `parity.py`, and goes into no table, log or message.
A statement of the log is read from its line. Others (feedback, reviews, imports, purged lines) hold surrogates, which
are put back by looking for the values behind them; that is believed only if their pseudonyms are the candidate again.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import psycopg
from psycopg import sql

_RAW_LINES = (Path(__file__).parent / "raw_lines.sql").read_text()
# by constants, which reach the index of raw_audit.log_lines; a join would read the whole log
_RAW_STATEMENTS = (
    "select byte_offset, staging.statement_body(bound_statement) from staging.stg_audit__statements"
    " where log_file = %s and byte_offset = any(%s) and bound_statement is not null"
)
_CANDIDATE_TOKENS = (Path(__file__).parent / "candidate_tokens.sql").read_text()
_SURROGATES = (
    "select distinct pii_class, lower(surrogate), value_hash from privacy.surrogate_index"
    " where lower(surrogate) = any(%s)"
)
_TAGGED_COLUMNS = "select table_schema, table_name, column_name from privacy.tagged_columns where pii_class = any(%s)"
_VALUES_BEHIND = (
    "select distinct privacy.value_hash({column}::text), {column}::text from {table}"
    " where privacy.value_hash({column}::text) = any(%s)"
)
# token, whether it is a literal, what it was if it is a date that was moved; None where it cannot be told
_Token = tuple[str, bool, str | None]


def production_statements(owner: psycopg.Connection, candidate_ids: Sequence[str]) -> dict[str, str]:
    """Finds the statements that candidates stand for.

    Args:
        owner: Connection of auditune_owner, in autocommit mode.
        candidate_ids: Rows of `intermediate.int_pair_candidates`.

    Returns:
        Candidate → statement on the business; without those whose values cannot be told.
    """
    found = _as_logged(owner, candidate_ids)
    others = [candidate_id for candidate_id in candidate_ids if candidate_id not in found]
    return {**found, **_restored(owner, others)} if others else found


def _as_logged(owner: psycopg.Connection, candidate_ids: Sequence[str]) -> dict[str, str]:
    """The statements whose lines are still there: they are purged in time."""
    places = owner.execute(_RAW_LINES, {"candidate_ids": list(candidate_ids)}).fetchall()
    statements: dict[tuple[str, int], str] = {}
    for log_file in {log_file for _, log_file, _ in places}:
        offsets = [offset for _, name, offset in places if name == log_file]
        rows = owner.execute(_RAW_STATEMENTS, [log_file, offsets]).fetchall()
        statements.update({(log_file, offset): statement for offset, statement in rows})
    return {
        candidate_id: statements[log_file, offset]
        for candidate_id, log_file, offset in places
        if (log_file, offset) in statements
    }


def _restored(owner: psycopg.Connection, candidate_ids: list[str]) -> dict[str, str]:
    rows = owner.execute(_CANDIDATE_TOKENS, {"candidate_ids": candidate_ids}).fetchall()
    tokens = {key: [row[1:] for row in group] for key, group in groupby(rows, key=lambda row: row[0])}
    literals = {_inner(token) for row in tokens.values() for token, is_literal, _ in row if is_literal}
    values = _values_behind(owner, literals)
    restored = {
        key: ("".join(token for token, _, _ in row), "".join(_original(token, values) for token in row))
        for key, row in tokens.items()
        if all(before is not None for _, _, before in row)
    }
    keys = list(restored)
    again = owner.execute(
        "select privacy.pseudonymize_sql(statement)"
        " from unnest(%s::text[]) with ordinality as statements (statement, i) order by i",
        [[restored[key][1] for key in keys]],
    ).fetchall()
    return {key: restored[key][1] for key, (text,) in zip(keys, again, strict=True) if text == restored[key][0]}


def _values_behind(owner: psycopg.Connection, literals: set[str]) -> dict[str, str]:
    """The value of a tagged column behind each surrogate among the literals; where several have it, any will do."""
    surrogates = owner.execute(_SURROGATES, [sorted(literals)]).fetchall()
    if not surrogates:
        return {}
    columns = owner.execute(_TAGGED_COLUMNS, [sorted({pii_class for pii_class, _, _ in surrogates})]).fetchall()
    hashes = list({value_hash for _, _, value_hash in surrogates})
    by_hash: dict[bytes, str] = {}
    for schema, table, column in columns:
        statement = sql.SQL(_VALUES_BEHIND).format(column=sql.Identifier(column), table=sql.Identifier(schema, table))
        by_hash.update({bytes(value_hash): value for value_hash, value in owner.execute(statement, [hashes])})
    return {
        surrogate: by_hash[bytes(value_hash)] for _, surrogate, value_hash in surrogates if bytes(value_hash) in by_hash
    }


def _inner(literal: str) -> str:
    """What a plain literal says, in lower case, without the wildcards of a pattern at its ends."""
    return literal.strip("'").replace("''", "'").strip("%").lower()


def _original(token: _Token, values: Mapping[str, str]) -> str:
    """The token with the value behind it, where it is a surrogate or a moved date."""
    text, is_literal, before = token
    if not is_literal or not text.startswith("'"):
        return text
    if before != text:
        return before
    said = text[1:-1].replace("''", "'")
    value = values.get(_inner(text))
    if value is None:
        return text
    bare = said.strip("%")
    value = value.lower() if bare == bare.lower() else value.upper() if bare == bare.upper() else value
    return "'" + said.replace(bare, value).replace("'", "''") + "'"
