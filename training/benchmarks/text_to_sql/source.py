"""A benchmark's folder: a schema, its tables as CSV files, and questions with their SQL. Read and checked here.

The folder holds `schema.sql` (CREATE SCHEMA and CREATE TABLE, perhaps with indexes, constraints and comments),
`<table>.csv` for each table, and `pairs.jsonl` with `id`, `question`, `sql`, `question_split` and `query_split` a line.
Called by run.py.
"""

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from training.errors import BadInput

SPLITS = ("question_split", "query_split")
_ALTERED = re.compile(r"alter\s+table\b", re.IGNORECASE)  # sqlglot knows some forms of it as mere text
_CREATED = ("SCHEMA", "TABLE", "INDEX")
_FIELDS = ("id", "question", "sql", *SPLITS)


@dataclass(frozen=True)
class SourceTable:
    """A table of the benchmark: its columns in the order of the schema, and its rows' file."""

    name: str
    columns: tuple[str, ...]
    file: Path


@dataclass(frozen=True)
class SourcePair:
    """A question with its SQL as the benchmark writes it, and the part it has in each split."""

    id: str
    question: str
    sql: str
    parts: dict[str, str]


@dataclass(frozen=True)
class Source:
    """A benchmark that was read whole.

    Attributes:
        schema: The schema that its tables are in.
        ddl: The content of schema.sql.
        tables: Its tables, in the order of schema.sql.
        pairs: Its pairs, in file order.
    """

    schema: str
    ddl: str
    tables: tuple[SourceTable, ...]
    pairs: tuple[SourcePair, ...]


def read_source(folder: Path) -> Source:
    """Reads a benchmark's folder.

    Args:
        folder: The folder.

    Returns:
        What it holds.

    Raises:
        BadInput: A file is missing or not as described; the message names the file, and the line where there is one.
    """
    for name in ("schema.sql", "pairs.jsonl"):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} is no text-to-SQL benchmark: it has no {name}.")
    ddl = (folder / "schema.sql").read_text(encoding="utf-8")
    schema, tables = _tables(ddl, folder)
    for table in tables:
        _check_rows(table)
    return Source(schema, ddl, tables, _pairs(folder / "pairs.jsonl"))


def _tables(ddl: str, folder: Path) -> tuple[str, tuple[SourceTable, ...]]:
    where = folder / "schema.sql"
    try:
        statements = [statement for statement in sqlglot.parse(ddl, read="postgres") if statement is not None]
    except sqlglot.errors.SqlglotError:
        raise BadInput(f"{where} is not PostgreSQL that can be parsed; correct it.") from None
    tables, schemas = [], set()
    for statement in statements:
        kind = statement.args.get("kind") if isinstance(statement, exp.Create) else None
        is_altered = isinstance(statement, exp.Alter | exp.Comment) or _ALTERED.match(statement.sql()) is not None
        if kind not in _CREATED and not is_altered:
            raise BadInput(
                f"{where} may create schemas, tables and indexes, alter tables and comment on them; remove the rest."
            )
        if kind == "TABLE":
            table = statement.find(exp.Table)
            columns = tuple(column.name for column in statement.find_all(exp.ColumnDef))
            tables.append(SourceTable(table.name, columns, folder / f"{table.name}.csv"))
            schemas.add(table.db)
    if len(schemas) != 1 or "" in schemas:
        raise BadInput(f"{where} must create its tables in one schema that it names; it names {len(schemas - {''})}.")
    return schemas.pop(), tuple(tables)


def _check_rows(table: SourceTable) -> None:
    if not table.file.is_file():
        raise BadInput(f"{table.file.parent} has no {table.file.name}, but schema.sql creates the table {table.name}.")
    with table.file.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = tuple(next(rows, ()))
        if header != table.columns:
            raise BadInput(
                f"{table.file} has the columns {', '.join(header) or '(none)'}; "
                f"schema.sql says {', '.join(table.columns)}, in this order."
            )
        for row in rows:
            if len(row) != len(header):
                raise BadInput(
                    f"{table.file}, line {rows.line_num}: {len(row)} values for {len(header)} columns; correct it."
                )


def _pairs(path: Path) -> tuple[SourcePair, ...]:
    pairs, ids = [], set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            pair = _pair(json.loads(line))
        except json.JSONDecodeError:
            raise BadInput(f"{path}, line {number} is not JSON; correct or remove the line.") from None
        except (KeyError, TypeError):
            names = ", ".join(_FIELDS)
            raise BadInput(f"{path}, line {number}: a pair is a JSON object with the texts {names}.") from None
        if pair.id in ids:
            raise BadInput(f"{path}, line {number}: the id {pair.id} stands there twice; give each pair its own.")
        ids.add(pair.id)
        pairs.append(pair)
    if not pairs:
        raise BadInput(f"{path} holds no pair.")
    return tuple(pairs)


def _pair(row: dict[str, Any]) -> SourcePair:
    texts = [row[name] for name in _FIELDS]
    if not all(isinstance(text, str) and text for text in texts):
        raise TypeError
    return SourcePair(*texts[:3], parts=dict(zip(SPLITS, texts[3:], strict=True)))
