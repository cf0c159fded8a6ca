"""The catalog: the tables and columns that questions are about, as the prompt, the binder and the guard see them.

Read from `corpus.schema_catalog` by the pipeline and the API, kept as `catalog.json` beside each dataset and adapter.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

_OWN_NAMES = """
with chosen as (select oid from pg_namespace where nspname = any (%(schemas)s))
select proname from pg_proc where pronamespace in (select oid from chosen)
union all
select oprname from pg_operator where oprnamespace in (select oid from chosen)
"""
_SELECT_CATALOG = """
select table_schema, table_name, table_comment, column_name, ordinal_position, data_type,
       is_nullable, is_primary_key, references_column, column_comment, pii_class, sample_values
from corpus.schema_catalog
order by table_schema, table_name, ordinal_position
"""


@dataclass(frozen=True)
class Column:
    """One column of a business table.

    Attributes:
        name: The column's name as PostgreSQL stores it.
        type: PostgreSQL's name of its type, such as `numeric(10,2)`.
        is_nullable: Whether it may be null.
        is_primary_key: Whether it is part of the primary key.
        references: The column it refers to, as `customers.customer_id`, or None.
        comment: The business's description, or None.
        pii: The class it is tagged with (`email`, `name`, …), or None where it holds no person's data.
        sample_values: A few distinct values; always empty for a tagged column.
    """

    name: str
    type: str
    is_nullable: bool
    is_primary_key: bool
    references: str | None = None
    comment: str | None = None
    pii: str | None = None
    sample_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One business table, its columns in the order of the database."""

    schema: str
    name: str
    comment: str | None
    columns: tuple[Column, ...]

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}


