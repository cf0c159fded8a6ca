"""Seconds to compile the grammar of a catalog of 500 tables, which happens once for each version of a catalog."""

import time

from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.constraint import GrammarConstraint
from training.sql.catalog import Catalog, Column, Table

TABLES = 500
_COLUMNS = ("id", "parent_id", "created_at", "updated_at", "status", "amount", "country", "note")


def large_catalog(tables: int = TABLES) -> Catalog:
    """A catalog of tables with twelve columns each, eight of them with names that all have."""
    return Catalog(
        tuple(
            Table("shop", f"entity_{number}", None, tuple(_column(name) for name in _names(number)))
            for number in range(tables)
        )
    )


def compile_seconds(tokenizer: PreTrainedTokenizerBase, vocabulary: int) -> float:
    """Compiles the grammar and finds the first mask.

    Args:
        tokenizer: The model's.
        vocabulary: Width of its logits.

    Returns:
        Seconds, the tokenizer's own preparation included.
    """
    catalog = large_catalog()
    began = time.perf_counter()
    constraint = GrammarConstraint(tokenizer, catalog, vocabulary)
    constraint.allowed(constraint.start())
    return time.perf_counter() - began


def _names(number: int) -> tuple[str, ...]:
    return (*_COLUMNS, *(f"measure_{number}_{index}" for index in range(4)))


def _column(name: str) -> Column:
    return Column(name, "integer", is_nullable=True, is_primary_key=name == "id")
