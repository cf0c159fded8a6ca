"""Decides which files a schema gets, from its tables, the suggested tags, and what a person has decided before."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dagster_project.personal_columns.catalog import BusinessTable
from dagster_project.personal_columns.suggest import Suggestion
from dagster_project.personal_columns.tags import read_columns, table_descriptions
from dagster_project.scaffold import sandbox_models
from dagster_project.scaffold.files import Planned, is_unedited
from dagster_project.scaffold.naming import dbt_name, folder_name
from dagster_project.scaffold.sources_yaml import Decided, sources_yaml


@dataclass(frozen=True)
class SandboxPlan:
    """The files beside the sources' YAML.

    Attributes:
        files: the list of tables, the sandbox models and their YAML.
        stale: sandbox models of tables that are gone, as they were written: to be removed.
        stale_edited: the same, but edited since.
    """

    files: list[Planned]
    stale: list[Path]
    stale_edited: list[Path]


def plan_sources(
    project: Path,
    schema: str,
    tables: list[BusinessTable],
    names: Mapping[str, str],
    suggestions: Mapping[tuple[str, str], Suggestion],
) -> Planned:
    """Plans the sources' YAML, the one place where tags are edited.

    Args:
        project: the dbt project's folder.
        schema: the schema in the database.
        tables: its tables.
        names: table → its name in dbt.
        suggestions: (table, column) → suggested tag.

    Raises:
        SourcesError: the YAML that is there cannot be read.
    """
    path = sources_file(project, schema)
    decided, described = _decided(path)
    return Planned(path, sources_yaml(schema, tables, names, suggestions, decided, described))


def plan_sandbox(project: Path, schema: str, tables: list[BusinessTable], names: Mapping[str, str]) -> SandboxPlan:
    """Plans the files that follow from the sources' YAML.

    Args:
        project: the dbt project's folder.
        schema: the schema in the database.
        tables: the tables that the sources' YAML names, and no other: dbt would miss their source.
        names: table → its name in dbt.
    """
    folder = project / "models" / "sandbox" / folder_name(schema)
    chosen = {table.name: names[table.name] for table in tables}
    one_liners = sandbox_models.models(schema, chosen)
    files = [
        Planned(tables_file(project, schema), sandbox_models.tables_macro(schema, chosen)),
        Planned(folder / f"_sandbox_{dbt_name(schema)}__models.yml", sandbox_models.models_yaml(schema, tables, names)),
        *(Planned(folder / f"{name}.sql", text, is_marked=False) for name, text in one_liners.items()),
    ]
    gone = [path for path in sorted(folder.glob("*.sql")) if path.stem not in one_liners]
    stale = [path for path in gone if _is_one_liner(path, schema)]
    return SandboxPlan(files, stale, [path for path in gone if path not in stale])


def owner_of_files(project: Path, schema: str) -> str:
    """Returns the schema whose files stand where a schema's would: dbt's name for two of them may be the same.

    Args:
        project: the dbt project's folder.
        schema: the schema in the database.

    Raises:
        SourcesError: the YAML that is there cannot be read.
    """
    path = sources_file(project, schema)
    owners = {known.schema for known in read_columns(path)} if path.exists() else set()
    return schema if schema in owners or not owners else min(owners)


def sources_file(project: Path, schema: str) -> Path:
    """Returns where a schema's sources' YAML stands."""
    folder = folder_name(schema)
    return project / "models" / "staging" / folder / f"_{folder}__sources.yml"


def tables_file(project: Path, schema: str) -> Path:
    """Returns where the list of a schema's tables stands."""
    return project / "macros" / "business" / f"tables_of_{dbt_name(schema)}.sql"


def _decided(sources: Path) -> tuple[dict[tuple[str, str], Decided], dict[str, str]]:
    """What a person has written in the YAML that is there; nothing where nobody has edited it."""
    if not sources.exists() or is_unedited(sources.read_text(encoding="utf-8")):
        return {}, {}
    columns = {(known.table, known.column): Decided(known.pii, known.description) for known in read_columns(sources)}
    return columns, {table: text for (_, table), text in table_descriptions(sources).items()}


def _is_one_liner(path: Path, schema: str) -> bool:
    """Tells whether a sandbox model is as it was written for a table."""
    text = path.read_text(encoding="utf-8")
    return text.count("\n") == 1 and text.startswith(f"{{{{ sandbox_table('{dbt_name(schema)}', '")
