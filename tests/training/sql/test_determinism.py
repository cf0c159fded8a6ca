"""A query that may answer otherwise when asked again is found by its words, or by running it on rows turned round."""

import pytest

from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog
from training.sql.determinism import is_open, reads_clock
from training.sql.sandbox import Executor


@pytest.mark.parametrize(
    "expression",
    [
        "now()", "current_date", "current_timestamp", "localtimestamp", "clock_timestamp()", "random()",
        "gen_random_uuid()", "age(ordered_at)", "'today'::date", "timestamp 'now'", "current_date - interval '7 days'",
    ],
)  # fmt: skip
def test_the_clock_and_chance_are_known_by_their_names(expression: str, catalog: Catalog) -> None:
    query = f"select {expression} from orders"
    assert reads_clock(query)
    assert reads_clock(canonicalize(query, catalog))


@pytest.mark.parametrize(
    "expression", ["age(ordered_at, timestamp '2024-01-01')", '"order"', "'it is now'", "date '2024-01-01'", "total"]
)
def test_other_words_are_none_of_them(expression: str) -> None:
    assert not reads_clock(f"select {expression} from orders")


@pytest.mark.parametrize(
    ("query", "answer_is_open"),
    [
        ("select order_id from orders limit 5", True),
        ("select order_id from orders order by status limit 5", True),
        ("select order_id from orders order by status, order_id limit 5", False),
        # which of the equals is shown does not show
        ("select status from orders order by status limit 5", False),
        # all of them are shown
        ("select order_id, status from orders order by status limit 500", False),
        ("select order_id from orders order by order_id limit 5 offset 3", False),
        ("select status, count(*) from orders group by status order by 2 desc limit 1", True),
        ("select order_id from orders union all select product_id from products order by 1 limit 5", False),
        ("with some as (select total from orders limit 3) select sum(total) from some", True),
        ("select distinct on (status) order_id from orders order by status", True),
        ("select distinct on (status) order_id from orders order by status, order_id", False),
        ("select order_id, row_number() over (order by status) from orders", True),
        ("select order_id, rank() over (order by status) from orders", False),
        ("select string_agg(status, ',') from orders", True),
        ("select string_agg(status, ',' order by order_id) from orders", False),
        ("select sum(total), avg(total) from orders", False),
        # the average of decimals differs in its last digits, which is no other answer
        ("select category, avg(quantity * unit_price / 7) from order_items join products using (product_id)"
         " group by category order by 2 desc limit 3", False),
        ("select o.order_id, p.order_id from orders as o join orders as p on p.order_id = o.order_id + 1"
         " order by o.order_id limit 3", False),
    ],
)  # fmt: skip
def test_an_order_that_the_query_leaves_open_shows_when_the_rows_are_turned_round(
    query: str, answer_is_open: bool, catalog: Catalog, executor: Executor
) -> None:
    canonical = canonicalize(query, catalog)
    execution = executor.run(canonical)

    assert execution.error_class is None
    assert is_open(canonical, execution, executor) is answer_is_open
