"""An exchanged value changes in the question and in the SQL alike, or not at all."""

import random

import pytest

from training.augment import ValueExchange
from training.data import Pair
from training.sql.catalog import Catalog, Column, Table

CATALOG = Catalog(
    (
        Table(
            "shop",
            "customers",
            None,
            (
                Column("full_name", "text", False, False, pii="name"),
                Column("city", "text", False, False, sample_values=("Bern", "L'Aquila", "Milan")),
            ),
        ),
        Table("shop", "orders", None, (Column("ordered_on", "date", False, False),)),
    )
)


def _pair(question: str, sql: str) -> Pair:
    return Pair("p", question, sql, "train", "train")


def _variants(pair: Pair, *others: Pair) -> set[tuple[str, str]]:
    exchange = ValueExchange(CATALOG, [pair, *others])
    varied = [exchange.vary(pair, random.Random(seed)) for seed in range(60)]
    return {(variant.question, variant.sql) for variant in varied}


def test_a_listed_value_is_exchanged_on_both_sides_with_its_quotes_doubled():
    pair = _pair("Customers in Milan", "select count(*) from customers where city = 'Milan'")
    assert _variants(pair) == {
        ("Customers in Milan", "select count(*) from customers where city = 'Milan'"),
        ("Customers in Bern", "select count(*) from customers where city = 'Bern'"),
        ("Customers in L'Aquila", "select count(*) from customers where city = 'L''Aquila'"),
    }


def test_a_value_changes_wherever_the_sql_has_it_and_is_of_the_table_of_its_own_from():
    inner = "select full_name from customers where city = '{0}'"
    sql = f"select count(*) from orders where buyer in ({inner}) and seller in ({inner})"
    pair = _pair("Orders within Milan", sql.format("Milan"))
    assert ("Orders within Bern", sql.format("Bern")) in _variants(pair)


def test_a_tagged_value_comes_from_another_training_pair_only():
    pair = _pair("City of Ada Lo", "select city from customers where full_name = 'Ada Lo'")
    assert _variants(pair) == {(pair.question, pair.sql)}
    other = _pair("City of Bo Ny", "select city from customers where customers.full_name = 'Bo Ny'")
    assert {question for question, _ in _variants(pair, other)} == {"City of Ada Lo", "City of Bo Ny"}


def test_years_move_together_and_the_end_of_a_range_with_them():
    pair = _pair(
        "Orders of 2023",
        "select count(*) from orders where ordered_on >= date '2023-01-01' and ordered_on < date '2024-01-01'",
    )
    assert (
        "Orders of 2024",
        "select count(*) from orders where ordered_on >= date '2024-01-01' and ordered_on < date '2025-01-01'",
    ) in _variants(pair)


def test_a_month_moves_over_the_end_of_the_year():
    pair = _pair(
        "Orders in March 2023",
        "select count(*) from orders where ordered_on >= date '2023-03-01' and ordered_on < date '2023-04-01'",
    )
    assert (
        "Orders in December 2023",
        "select count(*) from orders where ordered_on >= date '2023-12-01' and ordered_on < date '2024-01-01'",
    ) in _variants(pair)


def test_a_number_keeps_its_spelling():
    as_word = _pair("Which five cities?", "select city from customers order by city limit 5")
    assert ("Which nine cities?", "select city from customers order by city limit 9") in _variants(as_word)
    as_digits = _pair("Top 5 cities", "select city from customers order by city limit 5")
    assert ("Top 9 cities", "select city from customers order by city limit 9") in _variants(as_digits)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        # not in the question as it stands, twice in it, or twice in the SQL
        ("Customers of the capital", "select count(*) from customers where city = 'Bern'"),
        ("Bern or Bern?", "select count(*) from customers where city = 'Bern'"),
        ("In Bern", "select 'Bern' from customers where city = 'Bern'"),
        # a year that the question does not explain, and one that a leap day hangs on
        ("Orders of 2023", "select count(*) from orders where ordered_on >= date '2021-01-01'"),
        ("Orders on 29 February 2024", "select count(*) from orders where ordered_on = date '2024-02-29'"),
        # a number that is a position, a share, or not the one asked for
        ("The two columns", "select city, full_name from customers order by 2"),
        ("Top 5 cities", "select city from customers order by city limit 3"),
    ],
)
def test_what_is_not_plain_stays(question, sql):
    assert _variants(_pair(question, sql)) == {(question, sql)}


def test_the_same_seed_draws_the_same_values():
    pair = _pair("Top 5 in Milan", "select city from customers where city = 'Milan' limit 5")
    exchange = ValueExchange(CATALOG, [pair])
    assert exchange.vary(pair, random.Random("7 1")) == exchange.vary(pair, random.Random("7 1"))
