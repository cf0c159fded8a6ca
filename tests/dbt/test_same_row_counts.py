"""The invariant: a statement on the business, and its anonymized form on the sandbox, find as many rows."""

import psycopg
import pytest

from tests.business_warehouse import ADDRESS, EMAIL, NAME, PHONE, QUOTED_NAME

PERSONAL = [
    "select * from customers where full_name = '{name}'",
    "select * from customers where full_name <> '{name}'",
    "select * from customers c join orders o on o.customer_id = c.customer_id where c.email = '{email}'",
    "select * from orders where customer_id in (select customer_id from customers where phone = '{phone}')",
    "select * from customers where full_name in ('{name}', '" + NAME + "', 'Nobody At All')",
    "select * from customers where lower(email) = lower('{email}')",
    "select * from customers where lower(full_name) = '{lower_name}'",
    "select * from customers where full_name like '%{name}%'",
    "select * from customers where '{email}' = email or phone = '{phone}'",
    "select * from customers where street_address = '{address}' and city <> 'Atlantis'",
    "select * from customers where birth_date = '{birth_date}'",
    "select * from customers where birth_date > date '{birth_date}'",
    "select * from customers where birth_date between '1970-01-01' and '{birth_date}'",
    "select birth_date from customers group by birth_date having birth_date < '{birth_date}'",
    "select full_name, count(*) from customers group by full_name having full_name >= '' and count(*) = 1",
    "select * from customers where not exists (select 1 from employees e where e.full_name = customers.full_name)",
    "with z as (select * from customers where full_name = '{name}') select * from z join orders using (customer_id)",
    "select * from support_tickets t join customers c using (customer_id) where c.full_name = '{name}'",
    "select * from support_tickets where message is not null",
    "select distinct email from customers union select email from employees",
]


@pytest.fixture(scope="module")
def persons(owner: psycopg.Connection) -> list[dict[str, str]]:
    """Two invented customers, and three of the generated ones."""
    rows = owner.execute(
        "select full_name, email, phone, street_address, birth_date::text from shop.customers"
        " where customer_id >= 900000 or customer_id in (3, 40, 77) order by customer_id"
    ).fetchall()
    names = ("name", "email", "phone", "address", "birth_date")
    persons = [dict(zip(names, (value.replace("'", "''") for value in row), strict=True)) for row in rows]
    assert [person["name"] for person in persons[-2:]] == [NAME, QUOTED_NAME.replace("'", "''")]
    assert (persons[-2]["email"], persons[-2]["phone"], persons[-2]["address"]) == (EMAIL, PHONE, ADDRESS)
    return [person | {"lower_name": person["name"].lower()} for person in persons]


def rows_in(owner: psycopg.Connection, schema: str, statement: str) -> int:
    owner.execute(f"set search_path = {schema}")
    return len(owner.execute(statement.replace("%", "%%"), []).fetchall())


@pytest.mark.parametrize("template", PERSONAL)
def test_both_find_as_many_rows(owner: psycopg.Connection, persons: list[dict[str, str]], template: str) -> None:
    found = 0
    for person in persons:
        statement = template.format(**person)
        (anonymized,) = owner.execute("select privacy.pseudonymize_sql(%s)", [statement]).fetchone()
        assert (anonymized == statement) == ("{" not in template and "'19" not in template)
        in_business = rows_in(owner, "shop", statement)
        assert rows_in(owner, "sandbox_shop", anonymized) == in_business
        found += in_business
    assert found > 0


def test_the_surrogate_is_needed_to_find_a_person_in_the_sandbox(owner: psycopg.Connection) -> None:
    assert rows_in(owner, "sandbox_shop", f"select * from customers where full_name = '{NAME}'") == 0
