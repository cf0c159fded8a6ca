"""Which mutants a query has, and which of them nothing could kill."""

import pytest

from training.evaluate.suite.mutants import mutate
from training.sql.catalog import Catalog, Column, Table

CATALOG = Catalog(
    (
        Table("shop", "customers", None, (Column("id", "integer", False, True), Column("city", "text", False, False))),
        Table(
            "shop",
            "orders",
            None,
            (
                Column("id", "integer", False, True),
                Column("customer_id", "integer", False, False, references="customers.id"),
                Column("total", "numeric(8,2)", False, False),
                Column("tax", "numeric(6,2)", False, False),
            ),
        ),
    )
)
JOINED = "select count(*) from orders join customers on orders.customer_id = customers.id"


def texts(gold: str, operator: str) -> set[str]:
    return {mutant.sql.lower() for mutant in mutate(gold, CATALOG) if mutant.operator == operator}


@pytest.mark.parametrize(
    ("operator", "gold", "expected"),
    [
        ("comparison", "select id from orders where id < 5", {"select id from orders where id <= 5"}),
        ("comparison", "select id from orders where id = 5", {"select id from orders where id <> 5"}),
        (
            "number",
            "select id from orders where id < 5",
            {"select id from orders where id < 6", "select id from orders where id < 4"},
        ),
        ("limit", "select id from orders order by id limit 1", {"select id from orders order by id limit 2"}),
        ("direction", "select id from orders order by id", {"select id from orders order by id desc nulls last"}),
        ("distinct", "select distinct city from customers", {"select city from customers"}),
        ("distinct", "select count(distinct city) from customers", {"select count(city) from customers"}),
        ("aggregate", "select count(city) from customers", {"select count(*) from customers"}),
        (
            "aggregate",
            "select sum(total) from orders",
            {"select avg(total) from orders", "select max(total) from orders"},
        ),
        ("column", "select sum(total) from orders", {"select sum(tax) from orders"}),
        ("predicate", "select id from orders where id = 5", {"select id from orders"}),
        ("negation", "select id from orders where total is null", {"select id from orders where total is not null"}),
        (
            "between",
            "select id from orders where id between 1 and 3",
            {"select id from orders where (id > 1 and id <= 3)", "select id from orders where (id >= 1 and id < 3)"},
        ),
        (
            "date",
            "select id from orders where day >= date '2024-02-29'",
            {
                "select id from orders where day >= cast('2024-03-01' as date)",
                "select id from orders where day >= cast('2024-02-28' as date)",
            },
        ),
    ],
)  # fmt: skip
def test_one_change_each(operator: str, gold: str, expected: set[str]) -> None:
    assert texts(gold, operator) == expected


def test_connectives_keep_their_operands_together() -> None:
    gold = "select id from orders where total = 1 and (tax = 2 or tax = 3)"
    assert "select id from orders where (total = 1 or (tax = 2 or tax = 3))" in {
        text.replace("((tax = 2 or tax = 3))", "(tax = 2 or tax = 3)") for text in texts(gold, "connective")
    }


def test_positions_and_counts_of_digits_are_no_values() -> None:
    assert texts("select round(total, 2), tax from orders where tax = 1 group by 1, 2 order by 2", "number") == {
        "select round(total, 2), tax from orders where tax = 2 group by 1, 2 order by 2",
        "select round(total, 2), tax from orders where tax = 0 group by 1, 2 order by 2",
    }


@pytest.mark.parametrize(
    ("gold", "sides"),
    [
        (JOINED, {"right"}),  # each order has its customer, but not each customer an order
        (f"{JOINED} where customers.city = 'Oslo'", {"right"}),
        (f"{JOINED} where orders.total > 5", set()),  # of an order that is null, this is not true
        (f"{JOINED} where orders.total > 5 or customers.city = 'Oslo'", {"right"}),
        (f"{JOINED} where coalesce(orders.total, 9) > 5", {"right"}),
        ("select count(*) from orders join customers on orders.id = customers.id", {"left", "right"}),
    ],
)
def test_joins_that_are_proven_to_mean_the_same_are_left_out(gold: str, sides: set[str]) -> None:
    assert {side for text in texts(gold, "join") for side in ("left", "right") if f"{side} join" in text} == sides


def test_no_mutant_is_the_gold_or_another() -> None:
    gold = "select distinct sum(total) from orders where id between 1 and 5 and total > 3 or tax = 2 limit 3"
    made = [mutant.sql for mutant in mutate(gold, CATALOG)]
    assert len(made) == len(set(made)) > 15
    assert gold not in [text.lower() for text in made]
