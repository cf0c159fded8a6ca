"""Whether generate_series, or a recursive query that counts, gives few rows. Used by `guard`."""

import re
from datetime import UTC, datetime, timedelta

from sqlglot import exp

MAX_ROWS = 10_000
_EXACT = re.compile(r"(?=.{1,15}\Z)[0-9]*\.?[0-9]*\Z")  # what a float holds, so that bounds can be subtracted
_INTERVAL = re.compile(r"(-?[0-9]{1,6}) *([a-z]*?)s?\Z")
_DAYS = {
    "second": 1 / 86_400, "minute": 1 / 1_440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 28.0, "year": 365.0,
}  # fmt: skip


def is_short(series: exp.Expression) -> bool:
    """Whether a series is known to have at most `MAX_ROWS` rows.

    Args:
        series: A call of generate_series: between numbers, or between moments that are literals, or now with a literal
            added or taken off.
    """
    length = _length(series.args.get("start"), series.args.get("end"), series.args.get("step"))
    return length is not None and length <= MAX_ROWS


def ends(step: exp.Expression) -> bool:
    """Whether a recursive query's step adds to a column, and goes on while that is below a literal that is not far."""
    where = step.args.get("where") if isinstance(step, exp.Select) else None
    conditions = list(where.this.flatten()) if where is not None and isinstance(where.this, exp.And) else []
    conditions = conditions or ([where.this] if where is not None else [])
    below = {
        test.this.name
        for test in conditions
        if isinstance(test, exp.LT | exp.LTE) and isinstance(test.this, exp.Column) and _is_near(test.expression)
    }
    return any(_grows(item, below) for item in step.expressions) if below else False


def _is_near(bound: exp.Expression) -> bool:
    number = _number(bound)
    return _moment(bound) is not None if number is None else number <= MAX_ROWS


def _grows(item: exp.Expression, names: set[str]) -> bool:
    item = item.unalias().unnest()
    item = item.this.unnest() if isinstance(item, exp.Cast) else item
    if not isinstance(item, exp.Add) or not isinstance(item.this, exp.Column) or item.this.name not in names:
        return False
    number, days = _number(item.expression), _days(item.expression)
    return (number is not None and number >= 1) or (days is not None and days >= 1)


def _length(low: exp.Expression, high: exp.Expression, step: exp.Expression | None) -> float | None:
    numbers = [_number(value) for value in (low, high, step or exp.Literal.number(1))]
    if None not in numbers:
        return (numbers[1] - numbers[0]) / numbers[2] if numbers[2] else None
    start, end, days = _moment(low), _moment(high), _days(step)
    if start is None or end is None or not days:
        return None
    return (end - start).total_seconds() / 86_400 / days


def _number(node: exp.Expression) -> float | None:
    sign = -1 if isinstance(node, exp.Neg) else 1
    literal = node.this if isinstance(node, exp.Neg) else node
    if not isinstance(literal, exp.Literal) or literal.is_string or not _EXACT.match(literal.name):
        return None
    return sign * float(literal.name)


def _days(node: exp.Expression | None) -> float | None:
    """The least number of days of an interval with one amount; 0 where it has none, None where it is no literal."""
    literal = node.this if isinstance(node, exp.Interval | exp.Cast) else None
    is_interval = isinstance(node, exp.Interval) or isinstance(node, exp.Cast) and node.to.this == exp.DType.INTERVAL
    if not is_interval or not isinstance(literal, exp.Literal):
        return None
    unit = node.text("unit") if isinstance(node, exp.Interval) else ""
    found = _INTERVAL.match(f"{literal.name} {unit}".strip().lower())
    return int(found[1]) * _DAYS[found[2]] if found and found[2] in _DAYS else None


def _moment(node: exp.Expression) -> datetime | None:
    """What a literal, or now with a literal added or taken off, says; now may be tomorrow when it runs."""
    node = node.unnest()
    if isinstance(node, exp.CurrentDate | exp.CurrentTimestamp | exp.Localtimestamp):
        return datetime.now(UTC).replace(tzinfo=None)
    if isinstance(node, exp.Add | exp.Sub):
        start, days, number = _moment(node.this), _days(node.expression), _number(node.expression)
        days = number if days is None else days
        sign = -1 if isinstance(node, exp.Sub) else 1
        is_known = start is not None and days is not None and abs(days) < 40_000
        return start + sign * timedelta(days=days) if is_known else None
    if isinstance(node, exp.Cast) and not isinstance(node.this, exp.Literal) and node.to.this == exp.DType.DATE:
        return _moment(node.this)
    literal = node.this if isinstance(node, exp.Cast) else None
    if not isinstance(literal, exp.Literal):
        return None
    try:
        return datetime.fromisoformat(literal.name).replace(tzinfo=None)
    except ValueError:
        return None
