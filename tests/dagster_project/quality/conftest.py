"""A corpus that keeps every rule, in a copy of the built warehouse, for the tests to spoil."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dagster_project.warehouse.settings import Warehouse

GOOD_CORPUS = (Path(__file__).parent / "good_corpus.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def corpus_warehouse(built_copy: Warehouse) -> Warehouse:
    """The warehouse, with dbt's table kept as the pattern of its columns."""
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        connection.execute("alter table corpus.training_pairs rename to pattern_pairs")
    return built_copy


@pytest.fixture
def owner(corpus_warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """The owner's connection to a good corpus."""
    with psycopg.connect(corpus_warehouse.dsn, autocommit=True) as connection:
        connection.execute("drop table if exists corpus.training_pairs cascade")
        connection.execute("create table corpus.training_pairs (like corpus.pattern_pairs)")
        connection.execute(GOOD_CORPUS)
        yield connection
