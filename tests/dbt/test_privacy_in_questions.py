"""Persons' values in questions, as people write them; what a question says of a day is what its SQL says."""

import re
from collections.abc import Callable

import pytest

from tests.business_warehouse import ADDRESS, EMAIL, NAME, PHONE

Replace = Callable[[str], str]


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
