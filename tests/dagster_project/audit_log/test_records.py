"""Where the records of a file start and end."""

import io

import pytest

from dagster_project.audit_log import csvlog as csvlog_module
from dagster_project.audit_log import records as records_module
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


def server_csv_line(message: str) -> bytes:
    """A record as the server itself quotes it: every text, whether it need be or not."""
    quoted = message.replace('"', '""')
    return (
        f'2026-03-01 10:00:00.000 UTC,"ada","d",12,"[local]",69a4.1f,3,"SELECT",2026-03-01 10:00:00 UTC,3/4,0,LOG,00000'
        f',"{quoted}",,,,,,,,,"psql","client backend",,0\n'
    ).encode()


@pytest.mark.parametrize(
    "broken",
    [
        server_csv_line("a").replace(b'"a"', b'"a'),
        server_csv_line("a").replace(b'"a"', b'a"'),
        server_csv_line("a")[:90] + b"\n",
        server_csv_line("two\nlines").replace(b'lines"', b"lines"),
        server_csv_line("a").replace(b'"a"', b'"a') * 2,  # the one closes the other's quote
        b'the rest of a record"\n',
    ],
)
def test_a_broken_record_of_a_csvlog_takes_none_behind_it_along(broken: bytes) -> None:
    good = [server_csv_line("select 'x',\n\"y\""), server_csv_line('"quoted" at its start'), server_csv_line("last")]

    found = records(good[0] + broken + b"".join(good), log_format="csvlog")

    contents = [content + b"\n" for _, _, content in found]
    assert contents[0] == good[0]
    assert contents[-3:] == good
    assert [start for start, _, _ in found[1:]] == [end for _, end, _ in found[:-1]]


def test_a_piece_of_a_log_inside_a_statement_does_not_split_it() -> None:
    pasted = server_csv_line("pasted").decode() + "2026-03-01 10:00:00.000 UTC,,,1,,69a4.1f,1,,x\n"
    whole = server_csv_line(f"/*\n{pasted}*/ select 1")

    assert len(records(whole + server_csv_line("next"), log_format="csvlog")) == 2


@pytest.mark.parametrize(("log_format", "make"), [("jsonlog", json_line), ("csvlog", csv_line)])
def test_a_record_that_is_too_long_is_passed_over_without_being_held(log_format, make, monkeypatch) -> None:
    for module in (records_module, csvlog_module):
        monkeypatch.setattr(module, "MAX_RECORD_BYTES", 2_000)
    long = make("statement: select\n" + "x" * 5_000 + "\n1")
    file = io.BytesIO(make("one") + long + make("three"))

    one, two, three = read_records(file, 0, log_format)

    assert (one.is_too_long, two.is_too_long, three.is_too_long) == (False, True, False)
    assert (two.end - two.offset, len(two.content)) == (len(long), 1024)
    assert three.content == make("three").rstrip(b"\n")


def test_a_file_is_known_by_its_first_line_and_by_more_where_that_is_broken() -> None:
    first, second = json_line("first"), json_line("second")

    assert identify("a", [first]) == identify("b", [first])
    broken = identify("a", [b"{broken\n", first])
    assert broken[1] == "jsonlog"
    assert broken[0] != identify("a", [b"{broken\n", second])[0]
