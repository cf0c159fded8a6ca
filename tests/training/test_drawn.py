"""Inside the grammar, what is drawn is SQL, and what is given names what exists, whatever the model knows.

Random weights are the hardest case: nothing but the grammar and the guard keeps them right. PostgreSQL is the judge.
"""

import csv
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from serving.benchmarks.correctness import draw_many
from tests.training.small_dataset import CATALOG
from training.constraint import GrammarConstraint
from training.generate import Generator
from training.model import TINY, load_base

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds"
QUESTIONS = ["how many orders", "which customers are gold", "total of all orders by customer and tier"]
UNKNOWN = (errors.SyntaxError, errors.UndefinedTable, errors.UndefinedColumn, errors.AmbiguousColumn)


def injection_questions() -> list[str]:
    (file,) = SEED.rglob("injection_questions.csv")
    with file.open(encoding="utf-8") as rows:
        return [row["question"] for row in csv.DictReader(rows)]


@pytest.fixture(scope="module")
def generator() -> Generator:
    model, tokenizer = load_base(TINY, "float32")
    constraint = GrammarConstraint(tokenizer, CATALOG, model.config.vocab_size)
    return Generator(model, tokenizer, CATALOG, 200, batch_size=64, constraint=constraint)


@pytest.fixture(scope="module")
def shop(admin_dsn: str):
    """A connection to the catalog's tables."""
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        for table in CATALOG.tables:
            admin.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(table.schema)))
            columns = [sql.SQL("{} " + each.type).format(sql.Identifier(each.name)) for each in table.columns]
            name = sql.Identifier(table.schema, table.name)
            admin.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join(columns)))
        admin.execute("set search_path = shop")
        yield admin


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [1.0, 1.5])
def test_of_five_hundred_drawn_answers_all_are_sql_and_those_given_name_what_exists(generator, shop, temperature):
    found = draw_many(generator, CATALOG, QUESTIONS + injection_questions(), 220, temperature)

    assert found.parsed == found.drawn - found.cut_off >= 500
    assert len(found.answers) + found.refused >= 220
    assert len(found.answers) >= 50
    assert [answer for answer in found.answers if is_unknown_to_postgresql(shop, answer)] == []


def is_unknown_to_postgresql(shop: psycopg.Connection, answer: str) -> bool:
    """Whether it is no SQL, or names what does not exist.

    Other errors count as SQL: a date that overflows, an operator that two types do not have, or a union whose sides do
    not fit together (an error of syntax by its code alone).
    """
    try:
        shop.execute(f"explain {answer}".replace("%", "%%"), [])
    except UNKNOWN as error:
        return "query must have the same number of columns" not in str(error)
    except psycopg.Error:
        return False
    return False
