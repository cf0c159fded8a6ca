"""Read `assortment.yaml`: what the shop sells and where it sells it. Called by business.py and its generators."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import yaml

FIRST_DAY = date(2022, 2, 1)
LAST_DAY = date(2025, 1, 31)
DAYS = (LAST_DAY - FIRST_DAY).days + 1

Row = tuple[object, ...]

# Sold by no order at any scale, so that questions about products that never sold have an answer.
NEVER_SOLD = ("Roof Rack Tent", "Yoga Wheel", "Knife Block")
HOLIDAYS = ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))  # (month, day)


@dataclass(frozen=True)
class Country:
    """A country the shop delivers to."""

    name: str
    weight: float
    locale: str
    dial: str
    cities: tuple[str, ...]


@cache
def _assortment() -> dict:
    return yaml.safe_load(Path(__file__).with_name("assortment.yaml").read_text(encoding="utf-8"))


def countries() -> tuple[Country, ...]:
    """Return the countries with their share of customers (weights sum to 1)."""
    return tuple(
        Country(name, entry["weight"], entry["locale"], entry["dial"], tuple(entry["names"]))
        for name, entry in _assortment()["cities"].items()
    )


def plan_rows() -> list[Row]:
    """Return rows of `plans`: id, name, monthly price in euros."""
    return [(number, name, price) for number, (name, price) in enumerate(_assortment()["plans"].items(), start=1)]


def category_rows() -> list[Row]:
    """Return rows of `categories`: id, name, department."""
    names = [(name, department) for department, group in _assortment()["departments"].items() for name in group]
    return [(number, name, department) for number, (name, department) in enumerate(names, start=1)]


def product_rows(rng: np.random.Generator) -> list[Row]:
    """Return rows of `products`; names and prices are fixed, cost, stock and launch day are drawn.

    Args:
        rng: The business's seeded generator.

    Returns:
        One tuple a product, in the column order of schema.sql.
    """
    rows: list[Row] = []
    groups = [group for department in _assortment()["departments"].values() for group in department.values()]
    for category_id, group in enumerate(groups, start=1):
        for product_name, price in group.items():
            cost = round(price * rng.uniform(0.35, 0.75), 2)
            stock = 0 if rng.random() < 0.07 else int(rng.gamma(1.5, 60)) + 1
            is_late = rng.random() < 0.3  # the rest has been on offer since before the first order
            days = int(rng.integers(10, DAYS - 60)) if is_late else -int(rng.integers(1, 400))
            launched_on = FIRST_DAY + timedelta(days=days)
            is_discontinued = bool(rng.random() < 0.08)
            rows.append(
                (len(rows) + 1, product_name, category_id, price - 0.05, cost, stock, launched_on, is_discontinued)
            )
    return rows


def calendar_rows() -> list[Row]:
    """Return rows of `calendar`: every day of the fiscal years 2022 to 2024, which start on 1 February."""
    days = [FIRST_DAY + timedelta(days=offset) for offset in range(DAYS)]
    return [
        (
            day,
            day.strftime("%A"),
            (day.month, day.day) in HOLIDAYS,
            day.year if day.month >= 2 else day.year - 1,
            (day.month - 2) % 12 // 3 + 1,
        )
        for day in days
    ]
