"""What one record of the log says, as jsonlog's fields whatever format it came in. Called by `ingest.py`.

Formats: https://www.postgresql.org/docs/18/runtime-config-logging.html (sections "Using CSV-Format Log Output" and
"Using JSON-Format Log Output").
"""

import csv
import json
import re
from datetime import datetime

from dagster_project.audit_log.errors import UnreadableRecord
from dagster_project.audit_log.records import LogFormat

# jsonlog's names for csvlog's columns, in csvlog's order.
CSVLOG_COLUMNS = (
    "timestamp", "user", "dbname", "pid", "connection_from", "session_id", "line_num", "ps", "session_start", "vxid",
    "txid", "error_severity", "state_code", "message", "detail", "hint", "internal_query", "internal_position",
    "context", "statement", "cursor_position", "func_name", "application_name", "backend_type", "leader_pid",
    "query_id",
)  # fmt: skip
_NUMBERS = frozenset({"pid", "line_num", "txid", "internal_position", "cursor_position", "leader_pid", "query_id"})
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \S+")


def parse_record(content: bytes, log_format: LogFormat) -> dict:
    """Reads one record.

    Args:
        content: the record's bytes.
        log_format: the format of its file.

    Returns:
        The record's fields under jsonlog's names; absent or empty fields are left out.

    Raises:
        UnreadableRecord: it cannot be read; the message is a stable reason.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableRecord("not_utf8") from error
    if "\\u0000" in text or "\x00" in text:
        raise UnreadableRecord("null_character")  # jsonb cannot hold it
    fields = _parse_json(text) if log_format == "jsonlog" else _parse_csv(text)
    timestamp = str(fields.get("timestamp", ""))
    if not _TIMESTAMP.fullmatch(timestamp):
        raise UnreadableRecord("no_timestamp")
    try:
        datetime.fromisoformat(timestamp[:19])
    except ValueError as error:
        raise UnreadableRecord("impossible_timestamp") from error
    return fields


def _parse_json(text: str) -> dict:
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableRecord("not_json") from error
    if not isinstance(fields, dict):
        raise UnreadableRecord("not_an_object")
    if any(not isinstance(fields.get(name, 0), int) for name in _NUMBERS):
        raise UnreadableRecord("not_a_number")
    return fields


def _parse_csv(text: str) -> dict:
    try:
        (values,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError) as error:
        raise UnreadableRecord("not_csv") from error
    if len(values) not in (24, 25, 26):  # 24 columns in PostgreSQL 13, leader_pid since 14, query_id since 14
        raise UnreadableRecord("unknown_column_count")
    fields: dict = {}
    for name, value in zip(CSVLOG_COLUMNS, values, strict=False):
        if value == "":
            continue
        if name in _NUMBERS:
            try:
                fields[name] = int(value)
            except ValueError as error:
                raise UnreadableRecord("not_a_number") from error
        else:
            fields[name] = value
    return fields
