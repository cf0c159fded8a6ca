"""What a run costs, over all its parts."""

import pytest

from training.usage import UsageMeter


def test_what_was_spent_before_an_interruption_is_added():
    meter = UsageMeter()
    spent = {"started_at": "2026-11-01T00:00:00+00:00", "wall_seconds": 7000.0, "cpu_seconds": 9000.0}
    meter.add(spent | {"peak_memory_mib": 1e9})
    figures = meter.figures("cuda", processes=2)
    assert meter.started_at == spent["started_at"]
    assert figures["seconds"] == pytest.approx(7000, abs=60)
    assert figures["cpu_seconds"] == pytest.approx(18000, abs=60)
    assert figures["gpu_seconds"] == pytest.approx(14000, abs=120)
    assert figures["peak_memory_mib"] == 1e9


def test_what_was_spent_goes_through_any_number_of_interruptions():
    spent = {"started_at": "2026-11-01T00:00:00+00:00", "wall_seconds": 7000.0, "cpu_seconds": 9.0}
    first, second = UsageMeter(), UsageMeter()
    first.add(spent | {"peak_memory_mib": 0.0})
    second.add(first.spent())
    assert second.started_at == spent["started_at"]
    assert second.spent()["wall_seconds"] >= first.spent()["wall_seconds"] - 1 >= 6999
