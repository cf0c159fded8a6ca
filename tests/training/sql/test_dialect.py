"""SQL for other systems is told from PostgreSQL's, also where the lenient parser takes it."""

import pytest

from training.sql.dialect import FOREIGN_FUNCTIONS, is_foreign, parses_elsewhere
from training.sql.functions import FUNCTIONS


@pytest.mark.parametrize(
    "sql",
    [
        "select top 5 order_id from orders", "select distinct top (5) order_id from orders",
        "select order_id from orders limit 5, 10", "select [order_id] from orders", "select 1 from shop.[orders]",
        "select order_id from orders where [total] > 5", "select dateadd(day, 1, ordered_on) from orders",
        "select ifnull(total, 0) from orders", "select NVL(total, 0) from orders", "select getdate()",
        "select count(*) from orders with (nolock)", "select 1 from orders cross apply items",
        "select order_id from orders where channel regexp 'a'", "select 1 from orders where total == 5",
        "select order_id from orders qualify row_number() over (order by order_id) = 1",
    ],
)  # fmt: skip
def test_a_mark_of_another_system_is_found(sql: str) -> None:
    assert is_foreign(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select tags[1], array[1, 2], array[[1], [2]] from orders", "select '{1}'::int[]", "select top from orders",
        "select count(*) from orders limit 5 offset 10", "select x.top, x.qualify from x", 'select "nvl"(1)',
        "select 'select [a] from b limit 5, 10'", "with a as (select 1) select * from a", "select nvl from orders",
        "select a from orders order by a limit 5", "select date_trunc('month', ordered_on) from orders",
        "select (array_agg(total order by total))[1] from orders",
    ],
)  # fmt: skip
def test_postgresql_is_not_foreign(sql: str) -> None:
    assert not is_foreign(sql)


def test_no_function_is_both_allowed_and_foreign() -> None:
    assert not FOREIGN_FUNCTIONS & FUNCTIONS


@pytest.mark.parametrize(
    ("sql", "is_elsewhere"),
    [
        ("select `order_id` from `orders`", True),
        ("select * from orders minus select * from orders", True),
        ("select count(*) from (select", False),
        ("select from where", False),
        ("select 1; select 2", False),
        ("select `a` from t; delete from t", False),
        ("select " + "(" * 200 + "`a`" + ")" * 200, False),
    ],
)
def test_what_postgresql_does_not_parse_may_be_a_query_elsewhere(sql: str, is_elsewhere: bool) -> None:
    assert parses_elsewhere(sql) is is_elsewhere
