"""The laws of result equality."""

import random
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.sql.compare import difference, same_result
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


def answer(rows: list[tuple], *, is_truncated: bool = False, columns: tuple[str, ...] | None = None) -> Execution:
    names = columns or (("x",) * len(rows[0]) if rows else ("x",))
    return Execution(rows, names, len(rows), is_truncated, None, None, 1.0)


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


@given(TABLES, st.randoms(use_true_random=False), st.data())
def test_rows_of_one_block_may_change_places(rows: list[tuple], chance: random.Random, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    blocks = [0] * cut + [1] * (len(rows) - cut)
    permuted = chance.sample(rows[:cut], cut) + chance.sample(rows[cut:], len(rows) - cut)
    assert difference(answer(rows), answer(permuted), blocks) is None


def test_order_counts_where_the_gold_orders() -> None:
    assert difference(answer([(1,), (2,)]), answer([(2,), (1,)]), [0, 1]) == "wrong_order"
    assert difference(answer([(1,), (2,)]), answer([(2,), (1,)]), [0, 0]) is None
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
        (2.5, 2.5000000001, True),
        (1e-11, 0.0, True),
        (1000000, Decimal("1000001"), False),  # whole numbers have no tolerance, however large
        (10**15, 10**15 + 1, False),
        (Decimal("123456789.12"), Decimal("123456789.13"), False),
        (Decimal("0.3333333333333333"), Decimal("0.33333333333333333333"), True),
        (5, Decimal("4.99999999999999999"), True),
        (float("inf"), Decimal("Infinity"), True),
        (float("inf"), 10**400, False),
        (1, 2, False),
        (None, 0, False),
        (None, "", False),
        (True, 1, False),
        (date(2024, 1, 1), datetime(2024, 1, 1), True),
        (date(2024, 1, 1), datetime(2024, 1, 1, 1), False),
        (date(2024, 1, 1), "2024-01-01", False),
        (float("nan"), Decimal("nan"), True),
        ([1, 2.0], [1, Decimal(2)], True),
        ([0.1 + 0.2, None], [0.3, None], True),
        ([1, 2], [2, 1], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": [0.1 + 0.2], "b": 2}, {"b": 2, "a": [0.3]}, True),
        ({"a": None}, {}, False),
        ({"a": True}, {"a": 1}, False),
        (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), True),
        (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1), False),
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


@given(TABLES)
def test_columns_change_places_only_where_all_names_say_which_is_which(rows: list[tuple]) -> None:
    width = len(rows[0])
    turned = [row[::-1] for row in rows]
    names = tuple(f"column_{place}" for place in range(width))
    assert same_result(answer(rows, columns=names), answer(turned, columns=names[::-1]), ordered=True)
    unnamed = answer(turned, columns=("sum",) * width)
    is_same = same_result(answer(rows, columns=("sum",) * width), unnamed, ordered=True)
    assert is_same == same_result(answer(rows), answer(turned), ordered=True)


def test_columns_without_telling_names_stay_in_their_places() -> None:
    one, other = answer([(1, 2)], columns=("count", "count")), answer([(2, 1)], columns=("count", "count"))
    assert difference(one, other, None) == "wrong_rows"
    named = answer([(2, 1)], columns=("b", "a"))
    assert same_result(answer([(1, 2)], columns=("a", "b")), named, ordered=False)
    assert same_result(answer([(1, 2)], columns=("a", "b")), answer([(1, 2)], columns=("x", "y")), ordered=False)


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([], "empty"),
        ([(1, 2)], "wrong_columns"),
        ([(1,)], "wrong_rows"),
        ([(1,), (1,)], "wrong_rows"),
        ([(2,), (1,)], "wrong_order"),
        ([(1,), (2,)], None),
    ],
)
def test_what_is_wrong_is_named(rows: list[tuple], verdict: str | None) -> None:
    assert difference(answer([(1,), (2,)]), answer(rows), [0, 1]) == verdict


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
