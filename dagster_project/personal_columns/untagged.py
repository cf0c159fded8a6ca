"""Columns whose values look personal and that no tag speaks of.

Called by the check that runs before anything is read out of the log: what is not tagged would not be anonymized.
"""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from dagster_project.personal_columns.catalog import read_tables
from dagster_project.personal_columns.sampling import sample
from dagster_project.personal_columns.suggest import Suggestion, suggest
from dagster_project.personal_columns.tags import read_columns


@dataclass(frozen=True)
class Untagged:
    """A column that looks personal, without a tag. It holds no value."""

    schema: str
    table: str
    column: str
    suggestion: Suggestion

    def sentence(self) -> str:
        """Says which column, why, and what to do."""
        return (
            f"{self.schema}.{self.table}.{self.column} looks personal ({self.suggestion.reason}) and has no tag: write "
            f"`pii: {self.suggestion.pii}` on it in the sources' YAML, or `pii: none` if it is nobody's."
        )


@dataclass(frozen=True)
class Scan:
    """What a scan of the business schemas found.

    Attributes:
        untagged: the columns that look personal without a tag.
        columns: how many columns were looked at.
        unreadable: `schema.table` of what could not be read.
    """

    untagged: tuple[Untagged, ...]
    columns: int
    unreadable: tuple[str, ...]


def scan(connection: psycopg.Connection, schemas: tuple[str, ...], models: Path) -> Scan:
    """Looks at sampled values of every column that bears no tag.

    Args:
        connection: the owner; values stay in memory.
        schemas: the business schemas.
        models: the dbt project's models, in whose sources' YAML the tags stand.

    Raises:
        SourcesError: a sources' YAML cannot be read.
    """
    spoken_of = {(known.schema, known.table, known.column) for known in read_columns(models) if known.pii}
    untagged, unreadable, count = [], [], 0
    for table in read_tables(connection, schemas):
        columns = [column for column in table.columns if (table.schema, table.name, column.name) not in spoken_of]
        values = sample(connection, table, columns)
        if values is None:
            unreadable.append(f"{table.schema}.{table.name}")
            continue
        count += len(columns)
        for column in columns:
            suggestion = suggest(table, column, values.get(column.name, []))
            if suggestion and suggestion.is_by_values:
                untagged.append(Untagged(table.schema, table.name, column.name, suggestion))
    return Scan(tuple(untagged), count, tuple(unreadable))
