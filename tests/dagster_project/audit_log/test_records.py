"""Where the records of a file start and end."""

import io

import pytest

from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.records import identify, read_records
from tests.dagster_project.audit_log.lines import csv_line, json_line


def records(content: bytes, start: int = 0, log_format: str = "jsonlog") -> list[tuple[int, int, bytes]]:
    file = io.BytesIO(content)
    file.seek(start)
    return [(r.offset, r.end, r.content) for r in read_records(file, start, log_format)]


def test_each_line_is_a_record_with_its_place_in_bytes() -> None:
    assert records("{é}\n{b}\n".encode()) == [(0, 5, "{é}".encode()), (5, 9, b"{b}")]


def test_reading_goes_on_where_it_stopped() -> None:
    assert records(b"{a}\n{b}\n", start=4) == [(4, 8, b"{b}")]


def test_an_unfinished_last_line_is_left_for_the_next_time() -> None:
    assert records(b"{a}\n{b") == [(0, 4, b"{a}")]


def test_windows_line_ends_are_no_part_of_a_record() -> None:
    assert records(b"{a}\r\n{b}\r\n") == [(0, 5, b"{a}"), (5, 10, b"{b}")]


def test_a_line_break_inside_quotes_does_not_end_a_csvlog_record() -> None:
    first, second = csv_line("statement: select \"a\",\n'b'\nfrom t"), csv_line("statement: select 2")

    assert records(first + second, log_format="csvlog") == [
        (0, len(first), first.rstrip(b"\n")),
        (len(first), len(first + second), second.rstrip(b"\n")),
    ]


def test_a_csvlog_record_whose_quote_is_still_open_is_unfinished() -> None:
    whole = csv_line("statement: select 1")

    assert len(records(whole + b'2026-03-01 10:00:00 UTC,"ada\n', log_format="csvlog")) == 1


@pytest.mark.parametrize(
    ("content", "log_format"),
    [
        (json_line("m"), "jsonlog"),
        (csv_line("m"), "csvlog"),
        (csv_line("two\nlines"), "csvlog"),
    ],
)
def test_the_first_line_tells_the_format(content: bytes, log_format: str) -> None:
    assert identify("postgresql.log", [content.splitlines(keepends=True)[0]])[1] == log_format


def test_a_log_for_people_is_refused_with_what_to_set() -> None:
    with pytest.raises(AuditLogError, match="log_destination = 'jsonlog'"):
        identify("postgresql.log", [b"2026-03-01 10:00:00 UTC [12] LOG:  statement: select 1, 2, 3, 4, 5, 6, 7\n"])


def test_the_unfinished_end_of_a_file_that_is_whole_is_a_record() -> None:
    found = read_records(io.BytesIO(b"{a}\n{b"), 0, "jsonlog", is_whole=True)
    assert [(record.offset, record.content) for record in found] == [(0, b"{a}"), (4, b"{b")]
