"""What one record of the log says, as jsonlog's fields whatever format it came in. Called by `ingest.py`.

Formats: https://www.postgresql.org/docs/18/runtime-config-logging.html (sections "Using CSV-Format Log Output" and
"Using JSON-Format Log Output").
"""

import json
import re
from datetime import datetime

from dagster_project.audit_log.csvlog import split_fields
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
_BIGINT = range(-(2**63), 2**63)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})? \S+", re.ASCII)
_SESSION = re.compile(r"[0-9a-f]{1,16}\.[0-9a-f]{1,8}")
# What Amazon RDS writes where a line is longer than the 1 MB that it hands out at once: the line's rest is not there.
_CUT_BY_RDS = b"[Your log message was truncated]"


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
    if _CUT_BY_RDS in content:
        raise UnreadableRecord("truncated_by_rds")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableRecord("not_utf8") from error
    if "\x00" in text:
        raise UnreadableRecord("null_character")  # jsonb cannot hold it
    fields = _parse_json(text) if log_format == "jsonlog" else _parse_csv(text)
    if not _SESSION.fullmatch(str(fields.get("session_id", "0.0"))):
        raise UnreadableRecord("no_session")  # a line is known by it
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
    except RecursionError as error:
        raise UnreadableRecord("nested_too_deep") from error
    except ValueError as error:  # JSONDecodeError, or an integer of thousands of digits
        raise UnreadableRecord("not_json") from error
    if not isinstance(fields, dict):
        raise UnreadableRecord("not_an_object")
    if "\\u" in text:
        _check_escaped(fields)
    for name, value in fields.items():
        if name in _NUMBERS:
            if type(value) is not int or value not in _BIGINT:
                raise UnreadableRecord("not_a_number")
        elif type(value) not in (str, int):  # PostgreSQL writes texts and whole numbers, nothing else
            raise UnreadableRecord("unknown_value")
    return fields


def _check_escaped(fields: dict) -> None:
    """Refuses what JSON can write and jsonb cannot hold: the null character, and half of a surrogate pair."""
    text = json.dumps(fields, ensure_ascii=False)
    if "\\u0000" in text.replace("\\\\", ""):
        raise UnreadableRecord("null_character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnreadableRecord("half_a_surrogate_pair") from error


def _parse_csv(text: str) -> dict:
    fields: dict = {}
    for name, value in zip(CSVLOG_COLUMNS, split_fields(text), strict=False):
        if value == "":
            continue
        if name in _NUMBERS:
            try:
                fields[name] = int(value)
            except ValueError as error:
                raise UnreadableRecord("not_a_number") from error
            if fields[name] not in _BIGINT:
                raise UnreadableRecord("not_a_number")
        else:
            fields[name] = value
    return fields