@dataclass(frozen=True)
class Catalog:
    """The business tables of one warehouse, ordered by schema and name.

    Attributes:
        tables: The tables.
        unqualified: What a name without a schema means, where a search path decides that; None finds the one table of
            that name.
        shadowed: Names of functions and operators that may mean others than the server's own where statements run, and
            so may not be used: `where` finds them. Neither saved nor hashed.
    """

    tables: tuple[Table, ...]
    unqualified: Mapping[str, Table] | None = None
    shadowed: frozenset[str] = frozenset()

    @cached_property
    def hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of the catalog: changes with any name, type, comment or tag."""
        text = json.dumps(self._document(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def business_schemas(self) -> tuple[str, ...]:
        """The schemas that the tables live in, sorted."""
        return tuple(sorted({table.schema for table in self.tables}))

    @cached_property
    def _by_name(self) -> dict[str, tuple[Table, ...]]:
        named: dict[str, tuple[Table, ...]] = {}
        for table in self.tables:
            named[table.name] = (*named.get(table.name, ()), table)
        return named

    def table(self, name: str, schema: str | None = None) -> Table | None:
        """Find a table by its exact name.

        Args:
            name: The table's name, without a schema.
            schema: Its schema; None finds it in any, if only one has it.

        Returns:
            The table, or None where none, or more than one, has the name.
        """
        if schema is None and self.unqualified is not None:
            return self.unqualified.get(name)
        found = [table for table in self._by_name.get(name, ()) if schema in (None, table.schema)]
        return found[0] if len(found) == 1 else None

    def schemas_of(self, name: str) -> tuple[str, ...]:
        """The schemas between which nothing decides for a name without a schema, sorted; none where a search path does.

        Args:
            name: The table's name.
        """
        if self.unqualified is not None:
            return ()
        return tuple(sorted(table.schema for table in self._by_name.get(name, ())))

    def sqlglot_schema(self) -> dict[str, dict[str, dict[str, str]]]:
        """The nested mapping schema → table → column → type that sqlglot's optimizer takes."""
        mapping: dict[str, dict[str, dict[str, str]]] = {schema: {} for schema in self.business_schemas}
        for table in self.tables:
            mapping[table.schema][table.name] = {column.name: column.type for column in table.columns}
        return mapping

    def without(self, closed: frozenset[tuple[str, str, str]]) -> "Catalog":
        """The catalog without some columns, and without tables that have no other.

        Args:
            closed: Schema, table and name of each.
        """
        tables = (
            replace(table, columns=tuple(c for c in table.columns if (table.schema, table.name, c.name) not in closed))
            for table in self.tables
        )
        return replace(self, tables=tuple(table for table in tables if table.columns))

    def where(self, connection: psycopg.Connection, schemas: Iterable[str], meant: Iterable[str] = ()) -> "Catalog":
        """The catalog with what is shadowed in a search path.

        PostgreSQL takes the function whose arguments fit best, and a `lower(varchar)` of a schema fits better than its
        own `lower(text)`, although that is looked for first.

        Args:
            connection: To where statements run.
            schemas: Of the search path; they exist.
            meant: Functions of theirs that are to be called.
        """
        rows = connection.execute(_OWN_NAMES, {"schemas": list(schemas)}).fetchall()
        return replace(self, shadowed=frozenset(name for (name,) in rows) - frozenset(meant))

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "Catalog":
        """Build the catalog from rows of `corpus.schema_catalog`, in any order.

        Args:
            rows: One mapping per column, with the columns of `corpus.schema_catalog`.

        Returns:
            The catalog, its tables ordered by schema and name.
        """
        grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for row in rows:
            grouped.setdefault((row["table_schema"], row["table_name"]), []).append(row)
        tables = []
        for (schema, name), columns in sorted(grouped.items()):
            ordered = sorted(columns, key=lambda row: row["ordinal_position"])
            tables.append(Table(schema, name, ordered[0]["table_comment"], tuple(_column(row) for row in ordered)))
        return cls(tuple(tables))

    def to_rows(self) -> list[dict[str, Any]]:
        """The rows of `corpus.schema_catalog` that `from_rows` reads back into an equal catalog."""
        return [
            {
                "table_schema": table.schema,
                "table_name": table.name,
                "table_comment": table.comment,
                "column_name": column.name,
                "ordinal_position": position,
                "data_type": column.type,
                "is_nullable": column.is_nullable,
                "is_primary_key": column.is_primary_key,
                "references_column": column.references,
                "column_comment": column.comment,
                "pii_class": column.pii,
                "sample_values": list(column.sample_values) or None,
            }
            for table in self.tables
            for position, column in enumerate(table.columns, start=1)
        ]

    @classmethod
    def load(cls, path: Path) -> "Catalog":
        """Read a catalog that `save` wrote."""
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(
            tuple(
                Table(
                    table["schema"],
                    table["name"],
                    table["comment"],
                    tuple(Column(**{**c, "sample_values": tuple(c["sample_values"])}) for c in table["columns"]),
                )
                for table in document["tables"]
            )
        )

    def save(self, path: Path) -> None:
        """Write the catalog as JSON, byte for byte the same for equal catalogs."""
        text = json.dumps(self._document(), indent=1, ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    def _document(self) -> dict[str, Any]:
        return {"tables": [asdict(table) for table in self.tables]}


def _column(row: Mapping[str, Any]) -> Column:
    # A tagged column shows no value, whatever the row says: the catalog is part of the prompt.
    samples = () if row["pii_class"] else tuple(row["sample_values"] or ())
    return Column(
        name=row["column_name"],
        type=row["data_type"],
        is_nullable=bool(row["is_nullable"]),
        is_primary_key=bool(row["is_primary_key"]),
        references=row["references_column"],
        comment=row["column_comment"],
        pii=row["pii_class"],
        sample_values=samples,
    )


def read_catalog(connection: psycopg.Connection) -> Catalog:
    """Read the catalog of the connected warehouse.

    Args:
        connection: An open psycopg 3 connection of a role that may read `corpus.schema_catalog`.

    Returns:
        The catalog.

    Raises:
        LookupError: The table is empty, so dbt has not built it.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        catalog = Catalog.from_rows(cursor.execute(_SELECT_CATALOG).fetchall())
    if not catalog.tables:
        raise LookupError("corpus.schema_catalog is empty: run `dbt build --select schema_catalog` first.")
    return catalog
