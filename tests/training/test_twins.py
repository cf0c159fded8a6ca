"""Answers to one question are read as one until they part: each is the answer that it would have been alone."""

import pytest

from tests.training.same_answers import require_same

QUESTION = "how many orders"
DRAWS = 6
TEMPERATURE = 0.3  # some draws part at the first token, others later or never


@pytest.fixture
def alone(new_generator):
    generator = new_generator()
    return [generator.draw(QUESTION, 1, TEMPERATURE, skip=index)[0] for index in range(DRAWS)]


@pytest.mark.parametrize("rows", [16, 3, 1])
def test_draws_are_what_they_are_alone_also_where_there_is_no_place_for_all(new_generator, alone, rows):
    generator = new_generator(rows)
    require_same(generator.draw(QUESTION, DRAWS, TEMPERATURE), alone)
    require_same(generator.draw(QUESTION, DRAWS, TEMPERATURE), alone)  # now with guesses


def test_equal_draws_are_read_once(new_generator):
    generator = new_generator()
    read = []
    forward = generator._decoder.forward
    generator._decoder.forward = lambda spans, cache: read.append(len(spans)) or forward(spans, cache)
    answers = generator.draw(QUESTION, DRAWS, temperature=1e-6)
    assert len({answer.sql for answer in answers}) == 1
    assert set(read) == {1}


def test_questions_asked_twice_at_once_are_answered_twice(new_generator):
    generator = new_generator()
    first, other, second = generator.generate([QUESTION, "which customers are gold", QUESTION])
    assert first == second
    require_same([other], new_generator().generate(["which customers are gold"]))


@pytest.mark.parametrize("given_up", [[0], [0, 1], [2], [5, 0, 3], range(DRAWS)])
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_the_others_go_on_where_some_are_given_up(new_generator, alone, given_up, steps):
    generator = new_generator(rows=3)
    rows = generator.drawn_rows(QUESTION, DRAWS, TEMPERATURE)
    generator.batch.add(rows)
    done = []
    for _ in range(steps):
        done += generator.batch.step()
    assert len(generator.batch) == DRAWS - len(done)
    dropped = [rows[index] for index in given_up]
    generator.batch.drop(dropped)
    while generator.batch:
        done += generator.batch.step()
    left = [index for index, row in enumerate(rows) if row not in dropped]
    assert {id(rows[index]) for index in left} <= set(map(id, done))
    require_same([generator.finish(rows[index]) for index in left], [alone[index] for index in left])
