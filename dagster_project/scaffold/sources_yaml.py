"""The sources' YAML of a business schema, as text. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.personal_columns.catalog import BusinessColumn, BusinessTable
from dagster_project.personal_columns.suggest import Suggestion
from dagster_project.scaffold.naming import dbt_name
from dagster_project.scaffold.yaml_text import description, scalar

_HEAD = """\
version: 2

# `pii` names the class of a personal column: name, email, phone, address, birth_date, national_id, card, iban, ip,
# token, free_text; `none` says that somebody looked and the column is not personal. A tag marked `suggested` waits for
# a review.
sources:
"""


@dataclass(frozen=True)
class Decided:
    """What is already known of a column, from a YAML that is being replaced.

    Attributes:
        pii: its tag, `none` included, or None.
        description: its description, or None.
    """

    pii: str | None = None
    description: str | None = None


def sources_yaml(
    schema: str,
    tables: list[BusinessTable],
    names: Mapping[str, str],
    suggestions: Mapping[tuple[str, str], Suggestion],
    decided: Mapping[tuple[str, str], Decided],
    described_tables: Mapping[str, str],
) -> str:
    """Writes the sources of one schema.

    Args:
        schema: the schema in the database.
        tables: its tables.
        names: table → its name in dbt.
        suggestions: (table, column) → suggested tag.
        decided: (table, column) → what a person has decided before; it wins over a suggestion.
        described_tables: table → description written before, used where the database has no comment.
    """
    name = dbt_name(schema)
    lines = [
        f"  - name: {name}",
        f"    description: {description(f'The business schema {schema}.')}",
        f"    schema: {scalar(schema)}",
        "    config:",
        "      tags: [business]   # its tables are what questions are about",
        f"      enabled: {_enabled(schema)}",
        "    tables:",
    ]
    for table in tables:
        lines.append(f"      - name: {scalar(names[table.name])}")
        if names[table.name] != table.name:
            lines.append(f"        identifier: {scalar(table.name)}")
        text = table.comment or described_tables.get(table.name) or f"One row per row of {schema}.{table.name}."
        lines.append(f"        description: {description(text)}")
        lines.append("        columns:")
        for column in table.columns:
            key = (table.name, column.name)
            lines += _column(column, suggestions.get(key), decided.get(key, Decided()))
    return _HEAD + "\n".join(lines) + "\n"


def _column(column: BusinessColumn, suggestion: Suggestion | None, decided: Decided) -> list[str]:
    lines = [f"          - name: {scalar(column.name)}"]
    text = column.comment or decided.description
    if not text and column.references:
        text = f"Refers to {column.references}."
    if text:
        lines.append(f"            description: {description(text)}")
    if decided.pii or suggestion:
        mark = "" if decided.pii else f"  # suggested: {suggestion.reason}; review"
        lines += [
            "            config:",
            "              meta:",
            f"                pii: {decided.pii or suggestion.pii}{mark}",
        ]
    return lines


def _enabled(schema: str) -> str:
    quoted = schema.replace("'", "\\'")
    return scalar("{{ '" + quoted + "' in env_var('AUDITUNE_SCHEMAS', 'shop').split(',') | map('trim') | list }}")
