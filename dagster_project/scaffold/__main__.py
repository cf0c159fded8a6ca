"""`make scaffold SCHEMA=sales,hr`: the sources' YAML and the sandbox models of business schemas, with suggested tags.

Run as: `python -m dagster_project.scaffold sales,hr`. Reads the warehouse of AUDITUNE_DSN (the embedded one where it is
not set) and writes below `dbt_project/`. A file that somebody has edited is left as it is, unless he says
yes or FORCE=1. Exit status 0 done, 1 with a sentence about what is wrong.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.embedded.errors import EmbeddedError
from dagster_project.personal_columns.catalog import read_tables
from dagster_project.personal_columns.tags import SourcesError, tables_named
from dagster_project.scaffold.files import write_all
from dagster_project.scaffold.naming import dbt_names
from dagster_project.scaffold.plan import owner_of_files, plan_sandbox, plan_sources, sources_file
from dagster_project.scaffold.sentences import left_sentences, stale_sentences, unreadable_sentences
from dagster_project.scaffold.source_warehouse import ScaffoldError, check_schemas, connect_to_business
from dagster_project.scaffold.suggestions import suggest_tags
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.settings import comma_list


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: the command line without the program's name; default the process's own.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="make scaffold SCHEMA=…", description=__doc__)
    parser.add_argument("schemas", nargs="?", default="", help="names of schemas, comma-separated")
    parser.add_argument("--force", action="store_true", help="overwrite edited files, keeping their tags")
    parser.add_argument("--project", type=Path, default=DBT_PROJECT, help="the dbt project's folder")
    options = parser.parse_args(arguments)
    schemas = comma_list(options.schemas)
    may_overwrite = _yes if options.force else (_ask if sys.stdin.isatty() else _no)
    try:
        with connect_to_business(os.environ) as connection:
            check_schemas(connection, schemas)
            for schema in schemas:
                scaffold(connection, schema, options.project, may_overwrite)
    except (EmbeddedError, WarehouseError, ScaffoldError, SourcesError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _say(
        f"Next: review the tags marked `suggested` (a column that is nobody's gets `pii: none`), set "
        f"AUDITUNE_SCHEMAS='{','.join(schemas)}' in .env, then `make run`."
    )
    return 0


def scaffold(connection: psycopg.Connection, schema: str, project: Path, may_overwrite: Callable[[Path], bool]) -> None:
    """Writes one schema's files and says what was done.

    Args:
        connection: a role that may read the schema.
        schema: its name; it exists and has tables.
        project: the dbt project's folder.
        may_overwrite: asked about each edited file.

    Raises:
        ScaffoldError: another schema has files of the same names.
    """
    owner = owner_of_files(project, schema)
    if owner != schema:
        raise ScaffoldError(
            f"dbt cannot tell the schema {schema} from {owner}, whose files are there: rename one of the two, or "
            f"remove {sources_file(project, schema)} and what else was written for {owner}."
        )
    tables = read_tables(connection, (schema,))
    names = dbt_names(table.name for table in tables)
    suggestions = suggest_tags(connection, tables)
    sources = plan_sources(project, schema, tables, names, suggestions.tags)
    outcome = write_all([sources], may_overwrite)
    if outcome.left:  # what it names is what the other files may name
        named = tables_named(sources.path)
        tables = [table for table in tables if table.name in named]
    planned = plan_sandbox(project, schema, tables, names)
    outcome = outcome + write_all(planned.files, may_overwrite)
    for path in planned.stale:
        path.unlink()

    columns = sum(len(table.columns) for table in tables)
    _say(
        f"{schema}: {len(tables)} tables and views with {columns} columns; {len(outcome.written)} files written, "
        f"{len(outcome.same)} are as they would be written."
    )
    if sources.path not in outcome.left:
        for (table, column), suggestion in suggestions.tags.items():
            _say(f"    {table}.{column}: {suggestion.pii} ({suggestion.reason})")
    for sentence in [
        *unreadable_sentences(suggestions.unreadable),
        *left_sentences(project, outcome.left, sorted(names.keys() - {table.name for table in tables})),
        *stale_sentences(project, planned.stale, planned.stale_edited),
    ]:
        _say(sentence)


def _ask(path: Path) -> bool:
    sys.stdout.write(
        f"{path} was edited. Overwrite it? Tags and descriptions are kept, the rest is written anew. [y/N] "
    )
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _yes(path: Path) -> bool:  # noqa: ARG001 - asked like _ask
    return True


def _no(path: Path) -> bool:  # noqa: ARG001 - asked like _ask
    return False


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
