"""Guesses from earlier answers: they come sooner, and they are the same answers."""

import pytest

from tests.training.same_answers import require_same
from training.generate import Generator
from training.lookahead import Lookahead

QUESTIONS = ["how many orders", "total of all orders by customer and tier", "x", "which customers are gold"]


def test_what_followed_the_same_tokens_is_guessed():
    lookahead = Lookahead()
    lookahead.learn([1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert lookahead.guess([], 2) == [1, 2]
    assert lookahead.guess([1, 2], 3) == [3, 4, 5]
    assert lookahead.guess([70, 80, 3, 4, 5], 9) == [6, 7, 8, 9]
    assert lookahead.guess([70, 80, 90], 9) == []


def test_the_longest_context_counts_and_of_equal_ones_the_last():
    lookahead = Lookahead()
    lookahead.learn([1, 2, 3, 4, 5, 6, 7])
    lookahead.learn([9, 9, 9, 4, 5, 6, 8])
    assert lookahead.guess([1, 2, 3, 4, 5, 6], 1) == [7]
    assert lookahead.guess([0, 0, 0, 4, 5, 6], 1) == [8]


def test_the_oldest_is_forgotten(monkeypatch):
    monkeypatch.setattr("training.lookahead._MOST_CONTEXTS", 10)
    lookahead = Lookahead()
    lookahead.learn([1, 2, 3, 4])
    lookahead.learn([5, 6, 7, 8, 9, 10, 11, 12])
    assert lookahead.guess([1, 2, 3], 1) == []
    assert lookahead.guess([8, 9, 10], 1) == [11]


def _steps(generator: Generator, question: str):
    row = generator.greedy_row(question)
    generator.batch.add([row])
    count = 0
    while generator.batch:
        generator.batch.step()
        count += 1
    return row, count


def test_an_answer_that_was_given_before_comes_in_a_part_of_the_steps(new_generator):
    generator = new_generator()
    first, steps = _steps(generator, QUESTIONS[0])
    again, fewer = _steps(generator, QUESTIONS[0])
    assert again.answer == first.answer
    assert again.log_probability == pytest.approx(first.log_probability, rel=1e-4)
    assert again.guessed > first.guessed
    assert fewer <= steps / 2  # of the tokens that are left, the grammar forces many anyway


def test_guesses_of_other_answers_change_none(new_generator):
    expected = [new_generator().generate([question])[0] for question in QUESTIONS]
    taught = new_generator()
    for _ in range(2):
        require_same([taught.generate([question])[0] for question in QUESTIONS], expected)
    require_same(taught.generate(QUESTIONS[:2]), expected[:2])  # two share the guesses


def test_drawn_answers_are_those_that_would_have_been_drawn(new_generator):
    expected = new_generator().draw(QUESTIONS[0], 2, temperature=0.5)
    taught = new_generator()
    taught.generate(QUESTIONS)
    taught.draw(QUESTIONS[0], 2, temperature=0.5)
    require_same(taught.draw(QUESTIONS[0], 2, temperature=0.5), expected)


def test_the_longest_answer_stays_the_longest(new_generator):
    generator = new_generator()
    generator.batch._max_new_tokens = 7
    for _ in range(3):
        row, _ = _steps(generator, QUESTIONS[1])
        assert len(row.answer) <= 7
