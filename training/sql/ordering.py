"""Which rows of a query's answer its ORDER BY leaves equal, and so may change places. Used by the evaluation.

The keys of the order are read from the answer; one that the query does not show is added to a copy of it as a column.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from training.sql.parse import WarehouseDialect, parse_select
from training.sql.sandbox import Execution, Executor


@dataclass(frozen=True)
class Answer:
    """What a query answers.

    Attributes:
        execution: Its execution.
        blocks: For each row the number of its group, in order: rows of one group are equal in the query's ORDER BY and
            may change places. None where the query has no ORDER BY, and the order does not count.
    """

    execution: Execution
    blocks: tuple[int, ...] | None


@dataclass(frozen=True)
class _Keyed:
    """A query that shows the keys of its order: the columns they stand in, of which the last `hidden` were added."""

    sql: str
    places: tuple[int, ...]
    hidden: int


def is_ordered(sql: str) -> bool:
    """Tells whether the order of a statement's rows counts: it has an ORDER BY at its top level."""
    return parse_select(sql).args.get("order") is not None


def run_answer(sql: str, executor: Executor) -> Answer:
    """Runs a query and finds out how far its order is fixed.

    Args:
        sql: One query that the guard has allowed.
        executor: Connected to the tables.

    Returns:
        The answer. Where the keys cannot be shown (a set operation on `*`), each row is a group of its own.
    """
    if not is_ordered(sql):
        return Answer(executor.run(sql), None)
    keyed = _show_keys(parse_select(sql))
    execution = executor.run(keyed.sql if keyed and keyed.hidden else sql)
    if keyed is not None and keyed.hidden and execution.rows is None:
        keyed, execution = None, executor.run(sql)
    if execution.rows is None or keyed is None:
        return Answer(execution, tuple(range(execution.row_count)))
    blocks = _blocks([tuple(row[place] for place in keyed.places) for row in execution.rows])
    return Answer(_without_last(execution, keyed.hidden), blocks)


def _blocks(keys: Sequence[tuple[Any, ...]]) -> tuple[int, ...]:
    blocks: list[int] = []
    for row, key in enumerate(keys):
        blocks.append(blocks[-1] if row and key == keys[row - 1] else row)
    return tuple(blocks)


def _without_last(execution: Execution, hidden: int) -> Execution:
    if not hidden or execution.rows is None:
        return execution
    rows = [row[:-hidden] for row in execution.rows]
    return replace(execution, rows=rows, columns=execution.columns[:-hidden])


def _show_keys(tree: exp.Select | exp.SetOperation) -> _Keyed | None:
    """Finds each key of the order among the columns, or adds it as the last one."""
    shown = tree
    while not isinstance(shown, exp.Select):
        shown = shown.this  # a set operation's columns are named by its first query
    has_star = any(item.is_star and not isinstance(item, exp.Count) for item in shown.expressions)
    items = [] if has_star else shown.expressions
    added: list[exp.Expression] = []
    places: list[int] = []
    for element in tree.args["order"].expressions:
        place = _place(element.this, items)
        if place is None:
            if isinstance(tree, exp.SetOperation) or _is_plain_distinct(tree):
                return None
            added.append(element.this.copy())
            place = -len(added)  # from the end, put right below: how many there will be is not known yet
        places.append(place)
    for number, expression in enumerate(added):
        tree.select(exp.alias_(expression, f"order_key_{number}"), copy=False)
    return _Keyed(
        tree.sql(dialect=WarehouseDialect),
        tuple(place if place >= 0 else -len(added) - place - 1 for place in places),
        len(added),
    )


def _place(key: exp.Expression, items: Sequence[exp.Expression]) -> int | None:
    """The column that a key is: by position, by the column's name, or because it is the same expression."""
    if isinstance(key, exp.Literal) and key.is_int:
        return int(key.name) - 1
    for place, item in enumerate(items):
        if isinstance(key, exp.Column) and not key.table and item.alias_or_name == key.name:
            return place
    return next((place for place, item in enumerate(items) if item.unalias() == key), None)


def _is_plain_distinct(tree: exp.Select) -> bool:
    distinct = tree.args.get("distinct")
    return distinct is not None and not distinct.args.get("on")
