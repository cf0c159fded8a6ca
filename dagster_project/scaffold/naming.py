"""The names that dbt has for what PostgreSQL names: a model's name holds letters, digits and underscores only. Pure."""

import re
from collections.abc import Iterable

# Folders of the project's own sources: a business schema of such a name gets a folder beside it.
_OUR_FOLDERS = frozenset({"audit", "catalog", "serving", "training"})


def dbt_name(name: str) -> str:
    """Returns a name that a dbt model may bear; the macro chosen_schemas has the same rule."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def dbt_names(names: Iterable[str]) -> dict[str, str]:
    """Returns each name's name in dbt, no two alike (file systems may not tell `Orders` from `orders`)."""
    taken: set[str] = set()
    given: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (dbt_name(name) != name, name != name.lower(), name)):
        candidate, number = dbt_name(name), 2
        while candidate.lower() in taken:
            candidate, number = f"{dbt_name(name)}_{number}", number + 1
        taken.add(candidate.lower())
        given[name] = candidate
    return given


def folder_name(schema: str) -> str:
    """Returns the folder of a business schema under models/staging and models/sandbox."""
    return f"{dbt_name(schema)}_business" if schema in _OUR_FOLDERS else dbt_name(schema)


def model_name(schema: str, table_name: str) -> str:
    """Returns the sandbox model's name.

    Args:
        schema: the schema in the database.
        table_name: the table's name in dbt.
    """
    return f"sandbox_{dbt_name(schema)}__{table_name}"
