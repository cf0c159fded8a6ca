"""The functions that replace persons' values, on the small business's warehouse."""

from collections.abc import Callable

import psycopg
import pytest

from tests.business_warehouse import Built

Replace = Callable[[str], str]


@pytest.fixture(scope="module")
def owner(built: Built):
    with psycopg.connect(built.warehouse.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def in_sql(owner: psycopg.Connection) -> Replace:
    return lambda statement: owner.execute("select privacy.pseudonymize_sql(%s)", [statement]).fetchone()[0]


@pytest.fixture(scope="module")
def in_text(owner: psycopg.Connection) -> Replace:
    return lambda text: owner.execute("select privacy.pseudonymize_text(%s)", [text]).fetchone()[0]


@pytest.fixture(scope="module")
def zora(owner: psycopg.Connection) -> dict[str, str]:
    """The sandbox's row of the customer Zora Quillfeather."""
    columns = ("full_name", "email", "phone", "street_address", "birth_date")
    row = owner.execute(f"select {', '.join(columns)} from sandbox_shop.customers where customer_id = 900001")
    return dict(zip(columns, map(str, row.fetchone()), strict=True))
