"""Queries said in English: each clause has its words, any SELECT has a sentence, different queries different ones."""

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from dagster_project.sample.questions import load_questions
from tests.training.sql.sample_catalog import sample_catalog
from training.sql.canonical import canonicalize
from training.sql.errors import SqlError
from training.sql.parse import parse_select
from training.sql.verbalize import verbalize

HERE = Path(__file__).parent
SHOP = sample_catalog()


def examples() -> list[tuple[str, str]]:
    """The queries of sentences.sql with their sentences."""
    text = (HERE / "sentences.sql").read_text()
    return re.findall(r"^((?:select|with) .*);\n-- (.*)$", text, flags=re.MULTILINE)


@pytest.mark.parametrize(("sql", "sentence"), examples())
def test_a_query_is_said_clause_by_clause(sql: str, sentence: str) -> None:
    assert verbalize(canonicalize(sql, SHOP), SHOP) == sentence


def test_what_no_rule_knows_is_said_by_its_sql() -> None:
    sql = "select count(*) from orders where total = 5 is distinct from (status similar to 'a|b')"

    assert "status similar to 'a|b'" in verbalize(sql, SHOP)


@cache
def canonical_sample() -> tuple[str, ...]:
    return tuple(sorted({canonicalize(question.sql, SHOP) for question in load_questions()}))


@pytest.mark.slow
def test_different_queries_of_the_sample_are_said_differently() -> None:
    sentences = {verbalize(sql, SHOP) for sql in canonical_sample()}

    assert len(canonical_sample()) > 600
    assert len(sentences) >= 0.99 * len(canonical_sample())


def test_the_sentences_fit_into_a_question() -> None:
    # max_question_characters of dbt_project.yml; a longer draft is rejected as too_long
    assert max(len(verbalize(sql, SHOP)) for sql in canonical_sample()) <= 500


def test_every_example_query_has_a_sentence_in_canonical_form_and_as_written(catalog) -> None:
    for line in (HERE / "queries.sql").read_text().splitlines():
        for sql in (line, canonicalize(line, catalog)):
            sentence = verbalize(sql, catalog)
            assert sentence == verbalize(sql, catalog)
            assert sentence.endswith(("?", "."))
            assert "\n" not in sentence


@cache
def pieces() -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The texts of whole queries, and of the values and conditions in them."""
    queries = (*(HERE / "queries.sql").read_text().splitlines(), *canonical_sample()[::7])
    trees = [parse_select(sql) for sql in queries]
    kinds = {
        "value": (exp.Func, exp.Binary, exp.Column, exp.Literal, exp.Case, exp.Window),
        "condition": (exp.Predicate,),
    }
    found = {
        kind: tuple(sorted({node.sql("postgres") for tree in trees for node in tree.find_all(*types)}))
        for kind, types in kinds.items()
    }
    return queries, found


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_query_is_without_a_sentence(data: st.DataObject) -> None:
    """Parts of queries put in each other's places: often without sense, always a SELECT."""
    queries, found = pieces()
    tree = parse_select(data.draw(st.sampled_from(queries)))
    for _ in range(data.draw(st.integers(1, 3))):
        nodes = [
            node for node in tree.find_all(exp.Func, exp.Binary, exp.Column, exp.Literal) if node.parent is not None
        ]
        if not nodes:  # `select *` may be all that is left
            break
        node = data.draw(st.sampled_from(nodes))
        other = found["condition" if isinstance(node, exp.Predicate) else "value"]
        node.replace(exp.maybe_parse(data.draw(st.sampled_from(other)), dialect="postgres"))
    try:
        sentence = verbalize(tree.sql("postgres"), SHOP)
    except SqlError:  # it is no query any more
        return
    assert sentence.endswith(("?", "."))
    assert "\n" not in sentence
