"""PostgreSQL values as JSON values."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from training.sql.json_values import to_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (2.5, 2.5),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("12.50"), 12.5),
        (Decimal("3"), 3),
        (Decimal("1E+3"), 1000),
        (Decimal("1E+5000"), "1" + "0" * 5000),
        (Decimal("-1E+999"), -(10**999)),
        (Decimal("NaN"), "NaN"),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (date(2026, 2, 1), "2026-02-01"),
        (datetime(2026, 2, 1, tzinfo=UTC), "2026-02-01T00:00:00+00:00"),
        (timedelta(days=1, seconds=5), "1 day, 0:00:05"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x00\xff", "00ff"),
        ([Decimal("1.5"), None], [1.5, None]),
        ({"a": [date(2026, 1, 1)]}, {"a": ["2026-01-01"]}),
    ],
)
def test_values(value, expected):
    turned = to_json(value)
    assert turned == expected
    assert type(turned) is type(expected)
    assert json.loads(json.dumps(turned, allow_nan=False)) == expected
