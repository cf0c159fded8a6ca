"""The generated business: deterministic, consistent, and careful with what it did not make."""

from datetime import date

import psycopg
import pytest

from dagster_project.sample.business import ForeignSchemaError, create_business, generate

SCALE = 0.05


def test_same_seed_same_business():
    assert generate(SCALE, 3) == generate(SCALE, 3)
    assert generate(SCALE, 3)["customers"] != generate(SCALE, 4)["customers"]


def test_a_contact_means_one_person():
    tables = generate(0.5, 7)
    people = [row[1:3] for row in tables["customers"] + tables["employees"]]
    for position in (0, 1):
        values = [person[position] for person in people]
        assert len(set(values)) == len(values)
    phones = [row[3] for row in tables["customers"]]
    assert len(set(phones)) == len(phones)


def test_orders_add_up():
    tables = generate(SCALE, 7)
    totals: dict[object, float] = {}
    for _, order_id, _, quantity, unit_price in tables["order_items"]:
        totals[order_id] = totals.get(order_id, 0) + quantity * unit_price
    signed_up_on = {row[0]: row[10] for row in tables["customers"]}
    for order_id, customer_id, ordered_on, status, channel, total in tables["orders"]:
        assert total == pytest.approx(totals[order_id])
        assert ordered_on >= signed_up_on[customer_id]
        assert status in {"pending", "shipped", "delivered", "returned", "cancelled"}
        assert channel in {"web", "app", "phone"}


def test_fiscal_quarters_start_in_february():
    calendar = {row[0]: row[3:] for row in generate(SCALE, 7)["calendar"]}
    assert calendar[date(2023, 1, 31)] == (2022, 4)
    assert calendar[date(2023, 2, 1)] == (2023, 1)
    assert calendar[date(2024, 4, 30)] == (2024, 1)
    assert calendar[date(2024, 5, 1)] == (2024, 2)


def test_too_small_a_scale_is_refused():
    with pytest.raises(ValueError, match=r"at least 0\.01"):
        generate(0.001, 7)


def test_created_once_replaced_when_asked_differently_and_never_over_a_foreign_schema(admin_dsn: str):
    first = create_business(admin_dsn, SCALE, 3)
    assert first.is_new
    assert len(first.row_counts) == 13
    again = create_business(admin_dsn, SCALE, 3)
    assert not again.is_new
    assert again.row_counts == first.row_counts
    assert create_business(admin_dsn, SCALE, 4).is_new

    with psycopg.connect(admin_dsn) as conn:
        uncommented = conn.execute(
            "select relname from pg_class where relnamespace = 'shop'::regnamespace and relkind = 'r'"
            " and obj_description(oid, 'pg_class') is null"
        ).fetchall()
        assert uncommented == []
        conn.execute("comment on schema shop is 'ours'")
    with pytest.raises(ForeignSchemaError, match="not the sample's"):
        create_business(admin_dsn, SCALE, 3)
    with psycopg.connect(admin_dsn) as conn:
        assert conn.execute("select count(*) from shop.customers").fetchone()[0] > 0
