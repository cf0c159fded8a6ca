"""Builds variants of a sandbox, each in schemas of its own. Called by search.py, and so by Dagster and benchmarks.

Works on every schema that the connection can read; there need be no dbt project. A variant holds the values of the
sandbox and the literals of the gold queries, and thus nothing that the sandbox may not hold.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

import psycopg
from psycopg import sql

from training.evaluate.suite.kinds import KINDS, Kind
from training.evaluate.suite.literals import literals_by_column
from training.evaluate.suite.rows import Filling, insert_statement
from training.evaluate.suite.rules import enforce, mend
from training.evaluate.suite.sample import take_samples, usable_literals
from training.evaluate.suite.tables import SuiteTable, read_tables

# Only these are taken for variants, and dropped: `sandbox_shop__eu` may be the sandbox of a schema `shop__eu`.
_VARIANT = re.compile(rf"(?:{'|'.join(kind.name for kind in KINDS)})(?:_\d+)?\Z")
_MAX_NAME = 63  # bytes of an identifier; PostgreSQL cuts the rest off


def variant_schema(business: str, variant: str) -> str:
    """Names the schema of one variant of a business schema's sandbox.

    Args:
        business: The business schema.
        variant: The variant's name.

    Raises:
        ValueError: The name would be too long.
    """
    name = f"sandbox_{business}__{variant}"
    if len(name.encode()) > _MAX_NAME:
        raise ValueError(
            f"The schema {business} has too long a name for its test databases: shorten it, or leave it out."
        )
    return name


def variant_schemas(schemas: Iterable[str], variant: str) -> dict[str, str]:
    """Names the schemas of one variant: business schema → that of its variant, in the given order."""
    return {schema: variant_schema(schema, variant) for schema in schemas}


def variant_names(connection: psycopg.Connection, schemas: Sequence[str]) -> tuple[str, ...]:
    """Finds the variants that stand in a database.

    Args:
        connection: Of any role.
        schemas: The business schemas.

    Returns:
        The variants that there are of every one of them, sorted.
    """
    existing = {name for (name,) in connection.execute("select nspname::text from pg_catalog.pg_namespace").fetchall()}
    found = [
        {
            name.removeprefix(prefix)
            for name in existing
            if name.startswith(prefix) and _VARIANT.match(name[len(prefix) :])
        }
        for prefix in (variant_schema(schema, "") for schema in schemas)
    ]
    return tuple(sorted(set.intersection(*found))) if found else ()


def drop_variants(connection: psycopg.Connection, schemas: Sequence[str], keep: Iterable[str] = ()) -> None:
    """Drops variants: those of another suite, or all where what they hold must go.

    Args:
        connection: Of the role that owns them.
        schemas: The business schemas.
        keep: Variants that stay.
    """
    kept = set(keep)
    for schema in schemas:
        for name in set(variant_names(connection, [schema])) - kept:
            dropped = sql.Identifier(variant_schema(schema, name))
            connection.execute(sql.SQL("drop schema {} cascade").format(dropped))


class VariantBuilder:
    """Builds the variants of one warehouse's sandboxes, any number of times, over one connection."""

    def __init__(
        self,
        connection: psycopg.Connection,
        sandboxes: Mapping[str, str],
        statements: Iterable[str],
        reader: str | None = None,
    ) -> None:
        """Reads the tables and takes the samples that all variants start from.

        Args:
            connection: Of the role that shall own the variants, in autocommit mode; it must stay open.
            sandboxes: Business schema → the schema that holds its sandbox.
            statements: Gold queries; the values that they name appear in the variants.
            reader: The role that may read the variants; None where that is the owner.

        Raises:
            LookupError: A schema holds no table.
        """
        self.connection, self._reader = connection, reader
        self.tables: list[SuiteTable] = read_tables(connection, sandboxes)
        self.sandboxes, self.schemas = dict(sandboxes), tuple(sandboxes)
        literals = literals_by_column(statements)
        self._samples = take_samples(connection, self.tables, literals)
        self._literals = {table.key: usable_literals(connection, table, literals) for table in self.tables}
        self._parents = {key.parent for table in self.tables for key in table.foreign_keys}

    def build(self, variant: str, kind: Kind, seed: int) -> int:
        """Builds or rebuilds one variant, all or nothing.

        Args:
            variant: The end of its schemas' names: the kind's name, perhaps with a number.
            kind: How its rows come from the sandbox's.
            seed: Tells variants of one kind apart; the same one gives the same rows.

        Returns:
            How many rows it holds.
        """
        targets = {t.key: sql.Identifier(variant_schema(t.schema, variant), t.name) for t in self.tables}
        with self.connection.transaction():
            self._create_schemas(variant)
            filled: set[tuple[str, str]] = set()
            for table in self.tables:
                create = "create table {} as select * from {} with no data"
                self.connection.execute(sql.SQL(create).format(targets[table.key], table.origin))
                filling = Filling(
                    base=self._samples[table.key],
                    target=targets[table.key],
                    parents=self._parent_keys(table, targets, filled),
                    literals=self._literals[table.key],
                    is_referred_to=table.key in self._parents,
                )
                self.connection.execute(insert_statement(table, kind, seed, filling))
                filled.add(table.key)
            mend(self.connection, self.tables, targets)
            enforce(self.connection, self.tables, targets)
            rows = 0
            for table in self.tables:
                self.connection.execute(sql.SQL("analyze {}").format(targets[table.key]))
                count = sql.SQL("select count(*) from {}").format(targets[table.key])
                rows += self.connection.execute(count).fetchone()[0]
        return rows

    def content_hash(self) -> str:
        """Identifies what variants depend on: the tables, their rules, and the sampled rows.

        Returns:
            The first 16 hex digits of a SHA-256.
        """
        parts = [repr(self.tables), repr(self._literals)]
        for table in self.tables:
            rows = sql.SQL("select sum(hashtextextended(sampled::text, 0)::numeric)::text from {} as sampled")
            parts.append(str(self.connection.execute(rows.format(self._samples[table.key])).fetchone()[0]))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _create_schemas(self, variant: str) -> None:
        for business in self.schemas:
            schema = sql.Identifier(variant_schema(business, variant))
            self.connection.execute(sql.SQL("drop schema if exists {} cascade").format(schema))
            self.connection.execute(sql.SQL("create schema {}").format(schema))
            if self._reader is not None:
                reader = sql.Identifier(self._reader)
                self.connection.execute(sql.SQL("grant usage on schema {} to {}").format(schema, reader))
                default = "alter default privileges in schema {} grant select on tables to {}"
                self.connection.execute(sql.SQL(default).format(schema, reader))

    def _parent_keys(
        self, table: SuiteTable, targets: Mapping[tuple[str, str], sql.Identifier], filled: set[tuple[str, str]]
    ) -> dict[str, sql.Composed]:
        """The values that each foreign key of one column may take: the parent's own, if it is filled by now."""
        keys = {}
        for key in table.foreign_keys:
            if len(key.columns) == 1:
                parent = targets[key.parent] if key.parent in filled else self._samples[key.parent]
                keys[key.columns[0]] = sql.SQL(
                    "select {column} from {parent} where {column} is not null order by 1"
                ).format(column=sql.Identifier(key.parent_columns[0]), parent=parent)
        return keys
