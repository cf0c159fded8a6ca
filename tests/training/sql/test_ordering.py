"""Ties in a query's ORDER BY, on a real server."""

import pytest

from training.sql.compare import difference
from training.sql.ordering import run_answer
from training.sql.sandbox import Executor

VALUES = "(values (1, 'a', 9), (1, 'b', 8), (2, 'c', 7)) as t(x, y, z)"


@pytest.mark.parametrize(
    ("sql", "blocks"),
    [
        (f"select y from {VALUES}", None),
        (f"select x, y from {VALUES} order by x", (0, 0, 2)),  # the key is shown
        (f"select y, x as shown from {VALUES} order by shown", (0, 0, 2)),  # under another name
        (f"select x, y from {VALUES} order by 1", (0, 0, 2)),
        (f"select y from {VALUES} order by x", (0, 0, 2)),  # the key is not shown
        (f"select * from {VALUES} order by x", (0, 0, 2)),
        (f"select y from {VALUES} order by x, z", (0, 1, 2)),  # two keys that are not
        (f"select y, x * 2 from {VALUES} order by x * 2 desc, x", (0, 1, 1)),
        (f"select distinct x from {VALUES} order by x", (0, 1)),
        (f"select x from {VALUES} union all select 1 order by x", (0, 0, 0, 3)),
        (f"select x, count(*) from {VALUES} group by x order by max(z) desc", (0, 1)),
        (f"select y as z from {VALUES} order by t.z, z", (0, 1, 2)),  # a name that means a column and an alias
    ],
)
def test_rows_that_are_equal_in_the_order_form_a_block(
    sql: str, blocks: tuple[int, ...] | None, executor: Executor
) -> None:
    answer = run_answer(sql, executor)
    assert answer.blocks == blocks
    plain = executor.run(sql)
    assert (answer.execution.columns, answer.execution.rows) == (plain.columns, plain.rows)  # the keys are taken off


def test_equals_may_change_places_and_others_may_not(executor: Executor) -> None:
    gold = run_answer(f"select y from {VALUES} order by x", executor)

    def judged(other: str) -> str | None:
        return difference(gold.execution, executor.run(f"select y from {VALUES} order by {other}"), gold.blocks)

    assert judged("x, y desc") is None
    assert judged("x desc, y") == "wrong_order"
    assert judged("z, x") == "wrong_order"


def test_what_cannot_run_is_an_execution_that_failed(executor: Executor) -> None:
    assert run_answer("select nothing from orders order by 1", executor).execution.error_class == "unknown_column"
