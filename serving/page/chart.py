"""Decides whether rows make a chart, and where its marks stand. The template `chart.svg` draws what stands here.

Positions are percentages of the drawing's width, so that the text keeps its size on a telephone; heights are pixels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from serving.page.cells import spell

MOST_BARS = 30
MOST_POINTS = 500
MOST_DOTS = 60
BAR_HEIGHT = 28
LINE_HEIGHT = 220
_LABELS_END = 30.0  # percent: what the labels of bars may take
_BARS_END = 84.0  # percent: right of it stands the longest bar's number
_DIGIT_WIDTH = 9  # pixels
_PART_OF_DATE = {"year", "quarter", "month", "week", "day", "hour", "dow", "day_of_week", "weekday"}


@dataclass(frozen=True)
class Bar:
    """One row as a bar: `left` and `width` in percent, `top` in pixels."""

    label: str
    value: str
    left: float
    width: float
    top: int


@dataclass(frozen=True)
class Point:
    """One row of a line: `x` in percent, `y` in pixels."""

    label: str
    value: str
    x: float
    y: float


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: where it stands (percent on the x axis, pixels on the y axis) and what it says."""

    position: float
    text: str


@dataclass(frozen=True)
class Chart:
    """A drawing of two columns; either bars or points.

    Attributes:
        title: What it shows, in a few words.
        description: The same for who cannot see it: kind, number of rows, smallest and largest.
        height: Pixels.
        zero: Where zero stands among the bars, in percent.
    """

    title: str
    description: str
    height: int
    bars: tuple[Bar, ...] = ()
    zero: float = _LABELS_END
    points: tuple[Point, ...] = ()
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()

    @property
    def y_width(self) -> int:
        """Pixels that the texts of the y axis take at most."""
        return _DIGIT_WIDTH * max(len(tick.text) for tick in self.y_ticks)


def chart_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Chart | None:
    """Draw rows of one label and one number, in either order; a day or a time as label makes a line.

    Args:
        columns: Names of the columns.
        rows: The rows, complete, as psycopg reads them.

    Returns:
        The chart; None where the rows do not fit one: other columns, missing or repeated values, too few, too many.
    """
    if len(columns) != 2 or not 2 <= len(rows) <= MOST_POINTS:
        return None
    for label, number in ((0, 1), (1, 0)):
        labels, numbers = [row[label] for row in rows], [row[number] for row in rows]
        if not all(_is_number(value) for value in numbers) or len(set(map(str, labels))) < len(labels):
            continue
        title = f"{_spoken(columns[number])} by {_spoken(columns[label])}"
        if len(rows) > 2 and _are_moments(labels):
            return _line(title, labels, numbers)
        if len(rows) <= MOST_BARS and _are_labels(columns[label], labels):
            return _bars(title, labels, numbers)
    return None


def _bars(title: str, labels: Sequence[Any], numbers: Sequence[Any]) -> Chart:
    low, high = min(0.0, *map(float, numbers)), max(0.0, *map(float, numbers))
    percent = (_BARS_END - _LABELS_END) / ((high - low) or 1.0)
    bars = []
    for place, (label, number) in enumerate(zip(labels, numbers, strict=True)):
        left = _LABELS_END + (min(0.0, float(number)) - low) * percent
        width = abs(float(number)) * percent
        bars.append(Bar(spell(label), spell(number), round(left, 2), round(width, 2), place * BAR_HEIGHT))
    zero = round(_LABELS_END - low * percent, 2)
    return Chart(title, _described("Bars", labels, numbers), len(bars) * BAR_HEIGHT, tuple(bars), zero)


def _line(title: str, labels: Sequence[Any], numbers: Sequence[Any]) -> Chart:
    ordered = sorted(zip(labels, numbers, strict=True), key=lambda pair: _seconds(pair[0]))
    first, last = _seconds(ordered[0][0]), _seconds(ordered[-1][0])
    ticks = _round_steps(min(map(float, numbers)), max(map(float, numbers)))
    low, high = ticks[0], ticks[-1]
    points = tuple(
        Point(
            spell(moment),
            spell(number),
            round(100 * (_seconds(moment) - first) / (last - first), 2),
            round(LINE_HEIGHT * (high - float(number)) / (high - low), 1),
        )
        for moment, number in ordered
    )
    middle = points[len(points) // 2]
    shown = (points[0], middle, points[-1]) if 25 <= middle.x <= 75 else (points[0], points[-1])
    return Chart(
        title,
        _described("A line", labels, numbers),
        LINE_HEIGHT,
        points=points,
        x_ticks=tuple(Tick(point.x, point.label) for point in shown),
        y_ticks=tuple(Tick(round(LINE_HEIGHT * (high - tick) / (high - low), 1), _spell_step(tick)) for tick in ticks),
    )


def _described(kind: str, labels: Sequence[Any], numbers: Sequence[Any]) -> str:
    by_size = sorted(zip(numbers, labels, strict=True), key=lambda pair: float(pair[0]))
    (least, least_label), (most, most_label) = by_size[0], by_size[-1]
    return (
        f"{kind} of {len(labels)} rows. Largest: {spell(most_label)}, {spell(most)}. "
        f"Smallest: {spell(least_label)}, {spell(least)}. The table beside it holds all of them."
    )


def _round_steps(low: float, high: float) -> list[float]:
    """Choose three to six round numbers that enclose the values; zero is among them unless the values lie far off."""
    if low > 0 and low < 0.5 * high:
        low = 0.0
    if high < 0 and high > 0.5 * low:
        high = 0.0
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0)
    high = high if high > low else 1.0
    rough = (high - low) / 4
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = magnitude * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough)
    return [step * count for count in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _spell_step(value: float) -> str:
    return spell(int(value) if value == int(value) else Decimal(f"{value:.6g}"))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)


def _are_moments(values: Sequence[Any]) -> bool:
    return all(isinstance(value, date) for value in values) and len({type(value) for value in values}) == 1


def _are_labels(column: str, values: Sequence[Any]) -> bool:
    if column.lower() in _PART_OF_DATE:
        return all(_is_number(value) for value in values)
    return all(isinstance(value, str | bool | date) for value in values)


def _seconds(moment: date) -> float:
    if not isinstance(moment, datetime):
        return moment.toordinal() * 86_400.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _spoken(column: str) -> str:
    return column.replace("_", " ")
