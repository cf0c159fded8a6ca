"""Generators of a tiny model, for the tests of how answers are written."""

import pytest

from tests.training.small_dataset import CATALOG
from training.constraint import GrammarConstraint
from training.generate import Generator
from training.model import TINY, load_base


@pytest.fixture(scope="module")
def tiny_model_and_tokenizer():
    return load_base(TINY, "float32")


@pytest.fixture(params=["in the grammar", "free"])
def new_generator(tiny_model_and_tokenizer, request):
    """Builds a generator that has answered nothing yet; its answers have up to 40 tokens."""
    model, tokenizer = tiny_model_and_tokenizer

    def build(rows: int = 4) -> Generator:
        constraint = None
        if request.param == "in the grammar":
            constraint = GrammarConstraint(tokenizer, CATALOG, model.config.vocab_size)
        return Generator(model, tokenizer, CATALOG, 40, batch_size=rows, constraint=constraint)

    return build
