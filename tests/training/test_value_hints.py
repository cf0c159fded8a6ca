"""Values that a question names are found as they are stored, and never a person's."""

import pytest

from training.prompt import question_suffix
from training.sql.catalog import Catalog, Column, Table
from training.value_hints import ValueIndex


def _column(name: str, *values: str, pii: str | None = None) -> Column:
    return Column(name, "text", True, False, pii=pii, sample_values=values)


CATALOG = Catalog(
    (
        Table("shop", "orders", None, (_column("status", "cancelled", "open"), _column("channel", "app", "phone"))),
        Table("shop", "plans", None, (_column("state", "cancelled"), _column("note", "cancelled"))),
        Table(
            "shop",
            "products",
            None,
            (
                _column("product_name", "Yoga Mat", "Mat", "Dutch Oven", "Battery Box", "Glass"),
                _column("status", "cancelled"),
            ),
        ),
    )
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many orders came by PHONE?", ["phone (orders.channel)"]),
        ("Sales of Yoga Mats", ["Yoga Mat (products.product_name)"]),
        ("battery boxes and glasses", ["Battery Box (products.product_name)", "Glass (products.product_name)"]),
        (
            "Open orders, in the app or by phone",
            ["open (orders.status)", "app (orders.channel)", "phone (orders.channel)"],
        ),
        ("How many happy people?", []),
        ("What was cancelled?", []),  # four columns hold it, so it says nothing
        ("", []),
    ],
)
def test_values_are_found_by_their_words(question, expected):
    assert [hint.text for hint in ValueIndex(CATALOG).hints(question)] == expected


def test_the_longer_value_wins():
    assert [hint.value for hint in ValueIndex(CATALOG).hints("a yoga mat and a mat")] == ["Yoga Mat", "Mat"]


def test_names_carry_the_schema_where_there_are_several():
    catalog = Catalog((*CATALOG.tables, Table("crm", "leads", None, (_column("source", "fair"),))))
    assert [hint.columns for hint in ValueIndex(catalog).hints("leads from a fair")] == [("crm.leads.source",)]


def test_the_prompt_shows_hints_between_question_and_sql():
    hints = ValueIndex(CATALOG).hints("app orders that are open")
    assert question_suffix("app orders that are open", hints) == (
        "Question: app orders that are open\nValues: app (orders.channel); open (orders.status)\nSQL:"
    )
    assert question_suffix("how many") == "Question: how many\nSQL:"
