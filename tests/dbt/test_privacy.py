"""Persons' values, replaced alike in questions, in SQL and in the sandbox, and nothing else changed."""

from collections.abc import Callable

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.business_warehouse import ADDRESS, BIRTH_DATE, EMAIL, NAME, PHONE, QUOTED_NAME

Replace = Callable[[str], str]


def test_every_tagged_value_of_the_sandbox_is_another_than_in_the_business(owner: psycopg.Connection) -> None:
    changed, total = owner.execute(
        "select count(*) filter (where s.full_name <> r.full_name and s.email <> r.email and s.phone <> r.phone"
        " and s.street_address <> r.street_address and s.birth_date <> r.birth_date and s.city = r.city), count(*)"
        " from shop.customers r left join sandbox_shop.customers s using (customer_id)"
    ).fetchone()

    assert changed == total == 102


@pytest.mark.parametrize(
    ("column", "value"),
    [("full_name", NAME), ("email", EMAIL), ("phone", PHONE), ("street_address", ADDRESS), ("birth_date", BIRTH_DATE)],
)
def test_a_value_has_the_surrogate_of_its_sandbox_row(zora, in_sql: Replace, column: str, value: str) -> None:
    statement = "select customer_id from customers where {} = '{}'"

    assert in_sql(statement.format(column, value)) == statement.format(column, zora[column])


@pytest.mark.parametrize(
    "statement",
    [
        "select to_char(birth_date, 'YYYY') from customers",
        "select coalesce(phone, 'none given') from customers",
        "select full_name, 'a label' from customers",
        "select full_name || ' lives in ' || city from customers",
    ],
)
def test_a_literal_beside_a_tagged_column_that_is_not_compared_stays(in_sql: Replace, statement: str) -> None:
    assert in_sql(statement) == statement


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        # beside the column, in every way that SQL has
        ("select 1 from customers as c where c.full_name = '{NAME}'", "{full_name}"),
        ("select 1 from customers where '{NAME}' = full_name", "{full_name}"),
        ("select 1 from customers where full_name in ('Somebody', '{NAME}')", "{full_name}"),
        ("select 1 from shop.customers where customers.full_name <> '{NAME}'", "{full_name}"),
        ("select 1 from customers where full_name is distinct from '{NAME}'", "{full_name}"),
        # patterns keep their wildcards
        ("select 1 from customers where full_name like '%{NAME}%'", "%{full_name}%"),
        ("select 1 from customers where full_name ilike '{NAME}%'", "'{full_name}%'"),
        # any case has the surrogate in that case
        ("select 1 from customers where lower(email) = lower('{EMAIL}')", "lower('{email}')"),
        ("select 1 from customers where upper(full_name) = '{UPPER_NAME}'", "{upper_full_name}"),
        # wherever it stands: it is known as a value
        ("select 1 from orders where status = '{NAME}'", "{full_name}"),
        ("select '{EMAIL}' as contact", "{email}"),
        ("select 1 from orders -- of {NAME}, {PHONE}", "-- of {full_name}, {phone}"),
        ("select 1 from orders where note = 'call {PHONE} now'", "'call {phone} now'"),
        ("select 1 from orders where note = $$for {NAME}$$", "$$for {full_name}$$"),
        ("select 1 as " + '"{NAME}"', '"{full_name}"'),
        # cut off, as a model's answer may be
        ("select 1 from customers where full_name = '{NAME}", "'{full_name}"),
        ("select 1 from orders /* of {NAME}", "/* of {full_name}"),
        # dates are known by their column alone
        ("select 1 from customers where birth_date = date '{BIRTH_DATE}'", "date '{birth_date}'"),
        ("select 1 from customers where birth_date between '1900-01-01' and '{BIRTH_DATE}'", "'{birth_date}'"),
    ],
)
def test_a_literal_of_a_person_is_replaced(zora, in_sql: Replace, statement: str, expected: str) -> None:
    raw = {"NAME": NAME, "EMAIL": EMAIL, "PHONE": PHONE, "BIRTH_DATE": BIRTH_DATE, "UPPER_NAME": NAME.upper()}

    replaced = in_sql(statement.format(**raw))

    assert expected.format(**zora, upper_full_name=zora["full_name"].upper()) in replaced
    assert not [value for value in raw.values() if value in replaced]


