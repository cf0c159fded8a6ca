"""Which rows make a chart, and where its marks stand."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from serving.page.chart import LINE_HEIGHT, chart_of


def test_a_label_and_a_number_make_bars_in_the_order_of_the_rows():
    chart = chart_of(["status", "order_count"], [["paid", 8], ["open", 2]])

    assert chart.title == "order count by status"
    assert [(bar.label, bar.value, bar.left, bar.width) for bar in chart.bars] == [
        ("paid", "8", 30, 54), ("open", "2", 30, 13.5),
    ]  # fmt: skip
    assert "2 rows. Largest: paid, 8. Smallest: open, 2." in chart.description


def test_bars_below_zero_end_where_the_others_begin():
    loss, gain = chart_of(["shop", "profit"], [["a", Decimal(-1)], ["b", Decimal(1)]]).bars

    assert (loss.left, loss.width) == (30, 27)
    assert (gain.left, gain.width) == (57, 27)


@pytest.mark.parametrize("number_first", [False, True])
def test_days_make_a_line_in_the_order_of_time(number_first):
    rows = [[date(2026, 1, 11), 5.0], [date(2026, 1, 1), 0.0], [date(2026, 1, 6), 10.0]]
    columns = ["day", "total"]
    if number_first:
        rows, columns = [row[::-1] for row in rows], columns[::-1]

    chart = chart_of(columns, rows)
    assert chart.title == "total by day"
    assert [(point.x, point.y) for point in chart.points] == [(0, LINE_HEIGHT), (50, 0), (100, LINE_HEIGHT / 2)]
    assert [tick.text for tick in chart.x_ticks] == ["2026-01-01", "2026-01-06", "2026-01-11"]
    assert [tick.text for tick in chart.y_ticks] == ["0", "2.5", "5", "7.5", "10"]


def test_years_that_are_numbers_are_labels():
    assert [bar.label for bar in chart_of(["year", "total"], [[2025, 3], [2026, 4]]).bars] == ["2025", "2026"]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["n"], [[1], [2]]),
        (["a", "b", "n"], [["x", "y", 1], ["x", "z", 2]]),
        (["a", "n"], [["x", 1]]),
        (["a", "n"], [["x", 1], ["x", 2]]),
        (["a", "n"], [["x", 1], ["y", None]]),
        (["a", "n"], [["x", 1], ["y", float("nan")]]),
        (["a", "n"], [["x", True], ["y", False]]),
        (["customer_id", "total"], [[1, 5], [2, 6]]),
        (["a", "n"], [[str(n), n] for n in range(31)]),
        (["at", "n"], [[datetime(2026, 1, 1, tzinfo=UTC), n] for n in range(3)]),
    ],
    ids=["one column", "three", "one row", "repeated", "null", "nan", "booleans", "ids", "too many", "one moment"],
)
def test_other_rows_make_none(columns, rows):
    assert chart_of(columns, rows) is None


@pytest.mark.parametrize("numbers", [[0, 0, 0], [5, 5, 5], [-3, -3, -3], [1e-9, 2e-9, 3e-9], [10**17, 1, 10**16]])
def test_every_number_lies_on_the_drawing(numbers):
    days = [date(2026, 1, day) for day in (1, 2, 3)]
    chart = chart_of(["day", "n"], list(zip(days, numbers, strict=True)))

    assert all(0 <= point.y <= LINE_HEIGHT for point in chart.points)
    assert 2 <= len(chart.y_ticks) <= 7
