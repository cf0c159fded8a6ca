"""The text-to-SQL benchmark's folder: what is read from it, and the one sentence for each way in which it is bad."""

import json

import pytest

from tests.training.benchmarks.toy_benchmark import ANIMALS, SCHEMA, pair_rows, write_benchmark
from training.benchmarks.__main__ import main
from training.benchmarks.text_to_sql.source import read_source


def test_a_folder_is_read_whole(tmp_path):
    source = read_source(write_benchmark(tmp_path))
    assert source.schema == "zoo"
    assert [(table.name, table.columns) for table in source.tables] == [
        ("keeper", ("keeper_id", "name")),
        ("animal", ("animal_name", "legs", "keeper_id")),
    ]
    assert len(source.pairs) == 32
    assert source.pairs[-1].parts == {"question_split": "train", "query_split": "dev"}


def test_a_schema_may_have_indexes_constraints_and_comments(tmp_path):
    folder = write_benchmark(tmp_path)
    more = (
        "create index on zoo.animal (legs); alter table zoo.animal add check (legs >= 0); "
        "comment on table zoo.animal is 'one row per animal';"
    )
    (folder / "schema.sql").write_text(SCHEMA + more)
    assert [table.name for table in read_source(folder).tables] == ["keeper", "animal"]


BROKEN = {
    "no schema": ("schema.sql", None, "has no schema.sql"),
    "no pairs": ("pairs.jsonl", None, "has no pairs.jsonl"),
    "no rows of a table": ("animal.csv", None, "no animal.csv, but schema.sql creates the table animal"),
    "schema that is no SQL": ("schema.sql", "create tabel (;", "schema.sql"),
    "schema that does more": ("schema.sql", SCHEMA + "drop table zoo.keeper;", "remove the rest"),
    "schema that says no schema": ("schema.sql", "create table animal (legs integer);", "one schema that it names"),
    "other columns": ("animal.csv", ANIMALS.replace("legs,", "wings,"), "animal_name, legs, keeper_id, in this order"),
    "a short line": ("animal.csv", ANIMALS + "dog,4\n", "line 6: 2 values for 3 columns"),
    "a broken line": ("pairs.jsonl", '{"id": "z0"\n', "line 1 is not JSON"),
    "a pair without SQL": ("pairs.jsonl", '{"id": "z0", "question": "why"}\n', "line 1: a pair is a JSON object"),
    "a list for a pair": ("pairs.jsonl", "[1]\n", "line 1: a pair is a JSON object"),
    "no pair": ("pairs.jsonl", "\n", "holds no pair"),
    "an id twice": ("pairs.jsonl", f"{json.dumps(pair_rows()[0])}\n" * 2, "line 2: the id z0 stands there twice"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_folder_gets_one_sentence(case, tmp_path, capsys):
    name, content, expected = BROKEN[case]
    folder = write_benchmark(tmp_path / "zoo")
    (folder / name).unlink() if content is None else (folder / name).write_text(content)
    assert main(["text_to_sql", "--data", str(folder), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
