"""One record of the log, read into jsonlog's fields, or refused for a reason that can stand in quarantine."""

import pytest

from dagster_project.audit_log.errors import UnreadableRecord
from dagster_project.audit_log.formats import CSVLOG_COLUMNS, parse_record
from tests.dagster_project.audit_log.lines import AT, csv_line, json_line

SECRET = "Zora Quillfeather"


def test_a_jsonlog_line_is_its_fields() -> None:
    record = parse_record(json_line("statement: select 'é'", query_id=-7).rstrip(b"\n"), "jsonlog")

    assert record == {
        "timestamp": AT, "user": "ada", "dbname": "d", "error_severity": "LOG", "message": "statement: select 'é'",
        "query_id": -7,
    }  # fmt: skip


def test_a_csvlog_record_reads_as_the_same_fields_as_the_jsonlog_line() -> None:
    message = "statement: select \"full name\",\n  'a,b'\nfrom t"
    fields = {"detail": "Parameters: $1 = 'x'", "pid": 12, "line_num": 3, "query_id": 99, "state_code": "00000"}

    from_csv = parse_record(csv_line(message, **fields).rstrip(b"\n"), "csvlog")

    assert from_csv == parse_record(json_line(message, **fields).rstrip(b"\n"), "jsonlog")


def test_csvlog_of_older_servers_has_fewer_columns() -> None:
    assert parse_record(csv_line("old", columns=24).rstrip(b"\n"), "csvlog")["message"] == "old"
    assert len(CSVLOG_COLUMNS) == 26


@pytest.mark.parametrize(
    ("log_format", "content", "reason"),
    [
        ("jsonlog", b'{"timestamp": "\xff"}', "not_utf8"),
        ("jsonlog", json_line("a\x00b"), "null_character"),
        ("jsonlog", b'{"timestamp": "2026-03-01', "not_json"),
        ("jsonlog", b'["2026-03-01 10:00:00 UTC"]', "not_an_object"),
        ("jsonlog", json_line("m", at="yesterday"), "no_timestamp"),
        ("jsonlog", b'{"message": "m"}', "no_timestamp"),
        ("jsonlog", json_line("m", at="2026-02-30 10:00:00 UTC"), "impossible_timestamp"),
        ("jsonlog", json_line("m", line_num="twelve"), "not_a_number"),
        ("csvlog", b'2026-03-01 10:00:00 UTC,"open', "not_csv"),
        ("csvlog", b"2026-03-01 10:00:00 UTC,ada,d", "unknown_column_count"),
        ("csvlog", csv_line("m", pid="twelve"), "not_a_number"),
    ],
)
def test_a_record_that_cannot_be_read_says_why_and_never_what_it_holds(log_format, content, reason) -> None:
    with pytest.raises(UnreadableRecord) as raised:
        parse_record(content.rstrip(b"\n"), log_format)

    assert str(raised.value) == reason


def test_the_reason_does_not_quote_the_line() -> None:
    with pytest.raises(UnreadableRecord) as raised:
        parse_record(f"{{{SECRET}".encode(), "jsonlog")

    assert SECRET not in str(raised.value)
