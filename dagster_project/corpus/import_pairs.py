"""Brings a user's own pairs into the corpus by the road that all pairs take, and gives a verdict on each line.

Called by `python -m dagster_project.corpus import`. The road: the warehouse's candidates are built anew, so that the
index of personal values is of now; the lines are stored pseudonymized; the candidates are judged in the sandbox; dbt
compares them and builds the corpus. An import that was interrupted is simply run again.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from dagster_project.corpus.import_lines import ImportLine, read_lines
from dagster_project.corpus.validation import judge_new_candidates
from dagster_project.dbt_manifest import run_dbt
from dagster_project.warehouse.connect import connect
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.settings import Warehouse

_INSERT = Path(__file__).with_name("insert_imported_pairs.sql")
_VERDICTS = Path(__file__).with_name("import_verdicts.sql")
_BATCH = 200
_LINES_OF_THIS_RUN = "create temp table import_lines (line_number integer, line_hash text, is_number boolean)"
# What dbt builds before the lines are stored (all, where it has never been built), once they are, and once they are
# judged. Its data tests guard the last.
_WITHOUT_TESTS = ("--exclude-resource-type", "test", "unit_test")
_ALL = ("build", *_WITHOUT_TESTS)
_CANDIDATES = ("build", "--select", "+int_pair_candidates", "+schema_catalog", "rejection_reasons", *_WITHOUT_TESTS)
_NEW_CANDIDATES = ("run", "--select", "stg_training__imported_pairs", "int_pair_candidates")
_CORPUS = ("build", "--select", "int_pairs_judged+", "--exclude-resource-type", "unit_test")


def import_pairs(warehouse: Warehouse, path: Path, tell: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Imports a file.

    Args:
        warehouse: the warehouse, set up; its dbt project has perhaps never been built.
        path: a file of JSON lines, or CSV.
        tell: told a sentence about each step.

    Yields:
        `{"line", "id", "verdict", "reason"}` for each line of the file, in its order. No text of a pair is in it, and
        an id that is a person's value is its pseudonym.

    Raises:
        ImportFileError: the file cannot be read; nothing has been built or stored then.
        WarehouseError: there is no business that the pairs could be about.
        dagster_project.dbt_manifest.DbtError: dbt failed.
    """
    next(read_lines(path), None)  # what is wrong with the file itself is said at once
    file_name = path.name.encode(errors="backslashreplace").decode()  # a name need not be UTF-8
    tell("Building the warehouse's candidates ...")
    run_dbt(warehouse, *(_CANDIDATES if _is_built(warehouse) else _ALL))
    with connect(warehouse.dsn, "AUDITUNE_DSN") as connection:
        tell(f"Storing the lines of {file_name}, pseudonymized ...")
        stored = _store(connection, path, file_name)
        tell(f"{stored} lines stored. Judging new candidates in the sandbox ...")
        run_dbt(warehouse, *_NEW_CANDIDATES)
        judge_new_candidates(warehouse, connection, lambda done, total: tell(f"{done} of {total} judged"))
        tell("Building the corpus ...")
        run_dbt(warehouse, *_CORPUS)
        yield from _verdicts(connection, file_name)


def _is_built(warehouse: Warehouse) -> bool:
    """Whether the dbt project has been built on the warehouse, and there is a business to build it on."""
    with connect(warehouse.dsn, "AUDITUNE_DSN") as connection:
        missing = [
            schema
            for schema in warehouse.schemas
            if connection.execute("select to_regnamespace(%s)", [schema]).fetchone()[0] is None
        ]
        if missing:
            raise WarehouseError(
                f"The warehouse has no schema {', '.join(missing)}: set AUDITUNE_SCHEMAS to the business schemas that "
                "the pairs are about, or run `make run`, which makes the sample's."
            )
        return connection.execute("select to_regclass('corpus.corpus_quality')").fetchone()[0] is not None


def _store(connection: psycopg.Connection, path: Path, file_name: str) -> int:
    """Stores the lines that are not stored yet, and notes all of them; returns how many the file has."""
    connection.execute(_LINES_OF_THIS_RUN)
    lines, count = read_lines(path), 0
    while batch := list(islice(lines, _BATCH)):
        try:
            _insert(connection, file_name, batch)
        except psycopg.DataError:
            # A literal that its personal column's type does not take (a birth date '2024-99-99') has no pseudonym.
            for line in batch:
                _insert_or_reject(connection, file_name, line)
        count += len(batch)
    connection.execute("analyze pg_temp.import_lines")
    return count


def _insert_or_reject(connection: psycopg.Connection, file_name: str, line: ImportLine) -> None:
    try:
        _insert(connection, file_name, [line])
    except psycopg.DataError:
        own_id = {"pair_name": line.pair_name, "is_number": line.is_number}
        rejected = ImportLine(line.number, line.content_hash, rejection="runtime_error", **own_id)
        _insert(connection, file_name, [rejected])


def _insert(connection: psycopg.Connection, file_name: str, lines: Iterable[ImportLine]) -> None:
    lines = list(lines)
    connection.execute(
        _INSERT.read_text(),
        {
            "file_name": file_name,
            "numbers": [line.number for line in lines],
            "hashes": [line.content_hash for line in lines],
            "names": [line.pair_name for line in lines],
            "are_numbers": [line.is_number for line in lines],
            "questions": [line.question for line in lines],
            "statements": [line.sql for line in lines],
            "rejections": [line.rejection for line in lines],
        },
    )


def _verdicts(connection: psycopg.Connection, file_name: str) -> Iterator[dict[str, Any]]:
    with connection.transaction(), connection.cursor(name="verdicts") as cursor:
        cursor.execute(_VERDICTS.read_text(), {"file_name": file_name})
        for number, name, is_number, reason in cursor:
            verdict = "reject" if reason else "accept"
            yield {"line": number, "id": _own_id(name, is_number), "verdict": verdict, "reason": reason}


def _own_id(name: str | None, is_number: bool) -> str | int | float | None:
    """The id as the file has it: a number is one again."""
    if name is None or not is_number:
        return name
    try:
        return json.loads(name)
    except ValueError:  # a pseudonym
        return name
