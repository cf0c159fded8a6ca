"""Persons' values, replaced alike in questions, in SQL and in the sandbox, and nothing else changed."""

import re
from collections.abc import Callable

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.business_warehouse import ADDRESS, BIRTH_DATE, EMAIL, NAME, PHONE, QUOTED_NAME, Built

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
    ("column", "value"),
    [
        ("full_name", NAME),
        ("email", EMAIL),
        ("phone", PHONE),
        ("street_address", ADDRESS),
        ("full_name", "Quillfeather, Zora"),
        ("full_name", "Quillfeather,Zora"),
        ("full_name", "Zora%20Quillfeather"),
        ("email", EMAIL.replace("@", "%40")),
    ],
)
def test_a_question_says_the_same_surrogate(zora, in_text: Replace, column: str, value: str) -> None:
    assert in_text(f"What about {value}?") == f"What about {zora[column]}?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{NAME}, {EMAIL}", "{full_name}, {email}"),
        (f"of {NAME}, {NAME} and Quillfeather, Zora.", "of {full_name}, {full_name} and {full_name}."),
        (f"Mrs Quillfeather, {EMAIL}", "Mrs Quillfeather, {email}"),
        ("of Quillfeather, Zora.Only hers", "of {full_name}.Only hers"),
    ],
)
def test_a_comma_turns_a_name_around_only_where_a_given_name_stands_behind_it(
    zora, in_text: Replace, text: str, expected: str
) -> None:
    assert in_text(text) == expected.format(**zora)


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who was born on 1961-07-03?", "Who was born on {0}?"),
        ("Customers born between 1961-07-03 and 3 July 1961", "Customers born between {0} and {0}"),
        ("Date of birth: July 3rd, 1961; ordered on 4 July 1961", "Date of birth: {0}; ordered on 4 July 1961"),
        ("dob 1961/07/03", "dob {0}"),
        ("Geboren am 03.07.1961 oder 3.7.1961?", "Geboren am {0} oder 3.7.1961?"),
        ("Clientes nacidos entre 1961-07-03 y 1961-07-03", "Clientes nacidos entre {0} y {0}"),
        ("Born on 1800-01-01, or in 1961", "Born on 1800-01-01, or in 1961"),
        ("Orders of 3 July 1961", "Orders of 3 July 1961"),
        ("Stillborn words: reborn 3 July 1961", "Stillborn words: reborn 3 July 1961"),
    ],
)
def test_a_day_of_birth_in_a_text_is_moved_as_in_sql(zora, in_text: Replace, in_sql: Replace, text: str, expected: str):
    moved = in_text(text)

    assert moved == expected.format(zora["birth_date"])
    assert in_text(moved) == moved
    assert in_sql(f"select 1 from orders -- {text}") == f"select 1 from orders -- {moved}"


@pytest.mark.parametrize(
    ("question", "condition", "expected"),
    [
        ("Orders of 1961-07-03", "ordered_on = '1961-07-03'", "Orders of 1961-07-03"),
        ("Customers of 3 July 1961", "birth_date = '1961-07-03'", "Customers of {0}"),
        ("Customers of 1961-07-03", "birth_date = '1961-07-03'", "Customers of {0}"),
        ("Since 1962-08-04, of one born 1961-07-03", "ordered_on > '1962-08-04' and birth_date = '1961-07-03'",
         "Since 1962-08-04, of one born {0}"),
        ("Orders of 2024-01-05 by the ones of 3.7.1961", "birth_date = '1961-07-03' and ordered_on = '2024-01-05'",
         "Orders of 2024-01-05 by the ones of {0}"),
        ("From 1960-01-01 to 1961-07-02", "birth_date >= '1960-01-01' and birth_date < '1961-07-03'", None),
        ("Customers of 1961", "extract(year from birth_date) = 1961", None),
        ("Customers of 1961, orders of 1961-07-03", "birth_date < '1960-01-01' and ordered_on = '1961-07-03'",
         "Customers of 1961, orders of 1961-07-03"),
        ("Customers of 1961-13-45", "birth_date = '1961-07-03'", "Customers of 1961-13-45"),
    ],
)  # fmt: skip
def test_a_question_names_the_days_of_its_sql(owner, zora, in_sql: Replace, question: str, condition: str, expected):
    statement = in_sql(f"select 1 from customers join orders using (customer_id) where {condition}")

    as_in = "select privacy.dates_as_in(privacy.pseudonymize_text(%s), %s)"
    (agreed,) = owner.execute(as_in, [question, statement]).fetchone()

    if expected:
        assert agreed == expected.format(zora["birth_date"])
    else:
        assert not re.search(r"19\d\d", agreed), "every day and year is moved, as in the SQL"
    assert owner.execute("select privacy.dates_disagree(%s, %s)", [agreed, statement]).fetchone() == (False,)


