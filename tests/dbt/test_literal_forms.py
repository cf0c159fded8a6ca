"""A person's value in every form that a literal of PostgreSQL has.

The business and the sandbox find the same rows, no raw value is left, and doing it again changes nothing.
"""

import json

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.business_warehouse import BIRTH_DATE, EMAIL, NAME, PHONE, QUOTED_NAME

DOUBLED = QUOTED_NAME.replace("'", "''")
ESCAPED = QUOTED_NAME.replace("'", "\\'")
FIRST, LAST = NAME.split()

# A condition on customers as the business writes it, and whether it finds somebody.
WHOLE_VALUES = [
    f"full_name = '{DOUBLED}'",
    f"full_name = E'{ESCAPED}'",
    f"E'{NAME[0]}\\x6fra\\u0020{LAST}' = full_name",
    f"full_name = U&'{FIRST} \\0051{LAST[1:]}'",
    f"full_name = U&'{FIRST} !0051{LAST[1:]}' UESCAPE '!' and city = 'Oslo'",
    f"full_name = $${NAME}$$",
    f"full_name = $q1${QUOTED_NAME}$q1$",
    f"full_name = '{FIRST} ' || '{LAST}'",
    f"full_name = '{FIRST} '\n  '{LAST}'",
    f"full_name = '{NAME}'::text",
    f"full_name = cast('{NAME}' as varchar)",
    f"'{NAME}'::text = lower(full_name) or cast(full_name as text) = text '{NAME}'",
    f"lower(full_name) = lower('{NAME}')",
    f"upper(customers.full_name) = '{NAME.upper()}'",
    f"shop_customers.full_name in ('Nobody', '{DOUBLED}', E'{ESCAPED}')",
    f"full_name not in ('{NAME}', '{DOUBLED}')",
    f"full_name = any (array['{NAME}', '{DOUBLED}'::text])",
    f"full_name = any (select unnest(array['{NAME}', '{DOUBLED}']))",
    f"full_name = any ('{{{NAME},\"{DOUBLED}\"}}')",
    f"full_name <> all ('{{\"{NAME}\"}}'::text[])",
    f"full_name is distinct from '{NAME}'",
    f"(full_name, email) = ('{NAME}', '{EMAIL}')",
    f"(city, full_name) in (('Lyon', 'Jane Nobody'), ('Oslo', lower('{NAME}')), ('Oslo', '{NAME}'))",
    f"row('Oslo', '{BIRTH_DATE}'::date) = (city, birth_date)",
    f"full_name like '%{NAME}%' or full_name ilike '{NAME.lower()}'",
    f"case full_name when '{NAME}' then city end = 'Oslo'",
    f"nullif(full_name, '{NAME}') is null",
    f"coalesce(full_name, 'none') = '{NAME}'",
    f"starts_with(full_name, '{NAME}')",
    f"position('{NAME}' in full_name) = 1",
    f"regexp_replace(phone, '[^0-9]', '', 'g')::bigint = {PHONE.replace('+', '').replace(' ', '')}",
    f"regexp_replace(phone, '[^0-9]', '', 'g') in ('{PHONE.replace('+', '').replace(' ', '')}')",
    f"to_jsonb(customers) ->> 'full_name' = '{NAME}'",
    "to_jsonb(customers) @> '" + json.dumps({"email": EMAIL, "full_name": NAME}) + "'",
    "to_jsonb(customers) @> '" + json.dumps({"email": EMAIL}).replace("@", "\\u0040") + "'",
    f"birth_date = '{BIRTH_DATE}'",
    f"birth_date = date '{BIRTH_DATE}' and birth_date <= cast('{BIRTH_DATE}' as date)",
    f"birth_date in ('3 Jul 1961', '{BIRTH_DATE}'::date)",
    f"birth_date between '1000-01-01' and '{BIRTH_DATE} 12:00'::timestamp",
    f"birth_date > '1960-05-05' and birth_date < '{BIRTH_DATE}' or '1990-02-03'::date <= birth_date",
    f"birth_date <@ '[{BIRTH_DATE},{BIRTH_DATE}]'::daterange",
    f"birth_date <@ daterange('1960-05-05', '{BIRTH_DATE}', '[]')",
]  # fmt: skip

# Parts of values: no sandbox finds them, and nothing of them is left.
PARTS = [
    ("full_name like 'Zor%'", "Zor"),
    ("full_name ilike '%quillf%'", "quillf"),
    ("full_name like '_ora Quillfea%'", "Quillfea"),
    ("email like '%@quillmail.test'", "quillmail"),
    ("full_name ~* '^zora'", "zora"),
    ("full_name similar to '(Zora|Odhran)%'", "Odhran"),
    ("strpos(full_name, 'Quillfe') > 0", "Quillfe"),
    ("starts_with(full_name, 'Zora')", "Zora"),
    ("split_part(full_name, ' ', 2) = 'Quillfeather'", "Quillfeather"),
    ("substring(full_name from 1 for 4) = 'Zora'", "Zora"),
    ("full_name = 'Quillfeather, Zora", "Zora"),
    ("phone like '+44 7700%'", "7700"),
]


