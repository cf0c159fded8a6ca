"""Suggested tags: how many are right, how many are missed, and what a reason may say."""

import pytest

from dagster_project.personal_columns.catalog import BusinessColumn, BusinessTable
from dagster_project.personal_columns.suggest import suggest
from tests.dagster_project.personal_columns import invented_schemas, unseen_schemas
from tests.dagster_project.personal_columns.columns import Schemas, cases


def suggested(table: str, column: str, kind: str, values: list[str]) -> str | None:
    only = BusinessColumn(column, kind)
    found = suggest(BusinessTable("any", table, "r", None, len(values), (only,)), only, values)
    return found.pii if found else None


@pytest.mark.parametrize("schemas", [invented_schemas.SCHEMAS, unseen_schemas.SCHEMAS], ids=["invented", "unseen"])
def test_suggestions_are_right_and_few_are_missed(schemas: Schemas) -> None:
    right, wrong, missed = [], [], []
    for case in cases(schemas):
        found = suggest(case.table, case.column, case.values)
        if found and found.pii == case.expected:
            right.append(case.name)
        elif found:
            wrong.append(f"{case.name}: {found}, not {case.expected}")
        elif case.expected:
            missed.append(f"{case.name}: {case.expected}")
    assert len(right) / (len(right) + len(wrong)) > 0.95, wrong
    assert len(right) / (len(right) + len(missed)) > 0.95, missed


def test_a_reason_holds_no_value() -> None:
    for case in cases(invented_schemas.SCHEMAS):
        found = suggest(case.table, case.column, case.values)
        if found:
            assert not [value for value in case.values if len(value) > 3 and value in found.reason]


@pytest.mark.parametrize(
    ("table", "column", "kind", "values", "expected"),
    [
        # values decide, whatever the name is
        ("t", "x", "text", ["ada@quill.test", "bob@quill.test", "cy@quill.test"], "email"),
        ("t", "x", "text", ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"], "iban"),
        ("t", "x", "bigint", ["4111111111111111", "5500005555555559", "4012888888881881"], "card"),
        ("t", "x", "bigint", [f"49170{number}" for number in range(5_550_100, 5_550_130)], "phone"),
        ("t", "x", "text", ["ghp_" + "a1" * 18, "ghp_" + "b2" * 18], "token"),
        ("t", "email", "text", ["yes", "no"], None),
        ("t", "phone", "text", ["2024-01-05", "2024-02-07"], None),
        # a personal value here and there makes a text free
        ("t", "x", "text", ["fine"] + [f"thing {n}" for n in range(30)] + ["ask a@b.test", "or c@d.test"], "free_text"),
        ("t", "x", "jsonb", ['{"to": "ada@quill.test"}', '{"to": "bob@quill.test"}'], "free_text"),
        ("t", "x", "text", [f"{n}.{n}.0.{n}" for n in range(1, 9)], None),
        ("t", "client_ip", "text", ["1.2.0.1", "2.3.0.4"], "ip"),
        # `name` is a person's where the table is of persons
        ("customers", "name", "text", ["Zora Quillfeather", "Odhran O'Quill"], "name"),
        ("customers", "name", "text", ["Quill GmbH", "Feather Ltd", "Ink & Co"], None),
        ("planets", "name", "text", ["Red Dwarf", "Blue Giant"], None),
        ("t", "birth_date", "date", ["1961-07-03"], "birth_date"),
        ("t", "founded_on", "date", ["1861-07-03"], None),
        ("t", "birth_year", "integer", ["1961"], None),
        # an empty column is judged by its name
        ("t", "e_mail", "text", [], "email"),
        ("t", "email_template", "text", [], None),
        ("t", "owner", "text", [], None),
    ],
)
def test_one_column(table: str, column: str, kind: str, values: list[str], expected: str | None) -> None:
    assert suggested(table, column, kind, values) == expected


def test_a_name_alone_is_told_from_values() -> None:
    column = BusinessColumn("email", "text")
    table = BusinessTable("any", "t", "r", None, 0, (column,))

    assert not suggest(table, column, []).is_by_values
    assert suggest(table, column, ["ada@quill.test"]).is_by_values


def test_an_enum_is_the_schemas_own() -> None:
    column = BusinessColumn("email", "text", is_enum=True)

    assert suggest(BusinessTable("any", "t", "r", None, 0, (column,)), column, []) is None
