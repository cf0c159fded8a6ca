"""What the guard refuses is drawn again; the answer given most often among those that it accepts is taken."""

import pytest

from tests.training.small_dataset import CATALOG
from training.checked import CheckedGenerator
from training.constraint import GrammarConstraint
from training.generate import Generation, Generator
from training.model import TINY, load_base

COUNT = "select count(*) from orders"
TOTAL = "select sum(total) from orders"
WRONG = "select sum(price) from orders"


class Written:
    """A generator whose answers are given."""

    def __init__(self, first: str, *drawn: str) -> None:
        self._first, self._drawn = first, drawn
        self.draws = 0

    def generate(self, questions):
        return [Generation(self._first, 10, 5) for _ in questions]

    def draw(self, question, count, temperature):
        self.draws += 1
        return [Generation(self._drawn[index % len(self._drawn)], 10, 7) for index in range(count)]


def _answer(written: Written, draws: int = 4) -> Generation:
    (answer,) = CheckedGenerator(written, CATALOG, draws).generate(["how many orders"])
    return answer


def test_an_accepted_answer_stands_as_it_was_written():
    written = Written("SELECT count(*) FROM orders", TOTAL)
    assert _answer(written) == Generation("SELECT count(*) FROM orders", 10, 5)
    assert written.draws == 0


def test_answers_that_mean_the_same_are_counted_together():
    drawn = (TOTAL, "select count(1) from orders", "SELECT COUNT(*) FROM orders", WRONG)
    assert _answer(Written(WRONG, *drawn)) == Generation(COUNT, 10, 5 + 4 * 7, drafts=(WRONG, *drawn))


@pytest.mark.parametrize(("draws", "times"), [(4, 1), (0, 0)])
def test_where_none_is_accepted_the_first_stands(draws, times):
    written = Written(WRONG, WRONG)
    assert _answer(written, draws).sql == WRONG
    assert written.draws == times


def test_a_date_that_is_none_is_drawn_again():
    impossible = "select count(*) from orders where date '2024-01-01' < date '2024-13-01'"
    possible = impossible.replace("2024-13-01", "2025-01-01")
    assert _answer(Written(impossible, impossible, possible)).sql == possible


def test_questions_that_join_are_answered_as_they_are_alone():
    model, tokenizer = load_base(TINY, "float32")
    constraint = GrammarConstraint(tokenizer, CATALOG, model.config.vocab_size)
    checked = CheckedGenerator(Generator(model, tokenizer, CATALOG, 30, 4, constraint), CATALOG, draws=3)
    questions = ["how many orders", "which customers are gold", "orders?"]
    alone = {question: checked.generate([question])[0] for question in questions}
    assert any(answer.drafts for answer in alone.values())  # what this model writes is cut off, and drawn again
    (several,) = checked.generate(questions[:1], candidates=3)
    assert len(several.drafts) == len(several.draft_log_probabilities) == 3
    batch = checked.open_batch()
    answers = {}
    batch.add("left", "x")
    batch.add("several", questions[0], candidates=3)
    for question in questions:
        batch.add(question, question)
        answers |= dict(batch.step())
    batch.drop("left")
    while len(batch):
        answers |= dict(batch.step())
    assert answers.pop("several") == several
    assert answers == alone
