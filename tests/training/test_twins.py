"""Answers to one question are read as one until they part: each is the answer that it would have been alone."""

import pytest

from tests.training.small_dataset import CATALOG
from training.constraint import GrammarConstraint
from training.generate import Generator
from training.model import TINY, load_base

QUESTION = "how many orders"
DRAWS = 6
TEMPERATURE = 0.3  # some draws part at the first token, others later or never


@pytest.fixture(scope="module")
def model_and_tokenizer():
    return load_base(TINY, "float32")


@pytest.fixture(params=["in the grammar", "free"])
def new_generator(model_and_tokenizer, request):
    model, tokenizer = model_and_tokenizer

    def build(rows: int = 16) -> Generator:
        constraint = None
        if request.param == "in the grammar":
            constraint = GrammarConstraint(tokenizer, CATALOG, model.config.vocab_size)
        return Generator(model, tokenizer, CATALOG, 40, batch_size=rows, constraint=constraint)

    return build


@pytest.fixture
def alone(new_generator):
    generator = new_generator()
    return [generator.draw(QUESTION, 1, TEMPERATURE, skip=index)[0] for index in range(DRAWS)]


def _require_same(answers, expected) -> None:
    assert [answer.sql for answer in answers] == [answer.sql for answer in expected]
    for answer, other in zip(answers, expected, strict=True):
        assert answer.log_probability == pytest.approx(other.log_probability, rel=1e-4)
        assert answer.completion_tokens == other.completion_tokens
        assert answer.forced_tokens == other.forced_tokens


@pytest.mark.parametrize("rows", [16, 3, 1])
def test_draws_are_what_they_are_alone_also_where_there_is_no_place_for_all(new_generator, alone, rows):
    generator = new_generator(rows)
    _require_same(generator.draw(QUESTION, DRAWS, TEMPERATURE), alone)
    _require_same(generator.draw(QUESTION, DRAWS, TEMPERATURE), alone)  # now with guesses


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
    _require_same([other], new_generator().generate(["which customers are gold"]))


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
    _require_same([generator.finish(rows[index]) for index in left], [alone[index] for index in left])
