"""Create the sample business `shop` in a PostgreSQL database: tables, comments and seeded data.

Called by the Dagster asset of the sample and by its tests.
Run as: `python -m dagster_project.sample.business --dsn DSN`.
"""

import argparse
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
from psycopg import sql

from dagster_project.sample import assortment, generate_people, generate_service
from dagster_project.sample.generate_sales import SalesGenerator

logger = logging.getLogger(__name__)

SCHEMA = "shop"
# Raise it when the same seed makes other data than before: an older schema is then made again.
GENERATOR_VERSION = 1
CUSTOMERS, ORDERS, TICKETS = 2_000, 12_000, 1_500  # at scale 1


class ForeignSchemaError(RuntimeError):
    """The database holds a schema `shop` that this module did not make."""


@dataclass(frozen=True)
class Business:
    """What `create_business` left in the database."""

    row_counts: dict[str, int]
    is_new: bool


def _marker(scale: float, seed: int) -> str:
    return f"auditune sample business: version {GENERATOR_VERSION}, seed {seed}, scale {scale:g}"


def generate(scale: float, seed: int) -> dict[str, list[assortment.Row]]:
    """Return the rows of every table, in an order that satisfies the foreign keys.

    Args:
        scale: Factor on customers, orders and tickets; products and staff stay as they are.
        seed: Same seed and scale, same rows.

    Returns:
        Rows by table name, each row in the column order of schema.sql.

    Raises:
        ValueError: If the scale is too small to make a business.
    """
    if scale < 0.01:
        raise ValueError(f"The sample business needs a scale of at least 0.01, not {scale:g}.")
    rng = np.random.default_rng([seed, 2])
    factory = generate_people.PersonFactory(seed)
    employees = generate_people.employee_rows(factory, rng)
    customers = generate_people.customer_rows(factory, rng, round(CUSTOMERS * scale))
    products = assortment.product_rows(rng)
    sales = SalesGenerator(rng, customers, products).run(round(ORDERS * scale))
    agent_ids = [row[0] for row in employees if row[3] == "Support" and row[4] != 1]
    return {
        "calendar": assortment.calendar_rows(),
        "categories": assortment.category_rows(),
        "products": products,
        "customers": customers,
        "orders": sales.orders,
        "order_items": sales.order_items,
        "payments": sales.payments,
        "refunds": sales.refunds,
        "shipments": sales.shipments,
        "plans": assortment.plan_rows(),
        "subscriptions": generate_service.subscription_rows(rng, customers),
        "employees": employees,
        "support_tickets": generate_service.ticket_rows(rng, customers, agent_ids, round(TICKETS * scale)),
    }


def create_business(dsn: str, scale: float = 1.0, seed: int = 7) -> Business:
    """Make the schema `shop` with its data, unless it is there already with the same seed and scale.

    A schema that an earlier call made with another seed or scale is replaced. All of it happens in one transaction.

    Args:
        dsn: Connection string of a role that may create a schema.
        scale: Size of the business; 1 is 2,000 customers and 12,000 orders.
        seed: Seed of all random draws.

    Returns:
        The row counts by table, and whether the data is new.

    Raises:
        ForeignSchemaError: If `shop` exists and was not made here.
    """
    with psycopg.connect(dsn) as conn:
        found = conn.execute(
            "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [SCHEMA]
        ).fetchone()
        if found and not (found[0] or "").startswith("auditune sample business"):
            raise ForeignSchemaError(
                f"The database has a schema '{SCHEMA}' that is not the sample's: "
                "rename it, or set AUDITUNE_SCHEMAS to audit it."
            )
        if found and found[0] == _marker(scale, seed):
            return Business(_count_rows(conn), is_new=False)
        if found:
            logger.info("replacing the sample business (%s)", found[0])
            conn.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(SCHEMA)))
        _load(conn, generate(scale, seed), _marker(scale, seed))
        counts = _count_rows(conn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("set search_path = shop")
        conn.execute("analyze " + ", ".join(counts))
    return Business(counts, is_new=True)


def _load(conn: psycopg.Connection, tables: dict[str, list[assortment.Row]], marker: str) -> None:
    conn.execute(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"))
    for table, rows in tables.items():
        with conn.cursor().copy(sql.SQL("copy {} from stdin").format(sql.Identifier(SCHEMA, table))) as copy:
            for row in rows:
                copy.write_row(row)
    conn.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(SCHEMA), sql.Literal(marker)))


def _count_rows(conn: psycopg.Connection) -> dict[str, int]:
    tables = conn.execute(
        "select tablename from pg_tables where schemaname = %s order by tablename",
        [SCHEMA],
    ).fetchall()
    return {
        table: conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(SCHEMA, table))).fetchone()[0]
        for (table,) in tables
    }


def main() -> None:
    """Create the business from the command line and log its row counts."""
    parser = argparse.ArgumentParser(description="Create the sample business 'shop'.")
    parser.add_argument("--dsn", default=os.environ.get("AUDITUNE_DSN"), help="default: $AUDITUNE_DSN")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if not arguments.dsn:
        parser.error("give --dsn or set AUDITUNE_DSN")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    business = create_business(arguments.dsn, arguments.scale, arguments.seed)
    logger.info("%s: %s", "created" if business.is_new else "already there", business.row_counts)


if __name__ == "__main__":
    main()
