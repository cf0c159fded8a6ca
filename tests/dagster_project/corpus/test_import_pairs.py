"""A user's own pairs go the road of all pairs, and come out again as other trainers read them."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pandas
import psycopg
import pytest

from dagster_project.corpus.__main__ import main
from dagster_project.corpus.export_pairs import FORMATS, PARTS, export_pairs
from dagster_project.corpus.import_pairs import import_pairs
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import EMAIL, NAME
from training.prompt import question_suffix, schema_prefix
from training.sql.catalog import read_catalog
from training.value_hints import ValueIndex

PERSON = f"select city from customers where full_name = '{NAME}'"
FILE: list[tuple[object, str | None]] = [
    ({"id": "new", "question": "How many shipments are there?", "sql": "SELECT COUNT(*) FROM shop.shipments;"}, None),
    ({"id": 2, "question": "How many orders are there?", "sql": "select count(*) from orders"}, None),  # the log's too
    ({"question": "how many shipments  are there?", "sql": "select count(*) from shop.shipments"}, "duplicate"),
    ({"question": "Number of shipments", "sql": "select count(*) from shipments"}, None),
    ({"question": "number of shipments", "sql": "select count(shipment_id) from shipments"}, "conflict"),
    ({"id": "a person", "question": f"In which city is {NAME}?", "sql": PERSON}, None),
    ({"id": EMAIL, "question": "Whose id is a person's?", "sql": "select count(*) from plans"}, None),
    ("broken, and it names " + NAME, "not_json"),
    ({"question": "No SQL"}, "no_sql"),
    ({"question": "select 1 from orders", "sql": "select 1 from orders"}, "question_is_sql"),
    ({"question": "Orders of {status}", "sql": "select count(*) from orders"}, "placeholder_left"),
    ({"question": "Orders\tby status", "sql": "select count(*) from orders"}, "control_characters"),
    ({"question": "Orders today", "sql": "select count(*) from orders where ordered_on = current_date"},
     "non_deterministic"),
    ({"question": "Five orders", "sql": "select top 5 * from orders"}, "wrong_dialect"),
    ({"question": "Orders of nobody", "sql": "select 1 from orders where false"}, "empty_result"),
    ({"question": "Who was born on no day?", "sql": "select city from customers where birth_date = '2024-99-99'"},
     "runtime_error"),
]  # fmt: skip
# "Number of shipments" is answered in two ways, so neither stands.
REASONS = [reason for _, reason in FILE[:3]] + ["conflict"] + [reason for _, reason in FILE[4:]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("imports") / "our pairs.jsonl"
    written.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line, _ in FILE))
    return written


@pytest.fixture(scope="module")
def verdicts(built_copy: Warehouse, path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(tmp_path_factory.mktemp("target")))
        patch.setenv("DBT_LOG_PATH", str(tmp_path_factory.mktemp("logs")))
        yield list(import_pairs(built_copy, path, lambda sentence: None))


@pytest.fixture
def owner(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(built_copy.dsn) as connection:
        yield connection
        connection.rollback()


def test_each_line_has_its_verdict_in_the_order_of_the_file(verdicts: list[dict]) -> None:
    assert [verdict["line"] for verdict in verdicts] == list(range(1, len(FILE) + 1))
    assert [verdict["reason"] for verdict in verdicts] == REASONS
    assert [verdict["verdict"] for verdict in verdicts] == ["reject" if reason else "accept" for reason in REASONS]
    assert [verdict["id"] for verdict in verdicts[:3]] == ["new", 2, None]


def test_a_verdict_says_nothing_of_a_person_and_quotes_no_pair(verdicts: list[dict]) -> None:
    assert set(verdicts[0]) == {"line", "id", "verdict", "reason"}
    written = json.dumps(verdicts)
    assert NAME not in written
    assert EMAIL not in written
    assert verdicts[6]["id"].endswith("@example.com")


def test_the_accepted_pairs_are_in_the_corpus_and_the_others_are_kept_with_their_reasons(
    verdicts: list[dict], owner: psycopg.Connection
) -> None:
    accepted = owner.execute("select count(*) from corpus.training_pairs where origin = 'import'").fetchone()
    rejected = owner.execute("select reason from corpus.rejected_pairs where origin = 'import'").fetchall()
    queued = owner.execute("select lower(question), origin from corpus.review_queue").fetchall()

    # one line is a pair of the log as well, and counts as imported since it stands for a person's word
    assert accepted == (REASONS.count(None),)
    assert sorted(reason for (reason,) in rejected) == sorted(filter(None, REASONS))
    assert queued == [("number of shipments", "import")] * 2


def test_nothing_is_stored_in_clear(verdicts: list[dict], owner: psycopg.Connection) -> None:
    stored = str(owner.execute("select * from raw_training.imported_pairs").fetchall())

    assert len(FILE) == owner.execute("select count(*) from raw_training.imported_pairs").fetchone()[0]
    assert NAME.split()[1] not in stored
    assert EMAIL not in stored


def test_an_imported_pair_is_traced_to_the_log_where_its_sql_ran(
    verdicts: list[dict], owner: psycopg.Connection
) -> None:
    traced = owner.execute(
        "select count(*) from corpus.pair_lineage join corpus.training_pairs using (pair_id)"
        " where training_pairs.origin = 'import' and input = 'How many orders are there?'"
    )

    assert traced.fetchone() == (2,)


def test_the_same_file_again_adds_nothing(
    verdicts: list[dict], built_copy: Warehouse, path: Path, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagster_project.corpus.import_pairs.run_dbt", lambda warehouse, *arguments: None)
    before = owner.execute("select count(*), max(imported_at) from raw_training.imported_pairs").fetchone()
    judged = owner.execute("select count(*) from raw_training.pair_validations").fetchone()

    assert list(import_pairs(built_copy, path, lambda sentence: None)) == verdicts
    owner.rollback()
    assert owner.execute("select count(*), max(imported_at) from raw_training.imported_pairs").fetchone() == before
    assert owner.execute("select count(*) from raw_training.pair_validations").fetchone() == judged


def test_exports_are_read_by_pandas_and_keep_their_schemas(
    verdicts: list[dict], built_copy: Warehouse, owner: psycopg.Connection, tmp_path: Path
) -> None:
    told = list(export_pairs(built_copy, tmp_path / "for others", FORMATS))

    pairs = {row[0]: row[1:] for row in owner.execute("select pair_id, input, output from corpus.training_pairs")}
    catalog = read_catalog(owner)
    for name in FORMATS:
        folder = tmp_path / "for others" / name
        schema = json.loads((folder / "schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        lines = [json.loads(line) for part in PARTS.values() for line in (folder / f"{part}.jsonl").open()]
        for line in lines:
            validator.validate(line)
            assert not validator.is_valid({key: value for key, value in line.items() if key != "id"})
        assert {line["id"] for line in lines} == set(pairs)
        read = pandas.concat(pandas.read_json(folder / f"{part}.jsonl", lines=True) for part in PARTS.values())
        assert len(read) == len(pairs)
        assert set(read.columns) == set(schema["properties"])
    assert [sentence.split(": ")[1].split(" ")[0] for sentence in told] == [str(len(pairs))] * len(FORMATS)

    # the prompt is the one that training uses, letter by letter
    line = json.loads((tmp_path / "for others" / "prompt-completion" / "train.jsonl").open().readline())
    question, sql = pairs[line["id"]]
    hints = ValueIndex(catalog).hints(question)
    assert line["prompt"] + line["completion"] == schema_prefix(catalog) + question_suffix(question, hints) + f" {sql}"
    chat = json.loads((tmp_path / "for others" / "chat" / "train.jsonl").open().readline())
    assert [message["content"] for message in chat["messages"]] == [line["prompt"], sql]


def test_each_part_is_a_file_of_its_own_and_an_export_replaces_the_last(
    verdicts: list[dict], built_copy: Warehouse, owner: psycopg.Connection, tmp_path: Path
) -> None:
    for _ in range(2):
        list(export_pairs(built_copy, tmp_path, ("alpaca",)))

    sizes = {part: len((tmp_path / "alpaca" / f"{part}.jsonl").read_text().splitlines()) for part in PARTS.values()}
    splits = dict(owner.execute("select question_split, count(*) from corpus.training_pairs group by 1").fetchall())
    assert sizes == {file: splits.get(split, 0) for split, file in PARTS.items()}
    assert sorted(file.name for file in (tmp_path / "alpaca").iterdir()) == sorted(
        ["schema.json", *(f"{part}.jsonl" for part in PARTS.values())]
    )
    assert [folder.name for folder in tmp_path.iterdir()] == ["alpaca"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["import", ""], "Say which file to import: make import-pairs FILE=pairs.jsonl"),
        (["import", "no such file.jsonl"], "There is no file no such file.jsonl"),
        (["export", "--format", "parquet"], "There is no format parquet: use chat, prompt-completion, alpaca"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1
    assert said.out == ""
