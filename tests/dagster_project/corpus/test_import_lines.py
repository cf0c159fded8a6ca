"""A user's file of pairs, line by line: what holds a pair, and the code of what does not."""

import json
from pathlib import Path

import pytest

from dagster_project.corpus.errors import ImportFileError
from dagster_project.corpus.import_lines import MAX_LINE_BYTES, ImportLine, read_lines

PAIR = {"question": "How many orders?", "sql": "select count(*) from orders"}


def lines_of(path: Path, content: str | bytes) -> list[ImportLine]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_lines(path))


@pytest.mark.parametrize(
    ("line", "rejection"),
    [
        (json.dumps(PAIR), None),
        (json.dumps(PAIR | {"id": "a", "note": "more fields do no harm"}), None),
        ("not json", "not_json"),
        ("", "not_json"),
        (json.dumps(PAIR)[:-1], "not_json"),
        ("[" * 100_000, "not_json"),
        (json.dumps([PAIR]), "not_an_object"),
        (json.dumps({"question": "How many orders?"}), "no_sql"),
        (json.dumps(PAIR | {"sql": " \n"}), "no_sql"),
        (json.dumps(PAIR | {"sql": ["select 1"]}), "no_sql"),
        (json.dumps({"sql": "select 1"}), "no_question"),
        (json.dumps(PAIR | {"question": None}), "no_question"),
        (json.dumps(PAIR | {"question": 5}), "no_question"),
        (json.dumps(PAIR | {"question": "How\x00many?"}), "control_characters"),
        (json.dumps(PAIR | {"sql": "select '\x00'"}), "control_characters"),
        (json.dumps(PAIR | {"question": "half of a pair: \ud83d"}), "not_utf8"),
        (json.dumps(PAIR | {"sql": "select " + "1 + " * 10_000 + "1"}), "too_long"),
        (json.dumps(PAIR | {"note": "x" * MAX_LINE_BYTES}), "too_long"),
        (b'{"question": "\xff", "sql": "select 1"}', "not_utf8"),
    ],
)
def test_each_line_holds_a_pair_or_has_its_reason(tmp_path: Path, line: str | bytes, rejection: str | None) -> None:
    encoded = line if isinstance(line, bytes) else line.encode()
    first, second = lines_of(tmp_path / "pairs.jsonl", encoded + b"\n" + json.dumps(PAIR).encode())

    assert (first.number, first.rejection) == (1, rejection)
    # whatever the first line is, the next one is read
    assert (second.number, second.question, second.sql) == (2, PAIR["question"], PAIR["sql"])


@pytest.mark.parametrize(
    ("own_id", "name", "is_number"),
    [("a-1", "a-1", False), (7, "7", True), (1.5, "1.5", True), (None, None, False), (True, None, False),
     (["a"], None, False), ("x" * 201, None, False), ("a\x00", None, False)],
)  # fmt: skip
def test_an_id_is_a_short_text_or_a_number(tmp_path: Path, own_id: object, name: str | None, is_number: bool) -> None:
    (line,) = lines_of(tmp_path / "pairs.jsonl", json.dumps(PAIR | {"id": own_id}))

    assert (line.pair_name, line.is_number, line.rejection) == (name, is_number, None)


def test_a_file_may_begin_with_a_byte_order_mark_and_be_empty(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "a.jsonl", "") == []
    assert lines_of(tmp_path / "a.csv", "") == []
    assert [line.rejection for line in lines_of(tmp_path / "a.jsonl", b"\xef\xbb\xbf" + json.dumps(PAIR).encode())] == [
        None
    ]


def test_csv_has_a_header_quotes_and_lines_within_quotes(tmp_path: Path) -> None:
    content = (
        '\ufeffID,Question,extra,SQL\r\n'
        'a,"Say ""hello"", twice",x,"select count(*)\nfrom orders"\r\n'
        ',How many?,x,select 1\r\n'
        'c,too few fields\r\n'
        'd,,x,select 1\r\n'
    )  # fmt: skip
    lines = lines_of(tmp_path / "pairs.csv", content)

    assert [(line.number, line.pair_name, line.question, line.sql, line.rejection) for line in lines] == [
        (2, "a", 'Say "hello", twice', "select count(*)\nfrom orders", None),
        (4, None, "How many?", "select 1", None),
        (5, None, None, None, "not_csv"),
        (6, "d", None, None, "no_question"),
    ]


def test_csv_may_be_parted_by_semicolons_and_hold_bytes_that_are_no_text(tmp_path: Path) -> None:
    lines = lines_of(tmp_path / "pairs.csv", b"question;sql\nHow many?;select 1\n\xff;select 1\nHow long?;select 2\n")

    assert [line.rejection for line in lines] == [None, "not_utf8", None]


@pytest.mark.parametrize(
    "broken",
    [
        'b,"How many?,select 2',
        'b,How many?,"select 2',
        '"b,How many?,select 2',
        'b,"How" many?,select 2',
        "b,How\rmany?,select 2",
    ],
)
def test_a_quote_that_is_not_closed_takes_no_other_line_along(tmp_path: Path, broken: str) -> None:
    before, behind = "a,First?,select 1", ['c,"Third, or\nnot?",select 3', 'd,Fourth?,"select 4"']
    lines = lines_of(tmp_path / "pairs.csv", "\n".join(["id,question,sql", before, broken, *behind, ""]))

    assert [(line.number, line.pair_name, line.rejection) for line in lines] == [
        (2, "a", None), (3, None, "not_csv"), (4, "c", None), (6, "d", None),
    ]  # fmt: skip


def test_a_csv_field_without_an_end_does_not_take_the_file_along(tmp_path: Path) -> None:
    lines = lines_of(tmp_path / "pairs.csv", 'question,sql\n"' + ("x" * 999 + "\n") * 1100 + "How many?,select 1\n")

    assert lines[0].rejection == "too_long"
    assert {line.rejection for line in lines[1:-1]} == {"not_csv"}
    assert [line.number for line in lines] == list(range(2, 1103))
    assert lines[-1].rejection is None


def test_a_header_that_cannot_be_read_is_refused_like_one_that_is_missing(tmp_path: Path) -> None:
    for content in ("question,sql\rHow many?,select 1\r", f'question,sql,"{"x" * 200_000}"\rx\n'):
        with pytest.raises(ImportFileError, match="header with the columns question and sql"):
            lines_of(tmp_path / "pairs.csv", content)
    with pytest.raises(ImportFileError, match="in UTF-8"):
        lines_of(tmp_path / "pairs.csv", "question,sql\nHow many?,select 1\n".encode("utf-16"))


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "How many orders?,select 1\n", "\n", "\xff\n"])
def test_csv_without_a_header_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    with pytest.raises(ImportFileError, match="header with the columns question and sql"):
        lines_of(tmp_path / "pairs.csv", content)


def test_a_file_that_cannot_be_read_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=r"no such pairs\.jsonl cannot be read"):
        list(read_lines(tmp_path / "no such pairs.jsonl"))
    with pytest.raises(ImportFileError, match="cannot be read"):
        list(read_lines(tmp_path))


def test_equal_lines_have_equal_hashes_and_others_have_not(tmp_path: Path) -> None:
    lines = lines_of(tmp_path / "pairs.jsonl", "x\nx\ny\n")

    assert lines[0].content_hash == lines[1].content_hash != lines[2].content_hash
