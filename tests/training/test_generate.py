"""Our decoding must write what transformers' own greedy decoding writes, alone and in a batch."""

import gc
import re
import weakref
from itertools import pairwise

import pytest
import torch

from tests.training.small_dataset import CATALOG
from training.constraint import GrammarConstraint
from training.generate import Generator
from training.model import TINY, load_base
from training.prompt import extract_sql, question_suffix, schema_prefix
from training.row_cache import Step
from training.sql.parse import parse_select

QUESTIONS = ["how many orders", "total of all orders by customer and tier", "x", "which customers are gold", "orders?"]
NEW_TOKENS = 20


@pytest.fixture(scope="module")
def model_and_tokenizer():
    return load_base(TINY, "float32")


def _answer_of_transformers(model, tokenizer, question: str) -> str:
    prompt = tokenizer.encode(schema_prefix(CATALOG)) + tokenizer.encode(question_suffix(question))
    model.set_attn_implementation("sdpa")
    ids = torch.tensor([prompt])
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=0
    )
    return extract_sql(tokenizer.decode(output[0, len(prompt) :], skip_special_tokens=True))


def test_answers_equal_those_of_transformers(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    ours = Generator(model, tokenizer, CATALOG, NEW_TOKENS).generate(QUESTIONS)
    expected = [_answer_of_transformers(model, tokenizer, question) for question in QUESTIONS]
    assert [generation.sql for generation in ours] == expected
    assert all(expected)


def test_batch_size_changes_nothing(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    alone = Generator(model, tokenizer, CATALOG, NEW_TOKENS, batch_size=1).generate(QUESTIONS)
    assert Generator(model, tokenizer, CATALOG, NEW_TOKENS, batch_size=3).generate(QUESTIONS) == alone


def test_a_generator_and_its_weights_go_with_the_last_reference(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    generator = Generator(
        model, tokenizer, CATALOG, NEW_TOKENS, constraint=GrammarConstraint(tokenizer, CATALOG, model.config.vocab_size)
    )
    generator.generate(QUESTIONS)
    held = [weakref.ref(generator), weakref.ref(generator.batch)]
    gc.disable()  # it would free cycles as well, but at its own time
    try:
        del generator
        assert [reference() for reference in held] == [None, None]
    finally:
        gc.enable()


def test_end_token_ends_the_answer_and_drops_its_row(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    generator = Generator(model, tokenizer, CATALOG, NEW_TOKENS)
    answers = generator.generate(QUESTIONS)
    # Make a token of one answer the end token: the answers that hold it end there, the others stay as they were.
    end = tokenizer.encode(answers[0].sql)[2]
    _, tokenizer_with_end = load_base(TINY, "float32")
    tokenizer_with_end.eos_token = tokenizer_with_end.convert_ids_to_tokens(end)
    ended = Generator(model, tokenizer_with_end, CATALOG, NEW_TOKENS).generate(QUESTIONS)
    assert ended[0].completion_tokens < answers[0].completion_tokens
    for now, before in zip(ended, answers, strict=True):
        if tokenizer.decode([end]) not in before.sql:
            assert now == before


def test_token_counts(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    (generation,) = Generator(model, tokenizer, CATALOG, 5).generate(["how many"])
    whole_prompt = schema_prefix(CATALOG) + question_suffix("how many")
    assert generation.prompt_tokens == len(tokenizer.encode(whole_prompt))
    assert generation.completion_tokens == 5


def test_no_question_no_answer(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    assert Generator(model, tokenizer, CATALOG, 5).generate([]) == []


def test_drawn_answers_differ_and_are_the_same_when_drawn_again(model_and_tokenizer):
    generator = Generator(*model_and_tokenizer, CATALOG, NEW_TOKENS)
    drawn = generator.draw("how many orders", 4, temperature=1.0)
    assert len({answer.sql for answer in drawn}) > 1
    assert generator.draw("how many orders", 4, temperature=1.0) == drawn


def test_at_a_low_temperature_the_likeliest_answer_is_drawn(model_and_tokenizer):
    generator = Generator(*model_and_tokenizer, CATALOG, NEW_TOKENS)
    assert generator.draw("how many orders", 2, temperature=1e-4) == generator.generate(["how many orders"] * 2)


def test_inside_the_grammar_a_model_that_knows_nothing_writes_queries_of_the_catalog(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    constraint = GrammarConstraint(tokenizer, CATALOG, model.config.vocab_size)
    generator = Generator(model, tokenizer, CATALOG, 60, constraint=constraint)
    drawn = [answer for question in QUESTIONS for answer in generator.draw(question, 20, temperature=1.5)]
    finished = [answer.sql for answer in drawn if answer.completion_tokens < 60]
    assert len(finished) > 10
    for sql in finished:
        parse_select(sql)
    relations = {name for sql in finished for name in re.findall(r" (?:from|join) (\w+)", sql)}
    assert relations <= {table.name for table in CATALOG.tables} | {f"w{number}" for number in range(100)} | {"lateral"}


class OneByOne(GrammarConstraint):
    """The same grammar without jump-ahead: what it forces is asked of the model too, behind a mask of one token."""

    def advance(self, place, token):
        place.consume_token(token)
        return []


def test_what_the_grammar_forces_is_what_its_mask_would_have_allowed(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    answers = []
    for kind in (GrammarConstraint, OneByOne):
        constraint = kind(tokenizer, CATALOG, model.config.vocab_size)
        generator = Generator(model, tokenizer, CATALOG, 40, batch_size=4, constraint=constraint)
        rows = [generator.greedy_row(question) for question in QUESTIONS]
        rows += generator.drawn_rows("how many orders", 4, temperature=1.0)
        generator.batch.add(rows)
        while generator.batch:
            generator.batch.step()
        answers.append([row.answer for row in rows])
        assert (sum(row.forced for row in rows) > 50) == (kind is GrammarConstraint)
    assert answers[0] == answers[1]


def test_an_answer_that_is_cut_off_inside_the_grammar_is_none(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    constraint = GrammarConstraint(tokenizer, CATALOG, model.config.vocab_size)
    (cut,) = Generator(model, tokenizer, CATALOG, 5, constraint=constraint).generate(["how many orders"])
    assert (cut.sql, cut.completion_tokens) == ("", 5)


def test_rows_that_join_and_leave_change_no_answer(model_and_tokenizer):
    generator = Generator(*model_and_tokenizer, CATALOG, NEW_TOKENS, batch_size=2)
    expected = generator.generate(QUESTIONS)
    rows = [generator.greedy_row(question) for question in QUESTIONS]
    for row, left in pairwise([*rows, None]):
        generator.batch.add([row])
        generator.batch.step()
        if left is rows[2]:
            generator.batch.drop([rows[0]])  # in the middle of its answer
    while generator.batch:
        generator.batch.step()
    assert [generator.finish(row) for row in rows[1:]] == expected[1:]
    assert 0 < len(rows[0].answer) < NEW_TOKENS


def test_attention_of_other_devices_gives_the_same_answers(model_and_tokenizer, monkeypatch):
    generator = Generator(*model_and_tokenizer, CATALOG, NEW_TOKENS)
    expected = generator.generate(QUESTIONS)
    decoder = generator._decoder
    monkeypatch.setattr(decoder, "_attend", lambda *given: decoder._attend_padded(*given))
    monkeypatch.setattr(Step, "__init__", _padded_step(Step.__init__))
    assert generator.generate(QUESTIONS) == expected


def _padded_step(prepare):
    def both(step, spans, *given):
        prepare(step, spans, *given)
        step._pad([len(span.tokens) for span in spans])

    return both
