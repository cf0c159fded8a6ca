"""Suggested tags for the tables of a schema. The sampled values are looked at in memory and forgotten."""

from dataclasses import dataclass

import psycopg

from dagster_project.personal_columns.catalog import BusinessTable
from dagster_project.personal_columns.sampling import sample
from dagster_project.personal_columns.suggest import Suggestion, suggest


@dataclass(frozen=True)
class Suggestions:
    """Tags by (table, column), and the tables of which no value could be read."""

    tags: dict[tuple[str, str], Suggestion]
    unreadable: list[str]


def suggest_tags(connection: psycopg.Connection, tables: list[BusinessTable]) -> Suggestions:
    """Looks at each table.

    Args:
        connection: a role that may read them.
        tables: the tables of one schema.
    """
    tags, unreadable = {}, []
    for table in tables:
        values = sample(connection, table, table.columns)
        if values is None:
            unreadable.append(table.name)
        for column in table.columns:
            suggestion = suggest(table, column, (values or {}).get(column.name, []))
            if suggestion:
                tags[(table.name, column.name)] = suggestion
    return Suggestions(tags, unreadable)
