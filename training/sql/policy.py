"""What one caller's statements may read, call and cost. Read by the guard's command.

The file: `{"search_path": ["sales"], "role": "reporting", "relations": {"sales.orders": ["order_id", "total"]},
"functions": ["fiscal_year"], "limits": {"statement_timeout_ms": 5000, "row_cap": 1000, "response_bytes": 1000000}}`.
`relations` is all that may be read, `functions` come besides the built-in list; every other key may be left out.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, field_validator

from training.errors import BadInput
from training.sql.catalog import Catalog, Column, Table

CLOSED = "closed"  # stands where a tag would: the column exists, and may not be read
_RELATIONS = (Path(__file__).parent / "relations.sql").read_text(encoding="utf-8")
_OWN_SCHEMAS = """
select nspname from pg_namespace
where nspname !~ '^pg_' and nspname <> 'information_schema' and has_schema_privilege(oid, 'usage')
"""
_TAGS_SEEN = """
select has_schema_privilege(relnamespace, 'usage') and has_table_privilege(oid, 'select')
from pg_class where relname = 'schema_catalog' and relnamespace = to_regnamespace('corpus')
"""
_USABLE = "select nspname from pg_namespace where has_schema_privilege(coalesce(%s, current_user), oid, 'usage')"
# They read or change what no policy names: whole queries as text, settings, files, other servers.
_BEYOND = re.compile(r"pg_|lo_|dblink|(query|cursor|table|schema|database)_to_xml|ts_stat|ts_rewrite|set_config")
_TAGS = "select table_schema, table_name, column_name from corpus.schema_catalog where pii_class is not null"


class Limits(BaseModel):
    """What one statement may cost: milliseconds, rows read, bytes of their values, and what the planner expects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statement_timeout_ms: PositiveInt = 5000
    row_cap: PositiveInt = 10_000
    response_bytes: PositiveInt = 10_000_000
    cost_ceiling: PositiveFloat = 1_000_000.0


class Policy(BaseModel):
    """What may be read and called, and how.

    Attributes:
        search_path: The schemas that a name without a schema is looked for in, in order.
        role: The role that statements run as; None for the one that connects.
        relations: Readable columns by `schema.table`.
        functions: Functions that may be called besides the built-in list, in lower case, without a schema.
        limits: The limits of one statement.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    search_path: tuple[str, ...] = ()
    role: str | None = None
    relations: Mapping[str, tuple[str, ...]]
    functions: frozenset[str] = frozenset()
    limits: Limits = Field(default_factory=Limits)

    @field_validator("relations")
    @classmethod
    def _are_qualified(cls, relations: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        if any(name.count(".") != 1 for name in relations):
            raise ValueError("each relation is written as schema.table")
        return relations

    @field_validator("functions")
    @classmethod
    def _stay_inside(cls, functions: frozenset[str]) -> frozenset[str]:
        beyond = sorted(name for name in functions if _BEYOND.match(name))
        if beyond:
            raise ValueError(f"{beyond[0]} reaches what no policy can close")
        return functions

    @property
    def schemas(self) -> tuple[str, ...]:
        """Every schema that the policy names."""
        return tuple(dict.fromkeys([*self.search_path, *(name.split(".")[0] for name in self.relations)]))


def load_policy(path: Path) -> Policy:
    """Reads a policy file.

    Args:
        path: The JSON file.

    Raises:
        BadInput: It is missing, no JSON, or not of this shape.
    """
    try:
        return Policy.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"The policy {path} cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BadInput(f"The policy {path} is not as it should be: {where}: {first['msg']}.") from error


def derive_policy(connection: psycopg.Connection, schemas: Iterable[str] | None) -> Policy:
    """Allows every column that the connected role may read and that is not tagged as a person's.

    Args:
        connection: To the warehouse. Tags are those of `corpus.schema_catalog`, where there is one.
        schemas: The schemas to open; None for all that are not the server's own.

    Raises:
        BadInput: None of them has a readable column, or there are tags that the role may not read.
    """
    chosen = list(schemas) if schemas else sorted(name for (name,) in connection.execute(_OWN_SCHEMAS).fetchall())
    catalog = connection.execute(_TAGS_SEEN).fetchone()  # none where the database is not auditune's
    if catalog is not None and not catalog[0]:
        raise BadInput("The tags in corpus.schema_catalog cannot be read by this role: take another, or give --policy.")
    tagged = set(connection.execute(_TAGS).fetchall()) if catalog is not None else set()
    relations: dict[str, tuple[str, ...]] = {}
    for row in _rows(connection, chosen, None):
        key = (row["table_schema"], row["table_name"], row["column_name"])
        if row["is_readable"] and key not in tagged:
            name = ".".join(key[:2])
            relations[name] = (*relations.get(name, ()), key[2])
    if not relations:
        raise BadInput(f"Nothing can be read in {', '.join(chosen) or 'this database'}: check --schemas and --dsn.")
    return Policy(search_path=tuple(chosen), relations=relations)


def _check_search_path(connection: psycopg.Connection, policy: Policy) -> None:
    """Refuse what the server would pass over: names would mean other tables to it."""
    usable = {name for (name,) in connection.execute(_USABLE, (policy.role,)).fetchall()}
    missing = [schema for schema in policy.search_path if schema not in usable]
    if missing:
        raise BadInput(f"The schema {missing[0]} of the search path does not exist, or the role may not use it.")


def policy_catalog(connection: psycopg.Connection, policy: Policy) -> Catalog:
    """The catalog that the guard binds names to: every column of the allowed relations, the closed ones marked.

    A column that is not allowed must be known all the same, or a star would be taken for the allowed ones alone.

    Args:
        connection: To the database that statements would run in.
        policy: What is allowed.

    Raises:
        BadInput: The policy names a relation or column that the database does not have, or a schema that the role may
            not use.
    """
    _check_search_path(connection, policy)
    columns: dict[tuple[str, str], list[Column]] = defaultdict(list)
    first_of: dict[str, tuple[str, str]] = {}  # what a name without a schema means to the server
    places = {schema: place for place, schema in enumerate(policy.search_path)}
    rows = _rows(connection, policy.schemas, policy.role)
    for row in sorted(rows, key=lambda row: places.get(row["table_schema"], len(places))):
        key = (row["table_schema"], row["table_name"])
        if row["table_schema"] in places and not row["is_shadowed"]:
            first_of.setdefault(row["table_name"], key)
        allowed = policy.relations.get(".".join(key))
        if allowed is not None and row["column_name"] is not None:
            tag = None if row["column_name"] in allowed else CLOSED
            columns[key].append(Column(row["column_name"], row["data_type"], True, False, pii=tag))
    tables = {key: Table(*key, None, tuple(found)) for key, found in sorted(columns.items())}
    _check_names(policy, tables)
    catalog = Catalog(tuple(tables.values()), {name: tables[key] for name, key in first_of.items() if key in tables})
    return catalog.where(connection, policy.search_path, meant=policy.functions)


def _check_names(policy: Policy, tables: Mapping[tuple[str, str], Table]) -> None:
    for relation, names in policy.relations.items():
        table = tables.get(tuple(relation.split(".")))
        if table is None:
            raise BadInput(f"The policy names the relation {relation}, which the database does not have.")
        missing = [name for name in names if name not in table.by_name]
        if missing:
            raise BadInput(f"The policy names the column {relation}.{missing[0]}, which the database does not have.")


def _rows(connection: psycopg.Connection, schemas: Iterable[str], role: str | None) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_RELATIONS, {"schemas": list(schemas), "role": role}).fetchall()
