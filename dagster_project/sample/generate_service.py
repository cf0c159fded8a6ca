"""Generate what binds customers to the sample business: subscriptions and support tickets. Called by business.py."""

from datetime import timedelta

import numpy as np

from dagster_project.sample.assortment import DAYS, FIRST_DAY, LAST_DAY, Row

PLAN_SHARES = (0.42, 0.31, 0.17, 0.10)
PLAN_CHURN = (0.46, 0.33, 0.24, 0.19)  # share of subscriptions that end, by plan
CANCEL_REASONS = {"too expensive": 0.36, "not used": 0.27, "bad service": 0.16, "competitor": 0.13, "moved": 0.08}
TOPICS = {"delivery": 0.34, "returns": 0.22, "billing": 0.18, "product": 0.17, "account": 0.09}
PRIORITIES = {"low": 0.2, "normal": 0.52, "high": 0.2, "urgent": 0.08}
RESOLUTION_DAYS = {"low": 6.0, "normal": 3.5, "high": 1.6, "urgent": 0.6}
MESSAGES = {
    "delivery": "Hello, this is {name}. My parcel has not come to {address} yet.",
    "returns": "I would like to send my order back. Please confirm to {email}. Kind regards, {name}",
    "billing": "I was charged twice. Please call me at {phone}. {name}",
    "product": "The product I received is not what I expected. {name}",
    "account": "Please change the address of my account ({email}) to {address}.",
}


def _draw(rng: np.random.Generator, shares: dict[str, float]) -> str:
    return str(rng.choice(list(shares), p=list(shares.values())))


def subscription_rows(rng: np.random.Generator, customers: list[Row]) -> list[Row]:
    """Return rows of `subscriptions`: none, one or (after a cancellation) two a customer.

    Args:
        rng: The business's seeded generator.
        customers: Rows of `customers`.

    Returns:
        Tuples in the column order of schema.sql.
    """
    rows: list[Row] = []
    for customer in customers:
        signup = (customer[10] - FIRST_DAY).days
        start = signup + int(rng.exponential(120))
        if rng.random() > 0.62 or start >= DAYS:
            continue
        ended = _subscription(rng, rows, customer[0], start)
        if ended is not None and ended + 30 < DAYS and rng.random() < 0.18:  # won back
            _subscription(rng, rows, customer[0], ended + int(rng.integers(15, 30)))
    return rows


def _subscription(rng: np.random.Generator, rows: list[Row], customer_id: int, start: int) -> int | None:
    """Add a subscription that starts `start` days after the first day; return the day it was cancelled, if it was."""
    plan = int(rng.choice(len(PLAN_SHARES), p=PLAN_SHARES))
    end = start + 20 + int(rng.exponential(260))
    fate = rng.random()
    status, ended, reason = "active", None, None
    if start > DAYS - 25:
        status = "trial"
    elif fate < PLAN_CHURN[plan] and end < DAYS:
        status, ended, reason = "cancelled", end, _draw(rng, CANCEL_REASONS)
    elif fate > 0.95:
        status = "paused"
    elif fate > 0.88:  # gave notice: runs out after the last day of the data
        ended, reason = DAYS + int(rng.integers(0, 80)), _draw(rng, CANCEL_REASONS)
    started_on = FIRST_DAY + timedelta(days=start)
    ended_on = None if ended is None else FIRST_DAY + timedelta(days=ended)
    rows.append((len(rows) + 1, customer_id, plan + 1, status, started_on, ended_on, reason))
    return ended if status == "cancelled" else None


def ticket_rows(rng: np.random.Generator, customers: list[Row], agent_ids: list[int], count: int) -> list[Row]:
    """Return `count` rows of `support_tickets` by opening day; their text names the customer, as real tickets do.

    Args:
        rng: The business's seeded generator.
        customers: Rows of `customers`.
        agent_ids: Employees who answer tickets.
        count: Number of tickets.

    Returns:
        Tuples in the column order of schema.sql.
    """
    loads = rng.gamma(3.0, 1.0, len(agent_ids))
    moments = []
    while len(moments) < count:
        customer = customers[int(rng.integers(len(customers)))]
        opened_on = FIRST_DAY + timedelta(days=int(DAYS * rng.random() ** 0.8))
        if customer[10] <= opened_on <= LAST_DAY:
            moments.append((opened_on, customer))
    rows: list[Row] = []
    for opened_on, customer in sorted(moments, key=lambda moment: (moment[0], moment[1][0])):
        topic, priority = _draw(rng, TOPICS), _draw(rng, PRIORITIES)
        days = int(rng.gamma(1.3, RESOLUTION_DAYS[priority] * (1.4 if topic == "returns" else 1.0)))
        closed_on = opened_on + timedelta(days=days)
        is_open = closed_on > LAST_DAY or rng.random() < 0.03
        is_rated = not is_open and rng.random() < 0.6
        stars = int(np.clip(round(rng.normal(4.3 - days * 0.18, 0.9)), 1, 5)) if is_rated else None
        is_unassigned = is_open and rng.random() < 0.5
        agent_id = None if is_unassigned else agent_ids[int(rng.choice(len(agent_ids), p=loads / loads.sum()))]
        message = MESSAGES[topic].format(name=customer[1], email=customer[2], phone=customer[3], address=customer[4])
        ticket = (opened_on, None if is_open else closed_on, topic, priority, stars, message)
        rows.append((len(rows) + 1, customer[0], agent_id, *ticket))
    return rows