@pytest.mark.parametrize(
    "statement",
    ["select string_agg(full_name, ', ') from customers", "select 1 from customers where full_name like '% %'"],
)
def test_a_literal_without_a_letter_or_digit_is_nobodys(in_sql: Replace, statement: str) -> None:
    assert in_sql(statement) == statement


@pytest.mark.parametrize("date", [BIRTH_DATE, f"{BIRTH_DATE} 12:30"])
def test_a_date_beside_another_column_is_no_birth_date(in_sql: Replace, date: str) -> None:
    statement = f"select 1 from customers join orders using (customer_id) where ordered_on >= '{date}'"

    assert in_sql(statement) == statement


def test_a_doubled_quote_is_one_quote_of_the_value(owner: psycopg.Connection, in_sql: Replace, in_text: Replace):
    (surrogate,) = owner.execute("select full_name from sandbox_shop.customers where customer_id = 900002").fetchone()
    doubled = QUOTED_NAME.replace("'", "''")

    assert in_sql(f"select 1 from customers where full_name = '{doubled}'").endswith(f"full_name = '{surrogate}'")
    assert in_text(f"Orders of {QUOTED_NAME}?") == f"Orders of {surrogate}?"


@pytest.mark.parametrize("value", [NAME, EMAIL, PHONE, ADDRESS, QUOTED_NAME])
def test_replacing_again_changes_nothing(in_sql: Replace, in_text: Replace, value: str) -> None:
    quoted = value.replace("'", "''")
    statement = f"select 1 from customers where '{quoted}' in (full_name, email, phone, street_address)"

    assert in_sql(in_sql(statement)) == in_sql(statement) != statement
    assert in_text(in_text(f"of {value}?")) == in_text(f"of {value}?") != f"of {value}?"


def test_surrogates_are_unique_and_hold_no_value(owner: psycopg.Connection) -> None:
    shared = owner.execute(
        "select pii_class, surrogate from privacy.surrogate_index group by 1, 2 having count(*) > 1"
    ).fetchall()
    indexed, values = owner.execute(
        "select (select count(*) from privacy.surrogate_index where pii_class = 'email'),"
        " (select count(*) from (select email from shop.customers union select email from shop.employees) as emails)"
    ).fetchone()

    assert shared == []
    assert indexed == values


# Pieces of SQL without a personal value; put together in any order, they are no SQL, but they are all tokens.
IMPERSONAL = [
    "select count(*)", " from orders as o", " where status = 'shipped'", "\n\t", " and total >= 10.50", " -- a note\n",
    " /* block\ncomment */ ", " name = 'it''s'", ' "Weird ""Col"""', " E'\\n'", " $$body$$", " ::numeric(10, 2)", " $1",
    " x->>'key'", " interval '3 months'", " city = 'Kraków'", " 'Zora'", " '2024-02-01'", " '%sale%'", " !~ '^[a-z]+$'",
    " || 'é'", " 1e-5", " '", ' "', " /*", " case when channel = 'web' then 'W' else '' end", ";",
]  # fmt: skip


@given(st.lists(st.sampled_from(IMPERSONAL), max_size=12).map("".join))
def test_sql_without_a_person_comes_back_character_for_character(in_sql: Replace, statement: str) -> None:
    assert (in_sql(statement) or "") == statement


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=60))
def test_the_tokens_of_any_text_are_the_text(owner: psycopg.Connection, text: str) -> None:
    (joined,) = owner.execute(
        "select coalesce(string_agg(token, '' order by ordinal), '') from staging.sql_tokens(%s)", [text]
    ).fetchone()

    assert joined == text
