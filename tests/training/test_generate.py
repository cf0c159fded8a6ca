"""Our decoding must write what transformers' own greedy decoding writes, alone and in a batch."""

import re

import pytest
import torch

from tests.training.small_dataset import CATALOG
from training.constraint import GrammarConstraint
from training.generate import Generator
from training.model import TINY, load_base
from training.prompt import extract_sql, question_suffix, schema_prefix
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