def in_sql(owner: psycopg.Connection, statement: str) -> str:
    return owner.execute("select privacy.pseudonymize_sql(%s)", [statement]).fetchone()[0]


def customers_in(owner: psycopg.Connection, schema: str, statement: str) -> list[int]:
    owner.execute(f"set search_path = {schema}")
    return [customer for (customer,) in owner.execute(statement.replace("%", "%%"), []).fetchall()]


@pytest.mark.parametrize("condition", WHOLE_VALUES)
def test_every_form_finds_the_same_rows_in_the_sandbox(owner: psycopg.Connection, condition: str) -> None:
    alias = " as shop_customers" if "shop_customers" in condition else ""
    statement = f"select customer_id from customers{alias} where {condition} order by 1"

    anonymized = in_sql(owner, statement)

    found = customers_in(owner, "shop", statement)
    assert found
    assert customers_in(owner, "sandbox_shop", anonymized) == found
    assert in_sql(owner, anonymized) == anonymized != statement
    assert not [word for word in (FIRST, LAST, "Odhran", EMAIL, "7700", BIRTH_DATE) if word in anonymized]


@pytest.mark.parametrize(("condition", "part"), PARTS)
def test_nothing_is_left_of_a_part_of_a_value(owner: psycopg.Connection, condition: str, part: str) -> None:
    statement = f"select customer_id from customers where {condition}"

    anonymized = in_sql(owner, statement)

    assert part in statement
    assert part.lower() not in anonymized.lower()
    assert in_sql(owner, anonymized) == anonymized


@pytest.mark.parametrize(
    "rows",
    [
        "(full_name, city) in (('Jane Nobody', 'Lyon'))",
        "(full_name, city) = ('Jane Nobody', 'Lyon')",
        "(c.city, c.full_name) not in (('Oslo', 'Joe Noone'), ('Lyon', 'Jane Nobody'))",
        "(full_name, city) in (values ('Jane Nobody', 'Lyon'), ('Joe Noone', 'Oslo'))",
        "(full_name, city) = any (array[('Jane Nobody'::text, 'Lyon'::text), row(text 'Joe Noone', 'Oslo'::text)])",
        "(lower(full_name), city) in (select lower('Jane Nobody'), 'Lyon' union select 'joe noone', 'Oslo')",
        "row('Jane Nobody', 'Lyon') is not distinct from (full_name, city)",
        "('Jane Nobody', 'Lyon') in (select full_name, city from customers where country = 'Norway')",
        "(city, full_name) between ('Lyon', 'Jane Nobody') and ('Oslo', 'Joe Noone')",
    ],
)
def test_in_rows_a_literal_is_compared_with_the_column_at_its_place(owner: psycopg.Connection, rows: str) -> None:
    statement = f"select customer_id from customers as c where {rows}"

    anonymized = in_sql(owner, statement)

    assert [word for word in ("nobody", "noone") if word in anonymized.lower()] == []
    cities = [word for word in ("'Lyon'", "'Oslo'", "'Norway'") if word in rows]
    assert [city for city in cities if city not in anonymized] == []
    assert in_sql(owner, anonymized) == anonymized
    customers_in(owner, "sandbox_shop", anonymized)


@pytest.mark.parametrize(
    "rest",
    [
        "join (values ('Jane Nobody', 'Lyon'), ('Joe Noone', 'Oslo')) as v (who, town) on c.full_name = v.who",
        "join unnest(array['Jane Nobody', 'Joe Noone']) as who on who = lower(full_name)",
        "where full_name in (select who from (values ('Jane Nobody')) v (who)) and city = 'Lyon'",
        "where full_name in (select 'Jane Nobody') and city = 'Oslo'",
        "where full_name = any (select unnest(array['Jane Nobody', 'Joe Noone'])) and city = 'Oslo'",
        "where concat(full_name, ' of ', city) = 'Jane Nobody of Lyon'",
        "where full_name || ' of ' || c.city = 'Jane Nobody of Lyon' and country = 'Norway'",
    ],
)
def test_a_list_with_a_name_and_what_is_put_together_are_compared_too(owner: psycopg.Connection, rest: str) -> None:
    anonymized = in_sql(owner, f"select customer_id from customers as c {rest}")

    assert [word for word in ("nobody", "noone") if word in anonymized.lower()] == []
    cities = [word for word in ("'Lyon'", "'Oslo'", "'Norway'") if word in rest]
    assert [city for city in cities if city not in anonymized] == []
    assert in_sql(owner, anonymized) == anonymized
    customers_in(owner, "sandbox_shop", anonymized)


def test_a_year_of_birth_is_moved_and_a_length_is_not(owner: psycopg.Connection) -> None:
    by_year = in_sql(
        owner, "select 1 from customers where extract(year from birth_date) = 1961 and length(full_name) > 2000"
    )
    as_text = in_sql(owner, "select 1 from customers where to_char(birth_date, 'YYYY') = '1961'")

    year = by_year.split("= ")[1][:4]
    assert 1812 <= int(year) <= 1815
    assert by_year.endswith("length(full_name) > 2000")
    assert as_text.endswith(f"'YYYY') = '{year}'")
    assert in_sql(owner, by_year) == by_year


