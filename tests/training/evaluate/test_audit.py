"""The evaluator's own audit: it must know right from wrong, and what is judged must be new to training."""

import pytest

from tests.training.evaluate.answers import GOLD, one_pair, split_by_template
from tests.training.small_dataset import CATALOG, pair_rows, write_dataset
from training.data import Pair, load_dataset
from training.errors import TrainingFailed
from training.evaluate.audit import audit_evaluator, audit_split
from training.evaluate.score import Scorer
from training.sql.sandbox import Executor


def test_audit_passes_on_stable_pairs(scorer, tmp_path):
    pairs = load_dataset(write_dataset(tmp_path)).held_out("question_split")
    audit = audit_evaluator(scorer, pairs)
    assert (audit["gold"], audit["empty"], audit["shuffled"], audit["chance"]) == (1.0, 0.0, 0.0, 0.0)


def test_chance_is_the_share_of_questions_with_one_answer(scorer):
    # Two of the four count what is above 30, so of the twelve pairs of different questions two have the same answer.
    golds = [GOLD, "SELECT COUNT(*) FROM orders", "SELECT 10", "SELECT 7"]
    assert audit_evaluator(scorer, [one_pair(sql) for sql in golds])["chance"] == pytest.approx(2 / 12)


def test_audit_names_pairs_whose_gold_does_not_run(scorer):
    with pytest.raises(TrainingFailed, match="1 held-out pairs .*p-broken"):
        audit_evaluator(scorer, [one_pair(GOLD), Pair("p-broken", "q", "SELECT 1 / 0", "test", "train")])


def test_audit_notices_a_scorer_that_cannot_tell(scorer):
    # All answers are empty results, so any answer looks right: an empty sandbox gives such a picture.
    pairs = [one_pair(f"SELECT orders.total FROM orders WHERE orders.total > {n}") for n in (900, 901, 902)]
    with pytest.raises(TrainingFailed, match="100% of cases, so shuffled"):
        audit_evaluator(scorer, pairs)


class _Forgetful(Scorer):
    """A scorer with a bug: it remembers a verdict by the length of the answer."""

    def score(self, pair, answer):
        remembered = vars(self).setdefault("remembered", {})
        return remembered.setdefault(len(answer.sql), super().score(pair, answer))


def test_audit_notices_a_scorer_that_mixes_answers_up(sandbox_dsn):
    pairs = [one_pair(f"SELECT COUNT(*) FROM orders WHERE orders.total > {n}") for n in range(10, 22)]
    with Executor(sandbox_dsn, "sandbox_shop") as executor:
        with pytest.raises(TrainingFailed, match="score 100.0% where chance is 0.0%"):
            audit_evaluator(_Forgetful(CATALOG, [], executor), pairs)


@pytest.mark.parametrize(
    ("split", "question", "sql", "sentence"),
    [
        (
            "question_split",
            "How many orders, above 3?",
            GOLD,
            "1 questions of the question_split stand in training too",
        ),
        (
            "template_split",
            "a new question",
            "SELECT COUNT(*) FROM orders WHERE orders.total > 99",
            "template_split have a template",
        ),
    ],
)
def test_audit_notices_what_training_knows(tmp_path, split, question, sql, sentence):
    rows = split_by_template(pair_rows())
    leak = rows[-1] if split == "template_split" else next(row for row in rows if row["question_split"] == "test")
    audit_split(load_dataset(write_dataset(tmp_path / "fine", rows)), split)
    leak |= {"id": "leak", "input": question, "output": sql}
    with pytest.raises(TrainingFailed, match=f"{sentence}.*leak"):
        audit_split(load_dataset(write_dataset(tmp_path / "leaking", rows)), split)


def test_near_duplicates_are_told_apart(tmp_path):
    rows = split_by_template(pair_rows())
    tests = [row for row in rows if row["question_split"] == "test"]
    tests[0]["input"], tests[1]["input"] = "How many order above 3?", "which is the dearest order"
    tests[2]["input"] = "above 5 how many orders are"
    found = audit_split(load_dataset(write_dataset(tmp_path, rows)), "question_split")
    assert found == {"near_duplicates": sorted(row["id"] for row in (tests[0], tests[2]))}
