"""The ablation: what a fold holds out, what a lever changes, and the table that says what it was worth."""

import json
import tempfile
from pathlib import Path

import pytest

from tests.training.benchmarks.toy_benchmark import write_benchmark
from training import generate
from training.benchmarks.__main__ import main
from training.benchmarks.text_to_sql.ablation_table import compare
from training.benchmarks.text_to_sql.dataset import CanonicalPair, words_of
from training.benchmarks.text_to_sql.fold import FOLDS, cut_fold
from training.benchmarks.text_to_sql.levers import LEVERS, pulled
from training.benchmarks.text_to_sql.source import read_source
from training.errors import BadInput
from training.sql.canonical import canonicalize, fingerprint
from training.sql.catalog import Catalog
from training.value_hints import ValueIndex

TINY = Path(__file__).parents[3] / "training" / "configs" / "tiny-random.yaml"
CATALOG = Catalog.from_rows(
    {
        "table_schema": "zoo",
        "table_name": "animal",
        "table_comment": None,
        "column_name": name,
        "ordinal_position": place,
        "data_type": kind,
        "is_nullable": True,
        "is_primary_key": False,
        "references_column": None,
        "column_comment": None,
        "pii_class": None,
        "sample_values": ["hen", "ant"] if name == "animal_name" else None,
    }
    for place, (name, kind) in enumerate((("animal_name", "text"), ("legs", "integer"), ("keeper_id", "integer")), 1)
)


def _rows() -> list[dict]:
    """Twelve templates of six pairs each; the last template is a test part."""
    rows = []
    for column in ("legs", "keeper_id"):
        for operator, word in (
            ("<", "below"),
            (">", "above"),
            ("=", "of"),
            ("<=", "up to"),
            (">=", "from"),
            ("<>", "not"),
        ):
            for number in range(6):
                rows.append(
                    {
                        "id": f"z{len(rows)}",
                        "question": f"which animals have {column} {word} {number}",
                        "sql": f"select a.animal_name from animal as a where a.{column} {operator} {number}",
                        "question_split": "train",
                        "query_split": "test" if (column, operator) == ("keeper_id", "<>") else "train",
                    }
                )
    return rows


@pytest.fixture
def pairs(tmp_path):
    source = read_source(write_benchmark(tmp_path / "zoo", _rows()))
    canonical = [(pair, canonicalize(pair.sql, CATALOG)) for pair in source.pairs]
    return [CanonicalPair(pair, sql, fingerprint(sql)) for pair, sql in canonical]


@pytest.mark.parametrize("number", range(FOLDS))
def test_a_fold_shows_training_nothing_of_what_it_judges(pairs, number):
    fold = cut_fold(pairs, number)
    assert {pair.template for pair in fold.templates}.isdisjoint(pair.template for pair in fold.training)
    assert {pair.template for pair in fold.questions} <= {pair.template for pair in pairs}
    judged = {words_of(pair) for pair in (*fold.questions, *fold.templates)}
    assert judged.isdisjoint(words_of(pair) for pair in fold.training)


def test_a_test_part_is_in_no_fold(pairs):
    for number in range(FOLDS):
        fold = cut_fold(pairs, number)
        for pair in (*fold.training, *fold.questions, *fold.templates):
            assert "test" not in pair.source.parts.values()


def test_each_pair_is_judged_as_a_new_template_in_one_fold(pairs):
    judged = [pair.source.id for number in range(FOLDS) for pair in cut_fold(pairs, number).templates]
    assert sorted(judged) == sorted(pair.source.id for pair in pairs if "test" not in pair.source.parts.values())


def test_too_few_pairs_make_no_fold(pairs):
    with pytest.raises(BadInput, match="too few"):
        cut_fold(pairs[:2], 0)


def test_raw_sql_is_learnt_as_it_was_written_and_judged_as_before(pairs):
    fold = cut_fold(pairs, 0)
    raw = fold.with_raw_sql()
    assert {pair.sql for pair in raw.training} == {pair.source.sql for pair in fold.training}
    assert raw.templates == fold.templates


def test_a_comparison_counts_the_pairs_that_only_one_run_has_right():
    right = {"a": True, "b": True, "c": False, "d": False}
    figures = compare(right, {"a": False, "b": True, "c": True, "d": False})
    assert (figures["execution_accuracy"], figures["n"]) == (0.5, 4)
    assert (figures["gained"], figures["lost"], figures["p"]) == (1, 1, 1.0)
    assert "p" not in compare(right, None)


def test_every_lever_is_compared_with_one_that_ran_before_it():
    names = [lever.name for lever in LEVERS]
    for place, lever in enumerate(LEVERS):
        for other in (lever.against, lever.adapter_of):
            assert other is None or other in names[:place]


@pytest.mark.parametrize("lever", [each for each in LEVERS if each.schema or not each.has_hints], ids=lambda x: x.name)
def test_a_lever_changes_the_prompt_and_puts_it_back(lever):
    values = ValueIndex(CATALOG)

    def prompt() -> str:
        return f"{generate.schema_prefix(CATALOG)}{values.hints('how many legs has a hen')}"

    before = prompt()
    assert "hen|ant" in before or "ant|hen" in before
    with pulled(lever, "create table zoo.animal (animal_name text)"):
        assert prompt() != before
    assert prompt() == before


def test_the_table_grows_lever_by_lever_and_a_second_run_repeats_none(tmp_path, monkeypatch, capsys):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    out = tmp_path / "out"
    command = ["ablations", "--data", str(write_benchmark(tmp_path / "zoo", _rows())), "--out", str(out)]
    command += ["--config", str(TINY), "--epochs", "1", "--lever", "reference", "--lever", "no grammar"]
    assert main(command) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(result["levers"]) == ["reference", "no grammar"]
    assert result["levers"]["no grammar"]["against"] == "reference"
    assert {"gained", "lost", "p"} <= set(result["levers"]["no grammar"]["template_split"])
    assert "| no grammar | reference |" in (out / "result.md").read_text()
    adapter = out / "reference" / "run" / "adapter" / "adapter_model.safetensors"
    written = adapter.stat().st_mtime_ns
    assert main(command) == 0
    assert adapter.stat().st_mtime_ns == written
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["levers"] == result["levers"]


def test_an_adapter_of_other_settings_is_not_judged(tmp_path, monkeypatch, capsys):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    command = ["ablations", "--data", str(write_benchmark(tmp_path / "zoo", _rows())), "--out", str(tmp_path / "out")]
    command += ["--config", str(TINY)]
    assert main([*command, "--epochs", "1", "--lever", "reference"]) == 0
    assert main([*command, "--epochs", "2", "--lever", "no grammar"]) == 2
    assert "judges the adapter of 'reference'; run that one first" in capsys.readouterr().err


def test_a_mistyped_name_is_told_all_benchmarks(capsys):
    with pytest.raises(SystemExit):
        main(["ablation"])
    error = capsys.readouterr().err
    assert "ablations" in error
    assert "text_to_sql" in error


def test_a_lever_that_is_not_there_is_named_with_those_that_are(tmp_path, capsys):
    data = write_benchmark(tmp_path / "zoo", _rows())
    command = ["ablations", "--data", str(data), "--out", str(tmp_path / "out"), "--config", str(TINY)]
    assert main([*command, "--lever", "luck"]) == 2
    assert "no lever 'luck'; there are: reference, no grammar" in capsys.readouterr().err