@pytest.mark.parametrize(
    ("statement", "stays"),
    [
        # an age, a zone, an escape and a format are nobody's
        ("select 1 from customers where age(birth_date) > interval '60 years' and full_name = '{}'", "interval '60 y"),
        ("select 1 from customers where full_name = '{}' and now() at time zone 'UTC' > '2024-01-01'", "'UTC' > '20"),
        ("select full_name = '{}', 'a label' from customers where birth_date > '1000-01-01'", "'a label'"),
        ("select 1 from customers where full_name like '{}%' escape '!'", "escape '!'"),
        # other literals come back as they were written
        ("select 1 from customers where full_name = '{}' and city = E'K\\u00f8ln' || 'x'", "E'K\\u00f8ln' || 'x'"),
        ("select 1 from customers where full_name = '{}' and country = $a$b $ c$a$", "$a$b $ c$a$"),
        ("select 1 from customers /* a /* b */ 'c' */ where full_name = '{}'", "/* a /* b */ 'c' */"),
        ("select 1 from customers as größe where größe.full_name = '{}'", "as größe where größe.full_name"),
        ("select '{{\"k\" : [1, true]}}'::jsonb from customers where full_name = '{}'", "'{\"k\" : [1, true]}'"),
        ("select total from orders, customers where total > 12345678 and full_name = '{}'", "12345678"),
    ],
)  # fmt: skip
def test_what_is_nobodys_stays_beside_what_is_somebodys(owner: psycopg.Connection, statement: str, stays: str) -> None:
    statement = statement.format(NAME)

    anonymized = in_sql(owner, statement)

    assert stays in anonymized
    assert NAME not in anonymized


@pytest.mark.parametrize(
    "statement",
    [
        f"select * from customers where full_name = {NAME}",
        f"select city from orders where note = {EMAIL}",
        "/*route='%2Fby%2FZora%20Quillfeather'*/ select 1 from orders",
        f"select 1 from orders where note = $tag$about {NAME}",
        f"select 1 from orders where a = '{FIRST} ' || '{LAST}'",
    ],
)
def test_a_value_that_is_badly_written_is_found_too(owner: psycopg.Connection, statement: str) -> None:
    anonymized = in_sql(owner, statement)

    assert not [word for word in (NAME, EMAIL, "Quillfeather") if word in anonymized]
    assert in_sql(owner, anonymized) == anonymized


# Conditions, values of somebody or nobody, and what may stand around them; most are SQL, and all are tokens.
COLUMNS = ["full_name", "c.email", "phone", "lower(c.street_address)", "birth_date", "city", "c.birth_date::text"]
OPERATORS = [" = ", " <> ", " like ", " in (", " = any(array[", " is distinct from ", " ~* ", " between ", " || ", ", "]
VALUES = [
    f"'{NAME}'", f"E'{ESCAPED}'", f"'{EMAIL}'", f"'%{PHONE}%'", f"'{BIRTH_DATE}'", "'Jane Nobody'", "'Jo%'",
    "'+49 170 5550123'",
    "$$somebody@nowhere.test$$",
    "'{a,b}'", "447700900815", "1961", "'2024-02-29'", "U&'\\0041da'", "'4111 1111 1111 1111'", "'",
]  # fmt: skip
BETWEEN = [
    " and ",
    " or ",
    "::text",
    "::date and ",
    ") and ",
    "]) or ",
    " -- Zora Quillfeather\n",
    " /* born */ ",
    " = ",
    "\n",
]
PIECES = st.tuples(*map(st.sampled_from, (COLUMNS, OPERATORS, VALUES, BETWEEN))).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=4).map(lambda pieces: "select 1 from customers c where " + "".join(pieces)))
def test_replacing_again_changes_nothing_whatever_the_statement(owner: psycopg.Connection, statement: str) -> None:
    anonymized = in_sql(owner, statement)

    assert in_sql(owner, anonymized) == anonymized
    assert not [word for word in (NAME, QUOTED_NAME, EMAIL, PHONE) if word in anonymized]


WORDS = [NAME, NAME.upper(), EMAIL, PHONE, QUOTED_NAME, "of", "born on", BIRTH_DATE,
         "nobody@nowhere.test", "+49 170 5550123", "IBAN DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111",
         "10.1.2.3", "(", "?", "'s", "\n", "77 Larkspur Hollow"]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=8), st.sampled_from([" ", ", ", "-"]))
def test_replacing_again_changes_nothing_whatever_the_text(
    owner: psycopg.Connection, words: list[str], between: str
) -> None:
    query = "select privacy.pseudonymize_text(%s)"

    (replaced,) = owner.execute(query, [between.join(words)]).fetchone()

    assert owner.execute(query, [replaced]).fetchone() == (replaced,)
