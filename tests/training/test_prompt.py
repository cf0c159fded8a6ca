"""The prompt's text, and finding the statement in what a model writes."""

import pytest

from tests.training.small_dataset import CATALOG
from training.prompt import extract_sql, is_complete, question_suffix, schema_prefix


def test_schema_shows_keys_and_untagged_values_only():
    assert schema_prefix(CATALOG).splitlines()[1:] == [
        "customers(customer_id, email, tier:gold|silver)",
        "orders(order_id, customer_id, seller_id=customers.customer_id, total)",
    ]


def test_no_value_of_a_tagged_column_is_shown():
    assert "ada@example.com" not in schema_prefix(CATALOG)


def test_question_stands_on_one_line():
    assert question_suffix(" how\n many  orders ") == "Question: how many orders\nSQL:"


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        (" SELECT 1", "SELECT 1"),
        (" SELECT 1; SELECT 2", "SELECT 1"),
        (" SELECT 1\n\nThis counts.", "SELECT 1"),
        (" SELECT 1\nQuestion: next\nSQL: SELECT 2", "SELECT 1"),
        ("\n```sql\nSELECT 1\n```\nExplained.", "SELECT 1"),
        ("```\nSELECT 1;\n", "SELECT 1"),
        (" SELECT 'a;b'", "SELECT 'a;b'"),
        ("", ""),
    ],
)
def test_statement_is_found(text, sql):
    assert extract_sql(text) == sql


@pytest.mark.parametrize("text", ["", " SELECT 1", "\n\n", " SELECT 'a;", "```sql\nSELECT 1;\n\n", " SELECT 'a;b'"])
def test_text_that_may_go_on(text):
    assert not is_complete(text)


@pytest.mark.parametrize("text", [" SELECT 1;", " SELECT 1\n\n", "```sql\nSELECT 1\n```", " SELECT 1\nQuestion:"])
def test_text_whose_statement_is_final(text):
    assert is_complete(text)
