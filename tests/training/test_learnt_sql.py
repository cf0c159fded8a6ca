"""The SQL that an adapter was trained on: kept beside it, and what its answers are guessed from."""

import pytest

from tests.training.same_answers import require_same
from training import learnt_sql
from training.errors import TrainingFailed

QUESTION = "total of all orders by customer and tier"


def test_each_statement_is_kept_once_in_its_order(tmp_path):
    learnt_sql.save(["select 'é' from b", "select a from b", "select 'é' from b"], tmp_path)
    assert learnt_sql.load(tmp_path) == ["select 'é' from b", "select a from b"]


def test_an_older_run_has_none(tmp_path):
    assert learnt_sql.load(tmp_path) == []


@pytest.mark.parametrize(("text", "words"), [("[", "not valid JSON"), ("{}", "no list of texts"), ("[1]", "no list")])
def test_a_damaged_file_is_one_sentence(tmp_path, text, words):
    (tmp_path / learnt_sql.FILE).write_text(text)
    with pytest.raises(TrainingFailed, match=words):
        learnt_sql.load(tmp_path)


def _guessed(generator) -> int:
    row = generator.greedy_row(QUESTION)
    generator.batch.add([row])
    while generator.batch:
        generator.batch.step()
    return row.guessed


@pytest.mark.parametrize("new_generator", ["in the grammar"], indirect=True)
def test_an_answer_that_was_learnt_is_guessed_the_first_time(new_generator):
    (answer,) = new_generator().generate([QUESTION])
    taught = new_generator()
    taught.expect([answer.sql])
    assert _guessed(taught) > _guessed(new_generator())


def test_what_was_learnt_changes_no_answer(new_generator):
    questions = [QUESTION, "how many orders", "x"]
    expected = new_generator().generate(questions)
    taught = new_generator()
    taught.expect(
        ["select count(*) from orders", "select total from orders where total > 5", *(a.sql for a in expected)]
    )
    require_same(taught.generate(questions), expected)
    require_same(taught.draw(QUESTION, 3, temperature=0.5), new_generator().draw(QUESTION, 3, temperature=0.5))
