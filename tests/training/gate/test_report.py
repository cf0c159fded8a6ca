"""The report of a decision: what stands in it, and where it is kept."""

import json
from pathlib import Path

import pytest

from tests.training.gate.models import evaluation, first, hits, model
from training.gate import Scorecard, decide
from training.gate.report import Subject, confusion, markdown_table, table_rows
from training.gate.storing import StoredReport, store_report

CATEGORIES = {"date": range(40), "window": range(40, 44)}
BASE = hits(10, 10, model="base")
SUBJECT = Subject("a" * 12, "run-1", "tiny", "d" * 16, "c" * 12)


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    rows = [{"step": step, "loss": 3 / step, "validation_loss": 4 / step} for step in (1, 2, 3)]
    file = tmp_path / "metrics.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def store(home: Path, metrics: Path, challenger: Scorecard, champion: Scorecard | None) -> StoredReport:
    decision = decide(challenger, champion, BASE)
    return store_report(home, SUBJECT, decision, challenger, champion, BASE, metrics)


def test_the_table_has_a_cell_for_every_number(tmp_path):
    decision = decide(hits(60, 40, categories=CATEGORIES), hits(62, 40, milliseconds=95.0), BASE)
    rows = {(row["rule"], row["split"], row["category"]): row for row in table_rows(decision.findings)}

    split = rows["not_worse_than_champion", "question_split", "all"]
    assert (split["n"], split["challenger"], split["opponent"]) == ("100", "60.0%", "62.0%")
    assert split["difference"] == "-2.0 [-7.0, +1.8]"
    assert split["p"] == "0.500"
    assert rows["latency", "both", "all"]["difference"] == "× 1.05 [1.05, 1.05]"
    assert rows["measured", "template_split", "all"]["challenger"] == "40.0% [30.0%, 50.0%]"
    assert rows["not_inferior_in_category", "question_split", "window"]["verdict"] == "open"


def test_a_bar_in_a_cell_does_not_end_it():
    assert markdown_table([{"a": "x|y"}]) == ["| a |", "|---|", "| x\\|y |"]


def test_the_confusion_counts_shared_pairs_by_what_became_of_them():
    counted = confusion(hits(60, 40), hits(50, 40), BASE)

    assert (counted.opponent, counted.classes) == ("champion", ("right", "wrong_rows"))
    assert counted.counts["question_split"] == {
        ("right", "right"): 50, ("wrong_rows", "right"): 10, ("wrong_rows", "wrong_rows"): 40,
    }  # fmt: skip


@pytest.mark.parametrize("champion", [None, hits(60, 40, pairs_from=1000)])
def test_without_a_champion_on_the_same_pairs_the_base_model_is_the_opponent(champion):
    assert confusion(hits(60, 40), champion, BASE).opponent == "base"


def test_errors_of_an_earlier_version_have_no_class():
    scores, results = evaluation({"question_split": first(1, 2), "template_split": []})
    for row in results:
        del row["error_class"]
    older = Scorecard.from_evaluation("adapter", scores, results)

    assert confusion(older, older, BASE).classes == ("right", "wrong, class unknown")


def test_a_report_says_who_was_judged_by_which_numbers_and_how(tmp_path, metrics):
    stored = store(tmp_path, metrics, hits(60, 40, categories=CATEGORIES), hits(60, 40))
    text = (stored.folder / "report.md").read_text()

    assert text.startswith(f"# Release gate: adapter {'a' * 12} promoted\n\nPromoted: ")
    assert f"champion at that time: `{'c' * 12}`" in text
    assert "## By category, template split" in text
    assert "`not_worse_on_all_variants`, question_split, all: the challenger has no figure" in text
    assert "Tango 1998" in text
    for picture in ("accuracy_by_category.png", "errors.png", "loss.png"):
        assert f"]({picture})" in text
        assert (stored.folder / picture).read_bytes().startswith(b"\x89PNG")


def test_each_judgement_has_a_report_of_its_own_and_the_same_one_is_kept_once(tmp_path, metrics):
    once = store(tmp_path, metrics, hits(60, 40), hits(60, 40))
    again = store(tmp_path, metrics, hits(60, 40), hits(60, 40))
    other = store(tmp_path, metrics, hits(60, 40), None)

    assert once == again
    assert other.path != once.path
    assert sorted(path.name for path in (tmp_path / "adapters" / SUBJECT.adapter_id / "gate").iterdir()) == sorted(
        stored.content_hash[:12] for stored in (once, other)
    )


def test_a_refusal_before_anything_was_measured_has_a_report_too(tmp_path, metrics):
    stored = store(tmp_path, metrics, model({"question_split": [], "template_split": []}), None)
    assert "it was not measured on the question_split" in (stored.folder / "report.md").read_text()
