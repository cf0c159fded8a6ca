"""Lines as a PostgreSQL server writes them, for the tests of the ingest."""

import csv
import io
import json

from dagster_project.audit_log.formats import CSVLOG_COLUMNS

AT = "2026-03-01 10:00:00.000 UTC"


def json_line(message: str, at: str = AT, **fields: object) -> bytes:
    """One complete line of a jsonlog."""
    line = {"timestamp": at, "user": "ada", "dbname": "d", "error_severity": "LOG", "message": message, **fields}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def csv_line(message: str, at: str = AT, columns: int = 26, **fields: object) -> bytes:
    """One complete record of a csvlog, quoted as the server quotes it."""
    line = {"timestamp": at, "user": "ada", "dbname": "d", "error_severity": "LOG", "message": message, **fields}
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([line.get(name, "") for name in CSVLOG_COLUMNS[:columns]])
    return text.getvalue().encode()
