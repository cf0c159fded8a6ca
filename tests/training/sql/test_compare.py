"""The laws of result equality."""

import random
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.sql.compare import same_result
from training.sql.sandbox import Execution

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1000, 1000),
    st.floats(-1e6, 1e6),
    st.decimals(-1000, 1000, places=3),
    st.text(max_size=4),
    st.dates(),
    st.datetimes(),
    st.lists(st.integers(0, 9), max_size=3),
)
TABLES = st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), min_size=1, max_size=8))


def answer(rows: list[tuple], *, is_truncated: bool = False) -> Execution:
    return Execution(rows, ("x",) * len(rows[0]) if rows else (), len(rows), is_truncated, None, None, 1.0)


@given(TABLES)
def test_reflexive(rows: list[tuple]) -> None:
    assert same_result(answer(rows), answer(list(rows)), ordered=True)
    assert same_result(answer(rows), answer(list(rows)), ordered=False)


@given(TABLES, TABLES, st.booleans())
def test_symmetric(left: list[tuple], right: list[tuple], ordered: bool) -> None:
    there = same_result(answer(left), answer(right), ordered=ordered)
    assert there == same_result(answer(right), answer(left), ordered=ordered)


@given(TABLES, st.randoms(use_true_random=False))
def test_blind_to_row_order_unless_ordered(rows: list[tuple], chance: random.Random) -> None:
    shuffled = chance.sample(rows, len(rows))
    assert same_result(answer(rows), answer(shuffled), ordered=False)


def test_order_counts_where_the_gold_orders() -> None:
    assert not same_result(answer([(1,), (2,)]), answer([(2,), (1,)]), ordered=True)


@given(TABLES)
def test_not_blind_to_duplicates(rows: list[tuple]) -> None:
    assert not same_result(answer(rows), answer([*rows, rows[0]]), ordered=False)


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        (Decimal("0.3"), 0.1 + 0.2, True),
        (1, Decimal("1.00"), True),
        (1.0, 1.0001, False),
        (1, 2, False),
        (None, 0, False),
        (None, "", False),
        (True, 1, False),
        (date(2024, 1, 1), datetime(2024, 1, 1), True),
        (date(2024, 1, 1), datetime(2024, 1, 1, 1), False),
        (date(2024, 1, 1), "2024-01-01", False),
        (float("nan"), Decimal("nan"), True),
        ([1, 2.0], [1, Decimal(2)], True),
        ({"a": 1}, {"a": 1.0}, True),
        ("a", "A", False),
    ],
)
def test_values(left: object, right: object, is_same: bool) -> None:
    for ordered in (True, False):
        assert same_result(answer([(left,)]), answer([(right,)]), ordered=ordered) is is_same


def test_tolerance_survives_sorting() -> None:
    left = [(1.0, "b"), (1.0000000001, "a")]
    right = [(1.0, "a"), (1.0000000001, "b")]
    assert same_result(answer(left), answer(right), ordered=False)


def test_failures_and_cut_results_are_never_equal() -> None:
    failed = Execution(None, (), 0, False, "syntax", "42601", 1.0)
    assert not same_result(failed, failed, ordered=False)
    cut = answer([(1,)], is_truncated=True)
    assert not same_result(cut, cut, ordered=False)


def test_number_of_columns_counts_even_without_rows() -> None:
    one = Execution([], ("a",), 0, False, None, None, 1.0)
    two = Execution([], ("a", "b"), 0, False, None, None, 1.0)
    assert not same_result(one, two, ordered=False)
    assert same_result(one, Execution([], ("z",), 0, False, None, None, 1.0), ordered=False)
