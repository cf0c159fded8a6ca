"""Values that may be anything else too are found where they stand beside their column, and nowhere else."""

from datetime import date

import pytest

from dagster_project.privacy.beside import BesideColumns, find_beside
from dagster_project.privacy.days import days_of_birth, written_days
from dagster_project.privacy.places import Kind, Text, said_in_sql

BORN = date(1961, 7, 3)


@pytest.fixture(scope="module")
def beside() -> BesideColumns:
    """Customers called May, Bo and North, and one Zora Quillfeather; one born on 3 July 1961, one on 5 May 2005."""
    found = BesideColumns(days={BORN, date(2005, 5, 5)})
    found.values["first_name"] = dict.fromkeys(("may", "bo", "north"), "name")
    found.parts["full_name"] = {"zora", "quillfeather"}
    for column in ("first_name", "full_name", "birth_date"):
        found.tables[column] = {"customers"}
    return found


def hits(content: str, kind: Kind, beside: BesideColumns) -> list[str]:
    is_sql = kind == "sql"
    text = Text("place", said_in_sql(content) if is_sql else content, kind, content if is_sql else "")
    return sorted({hit.value for hit in find_beside([text], beside)})


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("first_name = 'May'", ["may"]),
        ("'May'::text = lower(c.first_name)", ["may"]),
        ("first_name in ('Nobody', 'Bo')", ["bo"]),
        ("first_name = any ('{Bo,Al}')", ["bo"]),
        ("first_name ilike '%north%'", ["north"]),
        ("first_name is not null and status = 'May'", []),
        ("month = 'May' and region = 'North'", []),
        ("birth_date = '1961-07-03'", ["1961-07-03"]),
        ("birth_date = '3 Jul 1961'::date", ["1961-07-03"]),
        ("birth_date between '1900-01-01' and date '1961-07-03'", ["1961-07-03"]),
        ("birth_date > '1800-01-01' and signed_up_on > '2005-05-05'", []),
        ("signed_up_on = '1961-07-03'", []),
        ("city = 'Oslo' -- born on July 3rd, 1961", ["1961-07-03"]),
    ],
)
def test_in_sql_a_literal_counts_beside_its_column(condition: str, found: list[str], beside: BesideColumns) -> None:
    assert hits(f"select city from customers as c where {condition}", "sql", beside) == found


def test_a_column_of_that_name_in_another_table_does_not_count(beside: BesideColumns) -> None:
    assert hits("select 1 from products where first_name = 'May'", "sql", beside) == []


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Who was born on 1961-07-03?", ["1961-07-03"]),
        ("Customers born between 1950-01-01 and 3 July 1961", ["1961-07-03"]),
        ("Orders of 1961-07-03", []),
        ("Kunden, geboren am 3.7.1961", ["1961-07-03"]),
        ("Clientes nacidos entre 1950-01-01 y 1961-07-03", ["1961-07-03"]),
        ("A birthday of 3.7.1961", ["1961-07-03"]),
        ("Who was born on a Sunday? Orders of 3 July 1961", []),
        ("Orders of May, from the North", []),
    ],
)
def test_in_a_question_a_day_counts_where_it_is_said_to_be_one_of_birth(
    question: str, found: list[str], beside: BesideColumns
) -> None:
    assert hits(question, "prose", beside) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"output": "select 1 from customers where first_name = \'May\'"}', ["may"]),
        ("select 1 from customers where birth_date = '1961-07-03'", ["1961-07-03"]),
        ("customers: region 'north' may fail, 1961-07-03", []),
    ],
)
def test_in_a_log_a_single_word_counts_as_a_literal_beside_its_column(
    line: str, found: list[str], beside: BesideColumns
) -> None:
    assert hits(line, "technical", beside) == found


@pytest.mark.parametrize(("is_a_models", "found"), [(False, ["zora"]), (True, [])])
def test_part_of_a_name_is_a_guess_in_what_a_model_wrote(
    is_a_models: bool, found: list[str], beside: BesideColumns
) -> None:
    written = Text("runs/", "select city from customers where full_name = 'Zora'", "technical", is_a_models=is_a_models)
    assert [hit.value for hit in find_beside([written], beside)] == found


def test_a_whole_value_of_a_column_is_no_guess_even_there(beside: BesideColumns) -> None:
    written = Text("runs/", "select city from customers where first_name = 'May'", "technical", is_a_models=True)
    assert [hit.value for hit in find_beside([written], beside)] == ["may"]


@pytest.mark.parametrize(
    "written", ["1961-07-03", "1961/7/3", "3 July 1961", "3rd of jul. 1961", "July 3rd, 1961", "07/03/1961", "3.7.1961"]
)
def test_a_day_is_read_in_each_form_in_which_people_write_it(written: str) -> None:
    assert BORN in written_days(f"on {written}.")
    assert BORN in set(days_of_birth(f"born on {written}."))


def test_what_is_no_day_is_none() -> None:
    assert written_days("1961-13-45, 31 February 1961, version 12.11.20191, in 1961") == set()
