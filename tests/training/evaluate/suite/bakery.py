"""A bakery and its sandbox: every rule that a table can have, and questions whose answers agree by chance."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from training.evaluate.suite.build import VariantBuilder
from training.sql.catalog import Catalog, Column, Table

TABLES = Path(__file__).with_name("bakery.sql")
SANDBOXES = {"bakery": "sandbox_bakery"}
# Operator → a query of which the sandbox alone does not tell such a mutant.
QUESTIONS = {
    "comparison": "select count(*) from orders where total > 50",
    "connective": "select name from customers where city = 'Bergen' and email is null",
    "predicate": "select count(*) from orders where status = 'paid'",
    "aggregate": "select count(email) from customers where city = 'Oslo'",
    "distinct": "select distinct city from customers where email = 'c1@example.com'",
    "date": "select count(*) from orders where ordered_on >= date '2024-03-04'",
    "number": "select count(*) from order_lines where quantity > 5",
    "direction": "select name from customers where city = 'Oslo' order by name",
    "limit": "select name from customers where city = 'Oslo' order by name limit 1",
    "join": "select customers.name, count(*) from orders join customers on customers.customer_id = orders.customer_id "
    "group by customers.name",
    "column": "select price from products where title = 'Loaf 3'",
    "between": "select sum(total) from orders where total between 50 and 60",
    "negation": "select count(*) from customers where email is null",
}
_REFERENCES = {("orders", "customer_id"): "customers.customer_id", ("order_lines", "order_id"): "orders.order_id"}
_COLUMNS = """
select table_name, column_name, data_type, is_nullable = 'YES' from information_schema.columns
where table_schema = 'bakery' order by table_name, ordinal_position
"""


@dataclass(frozen=True)
class Bakery:
    """What the tests look at."""

    owner: psycopg.Connection
    admin: psycopg.Connection
    sandbox_dsn: str
    catalog: Catalog
    builder: VariantBuilder


def bakery_catalog(connection: psycopg.Connection) -> Catalog:
    """The bakery's catalog, with the foreign keys that the questions join by."""
    tables: dict[str, list[Column]] = {}
    for table, column, kind, is_nullable in connection.execute(_COLUMNS).fetchall():
        reference = _REFERENCES.get((table, column))
        tables.setdefault(table, []).append(Column(column, kind, is_nullable, False, references=reference))
    return Catalog(tuple(Table("bakery", name, None, tuple(columns)) for name, columns in tables.items()))
