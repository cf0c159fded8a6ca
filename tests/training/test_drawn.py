"""Inside the grammar, what is drawn is SQL, whatever the model knows and however hot it is drawn."""

import csv
from pathlib import Path

import pytest

from serving.benchmarks.correctness import Correctness
from tests.training.small_dataset import CATALOG
from training.constraint import GrammarConstraint
from training.generate import Generator
from training.model import TINY, load_base

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds"
QUESTIONS = ["how many orders", "which customers are gold", "total of all orders by customer and tier"]


def injection_questions() -> list[str]:
    (file,) = SEED.rglob("injection_questions.csv")
    with file.open(encoding="utf-8") as rows:
        return [row["question"] for row in csv.DictReader(rows)]


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [1.0, 1.5])
def test_a_thousand_drawn_answers_are_all_sql(temperature):
    """Random weights are the hardest case: nothing but the grammar keeps them right."""
    model, tokenizer = load_base(TINY, "float32")
    constraint = GrammarConstraint(tokenizer, CATALOG, model.config.vocab_size)
    generator = Generator(model, tokenizer, CATALOG, 200, batch_size=64, constraint=constraint)
    questions = QUESTIONS + injection_questions()
    found = Correctness()
    while found.drawn - found.cut_off < 1000:
        for question in questions:
            for answer in generator.draw(f"{question} {found.drawn}", 16, temperature):
                found.add(answer, CATALOG)
    assert found.parsed == found.drawn - found.cut_off
