"""Reads a user's file of pairs, JSON lines or CSV, line by line in bounded memory. Called by `import_pairs.py`.

A line that holds no pair is no error: it comes out with the code that says why (dbt's seed `rejection_reasons`).
"""

import csv
import hashlib
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from dagster_project.corpus.errors import ImportFileError
from training.sql.parse import MAX_CHARACTERS

MAX_LINE_BYTES = 1 << 20
MAX_QUESTION_CHARACTERS = 10_000  # the var max_question_characters is smaller; this bounds the work on what is kept
MAX_ID_CHARACTERS = 200
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = (",", ";", "\t")  # Excel writes a semicolon where the comma is the decimal sign


@dataclass(frozen=True)
class ImportLine:
    """One line of the file; of CSV, one record.

    Attributes:
        number: its line in the file, from 1; of a CSV record the first.
        content_hash: SHA-256 of what stands in it, as 64 hexadecimal digits.
        pair_name: its own id, if it has one.
        is_number: whether that id is a number in the file.
        question: the question; None where the line holds no pair.
        sql: the SQL; None where the line holds no pair.
        rejection: why it holds no pair; None where it holds one.
    """

    number: int
    content_hash: str
    pair_name: str | None = None
    is_number: bool = False
    question: str | None = None
    sql: str | None = None
    rejection: str | None = None


def read_lines(path: Path) -> Iterator[ImportLine]:
    """Reads a file of pairs: CSV where its name ends in .csv or .tsv, else JSON lines.

    Args:
        path: the file, in UTF-8, with or without a byte order mark.

    Yields:
        One item a line, in order.

    Raises:
        ImportFileError: it cannot be read, or is CSV without a header that names question and sql.
    """
    try:
        with path.open("rb") as file:
            lines = _bounded_lines(file)
            yield from _csv_records(lines) if path.suffix.lower() in (".csv", ".tsv") else map(_json_line, lines)
    except OSError as error:
        reason = error.strerror or error.__class__.__name__
        raise ImportFileError(f"{path} cannot be read ({reason}): give the path of a .jsonl or .csv file.") from None


@dataclass(frozen=True)
class _RawLine:
    number: int
    content: bytes
    is_cut: bool


def _bounded_lines(file: BinaryIO) -> Iterator[_RawLine]:
    """The lines of a file, none longer than the limit: what is behind it is skipped."""
    number = 0
    while content := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        is_cut = len(content) > MAX_LINE_BYTES
        rest = content
        while is_cut and rest and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES)
        yield _RawLine(number, content.removeprefix(_BOM) if number == 1 else content, is_cut)


def _json_line(line: _RawLine) -> ImportLine:
    content_hash = hashlib.sha256(line.content).hexdigest()
    if line.is_cut:
        return ImportLine(line.number, content_hash, rejection="too_long")
    try:
        item = json.loads(line.content.decode())
    except UnicodeDecodeError:
        return ImportLine(line.number, content_hash, rejection="not_utf8")
    except (ValueError, RecursionError):
        return ImportLine(line.number, content_hash, rejection="not_json")
    if not isinstance(item, dict):
        return ImportLine(line.number, content_hash, rejection="not_an_object")
    return _pair(line.number, content_hash, item.get("question"), item.get("sql"), item.get("id"))


def _csv_records(lines: Iterator[_RawLine]) -> Iterator[ImportLine]:
    first = next(lines, None)
    if first is None:
        return
    header, delimiter = _header(first)
    csv.field_size_limit(MAX_LINE_BYTES)
    waiting: deque[_RawLine] = deque()

    def texts(taken: list[_RawLine]) -> Iterator[str]:
        """The next lines, one by one; noted in `taken`, so that they can be read otherwise."""
        while line := waiting.popleft() if waiting else next(lines, None):
            taken.append(line)
            yield line.content.decode("utf-8", "surrogateescape")

    while True:
        taken: list[_RawLine] = []
        fields, rejection = _next_record(csv.reader(texts(taken), delimiter=delimiter, strict=True))
        if not taken:
            return
        if rejection is None and len(fields) != len(header):
            rejection = "not_csv"
        if taken[0].is_cut:
            rejection = "too_long"
        if rejection:
            # A quote that nobody has closed took other lines with it: they are read as records of their own.
            waiting.extendleft(reversed(taken[1:]))
            yield ImportLine(taken[0].number, hashlib.sha256(taken[0].content).hexdigest(), rejection=rejection)
            continue
        record = dict(zip(header, fields, strict=True))
        yield _pair(taken[0].number, _hash_of(fields), record["question"], record["sql"], record.get("id") or None)


def _next_record(reader: Iterator[list[str]]) -> tuple[list[str], str | None]:
    """The fields of the next record, or none and why."""
    try:
        return next(reader, []), None
    except csv.Error as error:
        return [], "too_long" if "field larger than" in str(error) else "not_csv"


def _header(line: _RawLine) -> tuple[list[str], str]:
    """The names of the columns, in lower case, and the delimiter between them."""
    text = line.content.decode("utf-8", "replace").rstrip("\r\n")
    for delimiter in _DELIMITERS:
        fields, _ = _next_record(csv.reader([text], delimiter=delimiter))
        names = [name.strip().lower() for name in fields]
        if {"question", "sql"} <= set(names):
            return names, delimiter
    raise ImportFileError(
        "The CSV file has no header with the columns question and sql (and id, if you like) in UTF-8: add it."
    )


def _pair(number: int, content_hash: str, question: Any, sql: Any, own_id: Any) -> ImportLine:
    is_number = isinstance(own_id, int | float) and not isinstance(own_id, bool)
    name = str(own_id) if is_number or isinstance(own_id, str) else None
    if name is not None and (len(name) > MAX_ID_CHARACTERS or not _is_text(name)):
        name = None
    rejection = _text_problem(question, "no_question", MAX_QUESTION_CHARACTERS)
    rejection = rejection or _text_problem(sql, "no_sql", MAX_CHARACTERS)
    if rejection:
        return ImportLine(number, content_hash, name, is_number, rejection=rejection)
    return ImportLine(number, content_hash, name, is_number, question, sql)


def _text_problem(value: Any, missing: str, longest: int) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return missing
    if len(value) > longest:
        return "too_long"
    if "\x00" in value:
        return "control_characters"
    return None if _is_text(value) else "not_utf8"


def _is_text(value: str) -> bool:
    """Whether PostgreSQL can store it: no NUL, no half of a surrogate pair, which is how undecodable bytes come too."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _hash_of(fields: list[str]) -> str:
    return hashlib.sha256("\x1f".join(fields).encode("utf-8", "surrogatepass")).hexdigest()