def test_a_day_of_a_question_that_was_moved_by_mistake_is_found(owner, in_text: Replace, in_sql: Replace) -> None:
    question = in_text("Customers with a birthday voucher who ordered on 2024-01-05")
    statement = in_sql("select 1 from orders where ordered_on = '2024-01-05'")

    assert owner.execute("select privacy.dates_disagree(%s, %s)", [question, statement]).fetchone() == (True,)


@pytest.mark.parametrize("date", [BIRTH_DATE, f"{BIRTH_DATE} 12:30"])
def test_a_date_beside_another_column_is_no_birth_date(in_sql: Replace, date: str) -> None:
    statement = f"select 1 from customers join orders using (customer_id) where ordered_on >= '{date}'"

    assert in_sql(statement) == statement


def test_a_doubled_quote_is_one_quote_of_the_value(owner: psycopg.Connection, in_sql: Replace, in_text: Replace):
    (surrogate,) = owner.execute("select full_name from sandbox_shop.customers where customer_id = 900002").fetchone()
    doubled = QUOTED_NAME.replace("'", "''")

    assert in_sql(f"select 1 from customers where full_name = '{doubled}'").endswith(f"full_name = '{surrogate}'")
    assert in_text(f"Orders of {QUOTED_NAME}?") == f"Orders of {surrogate}?"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is {0}'s city?", "What is {1}'s city?"),
        ("({0})", "({1})"),
        ("{0} and {0}", "{1} and {1}"),
        ("ZORA QUILLFEATHER?", "{2}?"),
        ("zora quillfeather?", "{3}?"),
        ("Zora \n Quillfeather?", "{1}?"),
    ],
)
def test_a_name_in_a_question_may_be_written_as_people_write(zora, in_text: Replace, question, expected) -> None:
    name = zora["full_name"]

    assert in_text(question.format(NAME)) == expected.format(NAME, name, name.upper(), name.lower())


def test_what_looks_personal_is_replaced_though_nobody_has_it(in_text: Replace) -> None:
    text = "Ask nobody@nowhere.test or +49 170 5550123, card 4111 1111 1111 1111"

    replaced = in_text(text)

    assert not [word for word in ("nobody@nowhere.test", "5550123", "4111 1111 1111 1111") if word in replaced]
    assert replaced.startswith("Ask ")
    assert "@example.com or +99 9" in replaced


@pytest.mark.parametrize(
    "value",
    ["(030) 123456", "0151-12345678", "06 12 34 56 78", "2001:4860:4860::8888", "2a00:1450:4001:82a:0:0:0:200e"],
)
def test_numbers_of_other_countries_are_replaced_for_good(in_text: Replace, value: str) -> None:
    replaced = in_text(f"Who has {value}?")

    assert value not in replaced
    assert in_text(replaced) == replaced


@pytest.mark.parametrize("text", ["05.01.2024", "05/01/2024", "at 10:30:00", "code 0815-4711", "00012345", "x::dec"])
def test_a_date_a_time_or_a_code_is_no_number_of_anybodys(in_text: Replace, text: str) -> None:
    assert in_text(f"Orders of {text}?") == f"Orders of {text}?"


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
