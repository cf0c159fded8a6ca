"""Generate what the sample business sells: orders, items, payments, shipments, refunds. Called by business.py."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from dagster_project.sample.assortment import DAYS, FIRST_DAY, LAST_DAY, NEVER_SOLD, Row

TIER_APPETITE = {"bronze": 0.6, "silver": 1.2, "gold": 2.2, "platinum": 4.0}
MONTH_SEASON = (0.8, 0.75, 0.9, 1.0, 1.1, 1.15, 1.0, 0.9, 0.95, 1.05, 1.7, 1.9)  # January to December
WEEKDAY_SEASON = (1.1, 0.95, 0.9, 0.95, 1.0, 1.15, 1.35)  # Monday to Sunday
CATEGORY_APPEAL = (0.7, 1.2, 0.6, 1.5, 2.2, 0.9, 1.3, 1.1, 0.5, 1.0, 1.8, 1.4)
CHANNELS = ("web", "app", "phone")
APP_SHARE = {"Netherlands": 0.5, "Sweden": 0.55, "Germany": 0.3, "Spain": 0.4}  # 0.35 elsewhere
METHODS = ("card", "paypal", "invoice", "transfer")
METHOD_SHARES = {"Germany": (0.25, 0.4, 0.3, 0.05), "Austria": (0.3, 0.35, 0.3, 0.05)}
OTHER_METHOD_SHARES = (0.6, 0.28, 0.04, 0.08)
CARRIERS = ("DHL", "UPS", "GLS", "PostNL")
CARRIER_SHARES = {"Germany": (0.7, 0.1, 0.2, 0.0), "Netherlands": (0.1, 0.1, 0.05, 0.75)}
OTHER_CARRIER_SHARES = (0.3, 0.4, 0.25, 0.05)
CARRIER_DAYS = {"DHL": 2.4, "UPS": 2.9, "GLS": 4.1, "PostNL": 1.9}
RETURN_REASONS = ("damaged", "wrong size", "changed mind", "late", "wrong item")
RETURN_SHARES = (0.24, 0.27, 0.3, 0.11, 0.08)


Option = TypeVar("Option")


@dataclass
class Sales:
    """Rows of the tables that one order touches, in the column order of schema.sql."""

    orders: list[Row] = field(default_factory=list)
    order_items: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    shipments: list[Row] = field(default_factory=list)
    refunds: list[Row] = field(default_factory=list)


def _day(offset: int) -> date:
    return FIRST_DAY + timedelta(days=int(offset))


def _order_moments(rng: np.random.Generator, customers: list[Row], count: int) -> list[tuple[int, int]]:
    """Return (day offset, customer index) of each order, by day; nobody orders before signing up."""
    days = [_day(offset) for offset in range(DAYS)]
    growth = np.linspace(1.0, 2.1, DAYS)
    season = np.array([MONTH_SEASON[day.month - 1] * WEEKDAY_SEASON[day.weekday()] for day in days])
    day_weights = growth * season / (growth * season).sum()
    signup = np.array([(row[10] - FIRST_DAY).days for row in customers])
    appetite = rng.gamma(1.2, 1.0, len(customers)) * np.array([TIER_APPETITE[row[8]] for row in customers])
    appetite[rng.random(len(customers)) < 0.08] = 0.0  # registered, never bought
    customer_weights = appetite / appetite.sum()
    moments: list[tuple[int, int]] = []
    while len(moments) < count:
        picked_days = rng.choice(DAYS, size=count, p=day_weights)
        buyers = rng.choice(len(customers), size=count, p=customer_weights)
        is_member = signup[buyers] <= picked_days
        moments += list(zip(picked_days[is_member].tolist(), buyers[is_member].tolist(), strict=True))
    return sorted(moments[:count])


class SalesGenerator:
    """Draws the sales of the whole history; one instance makes one history."""

    def __init__(self, rng: np.random.Generator, customers: list[Row], products: list[Row]) -> None:
        self._rng = rng
        self._customers = customers
        self._products = products
        self._launched = np.array([(row[6] - FIRST_DAY).days for row in products])
        appeal = rng.gamma(2.0, 1.0, len(products)) * np.array([CATEGORY_APPEAL[row[2] - 1] for row in products])
        appeal /= np.sqrt([float(row[3]) for row in products])  # dear products sell less often
        appeal[[row[1] in NEVER_SOLD for row in products]] = 0.0
        self._appeal = appeal
        self.sales = Sales()

    def run(self, count: int) -> Sales:
        """Return `count` orders with everything that follows from them."""
        for offset, customer_index in _order_moments(self._rng, self._customers, count):
            self._order(offset, self._customers[customer_index])
        return self.sales

    def _order(self, offset: int, customer: Row) -> None:
        country = customer[7]
        order_id = len(self.sales.orders) + 1
        app_share = APP_SHARE.get(country, 0.35)
        channel = self._pick(CHANNELS, (0.92 - app_share, app_share, 0.08))
        total = self._items(order_id, offset)
        fate = self._rng.random()
        is_cancelled, is_returned = fate < 0.06, fate > 0.945
        shipped = offset + int(self._rng.integers(0, 4))
        carrier = self._pick(CARRIERS, CARRIER_SHARES.get(country, OTHER_CARRIER_SHARES))
        delivered = shipped + 1 + int(self._rng.poisson(CARRIER_DAYS[carrier] - 1))
        if is_cancelled:
            status = "cancelled"
        elif shipped >= DAYS:
            status = "pending"
        elif delivered >= DAYS:
            status = "shipped"
        else:
            status = "returned" if is_returned else "delivered"
        self.sales.orders.append((order_id, customer[0], _day(offset), status, channel, total))
        if status not in ("cancelled", "pending"):
            self._shipment(order_id, carrier, shipped, delivered, total)
        is_paid = self._payments(order_id, offset, country, total, is_sure=status not in ("cancelled", "pending"))
        self._refund(order_id, status, min(delivered, DAYS - 1), total, is_paid=is_paid)

    def _items(self, order_id: int, offset: int) -> float:
        """Add the order's items; return their value in euros."""
        on_offer = np.where(self._launched <= offset, self._appeal, 0.0)
        size = min(1 + int(self._rng.poisson(1.5)), 6)
        picked = self._rng.choice(len(self._products), size=size, replace=False, p=on_offer / on_offer.sum())
        total = 0.0
        for index in picked.tolist():
            product = self._products[index]
            quantity = 1 if product[3] > 150 else 1 + int(self._rng.poisson(0.5))
            discount = self._pick((1.0, 0.9, 0.8), (0.8, 0.14, 0.06))
            unit_price = round(product[3] * discount, 2)
            item_id = len(self.sales.order_items) + 1
            self.sales.order_items.append((item_id, order_id, product[0], quantity, unit_price))
            total += quantity * unit_price
        return round(total, 2)

    def _payments(self, order_id: int, offset: int, country: str, total: float, *, is_sure: bool) -> bool:
        """Add the payment attempts; return whether one succeeded."""
        method = self._pick(METHODS, METHOD_SHARES.get(country, OTHER_METHOD_SHARES))
        paid = min(offset + (int(self._rng.integers(5, 21)) if method == "invoice" else 0), DAYS - 1)
        attempts = ["failed"] if self._rng.random() < (0.11 if method == "card" else 0.04) else []
        is_paid = is_sure or self._rng.random() < 0.5
        attempts += ["succeeded"] if is_paid else []
        for status in attempts:
            payment_id = len(self.sales.payments) + 1
            self.sales.payments.append((payment_id, order_id, _day(paid), method, status, total))
        return is_paid

    def _shipment(self, order_id: int, carrier: str, shipped: int, delivered: int, total: float) -> None:
        delivered_on = _day(delivered) if delivered < DAYS else None
        shipping_cost = round(3.9 + min(total, 600) * 0.012 + (2.5 if carrier == "UPS" else 0), 2)
        shipment_id = len(self.sales.shipments) + 1
        self.sales.shipments.append((shipment_id, order_id, carrier, _day(shipped), delivered_on, shipping_cost))

    def _refund(self, order_id: int, status: str, delivered: int, total: float, *, is_paid: bool) -> None:
        if status == "cancelled" and is_paid:
            reason, amount = "cancelled", total
        elif status == "returned":
            share = 1.0 if self._rng.random() < 0.7 else 0.5
            reason, amount = self._pick(RETURN_REASONS, RETURN_SHARES), round(total * share, 2)
        elif status == "delivered" and self._rng.random() < 0.02:  # a goodwill refund; the customer keeps the goods
            reason, amount = self._pick(("damaged", "late"), (0.6, 0.4)), round(total * 0.2, 2)
        else:
            return
        refunded_on = min(_day(delivered) + timedelta(days=int(self._rng.integers(1, 20))), LAST_DAY)
        self.sales.refunds.append((len(self.sales.refunds) + 1, order_id, refunded_on, reason, amount))

    def _pick(self, options: tuple[Option, ...], shares: tuple[float, ...]) -> Option:
        index = int(np.searchsorted(np.cumsum(shares), self._rng.random(), side="right"))
        return options[min(index, len(options) - 1)]  # the shares may sum to just under 1
