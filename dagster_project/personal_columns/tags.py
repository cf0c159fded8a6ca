"""What the sources' YAML of the dbt project says of each column: its tag, and its description.

The files are read as they lie, not dbt's manifest: the manifest is as old as the last parse, an edited tag counts now.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

# dbt reads with the C loader too; the two differ in what a `?` in a flow mapping is
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

NOT_PERSONAL = "none"
"""`pii: none`: somebody looked, the column is not personal."""


@dataclass(frozen=True)
class DescribedColumn:
    """A column of a source.

    Attributes:
        schema: the schema in the database.
        table: the table's name in the database.
        column: the column's name.
        pii: the tag, `none` included; None where it has none.
        description: the column's description, or None.
        file: where it stands.
    """

    schema: str
    table: str
    column: str
    pii: str | None
    description: str | None
    file: Path


class SourcesError(Exception):
    """A sources' YAML cannot be read; the message names it."""


def read_columns(models: Path) -> list[DescribedColumn]:
    """Reads every described column of the sources under a folder of models.

    Args:
        models: the folder, or one YAML file.

    Raises:
        SourcesError: a file is no YAML.
    """
    files = [models] if models.is_file() else sorted([*models.rglob("*.yml"), *models.rglob("*.yaml")])
    return [column for file in files for column in _columns(file)]


def tables_named(file: Path) -> set[str]:
    """Returns the tables that a file's sources name, as the database calls them."""
    return {_name(table) for source in _sources(file) for table in source.get("tables") or []}


def table_descriptions(file: Path) -> dict[tuple[str, str], str]:
    """Returns the descriptions of a file's tables, by schema and table."""
    return {
        (_schema(source), _name(table)): table["description"]
        for source in _sources(file)
        for table in source.get("tables") or []
        if table.get("description")
    }


def _columns(file: Path) -> Iterator[DescribedColumn]:
    for source in _sources(file):
        for table in source.get("tables") or []:
            for column in table.get("columns") or []:
                meta = (column.get("config") or {}).get("meta") or {}
                yield DescribedColumn(
                    schema=_schema(source),
                    table=_name(table),
                    column=str(column["name"]),
                    pii=str(meta["pii"]) if meta.get("pii") else None,
                    description=column.get("description"),
                    file=file,
                )


def _sources(file: Path) -> list[dict]:
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
        return (document or {}).get("sources") or []
    except (yaml.YAMLError, AttributeError) as error:
        place = getattr(error, "problem_mark", None)
        line = f", line {place.line + 1}" if place else ""
        raise SourcesError(f"{file}{line} is no YAML that dbt could read: mend it.") from None


def _schema(source: dict) -> str:
    return str(source.get("schema") or source["name"])


def _name(table: dict) -> str:
    return str(table.get("identifier") or table["name"])
