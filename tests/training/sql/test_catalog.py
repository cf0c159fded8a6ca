"""The catalog's round trips and its hash."""

import random
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from training.sql.catalog import Catalog, read_catalog


def test_rows_round_trip_in_any_order(catalog: Catalog) -> None:
    rows = catalog.to_rows()
    random.Random(3).shuffle(rows)
    assert Catalog.from_rows(rows) == catalog
    assert Catalog.from_rows(rows).hash == catalog.hash


def test_file_round_trip_is_deterministic(catalog: Catalog, tmp_path: Path) -> None:
    catalog.save(tmp_path / "a.json")
    Catalog.load(tmp_path / "a.json").save(tmp_path / "b.json")
    assert Catalog.load(tmp_path / "a.json") == catalog
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_hash_changes_with_a_tag(catalog: Catalog) -> None:
    first = catalog.tables[0]
    tagged = replace(first, columns=(replace(first.columns[0], pii="token"), *first.columns[1:]))
    assert Catalog((tagged, *catalog.tables[1:])).hash != catalog.hash
    assert len(catalog.hash) == 16


def test_a_tagged_column_shows_no_values(catalog: Catalog) -> None:
    rows = [row | {"sample_values": ["x"]} for row in catalog.to_rows()]
    customers = Catalog.from_rows(rows).table("customers")
    assert customers.by_name["email"].sample_values == ()
    assert customers.by_name["country"].sample_values == ("x",)


def test_finds_tables_by_name_and_schema(catalog: Catalog) -> None:
    assert catalog.table("orders").schema == "shop"
    assert catalog.table("orders", "other") is None
    assert catalog.business_schemas == ("shop",)
    twice = Catalog((*catalog.tables, replace(catalog.tables[0], schema="other")))
    assert twice.table(catalog.tables[0].name) is None
    assert twice.sqlglot_schema()["shop"]["orders"]["total"] == "numeric"


def test_reads_the_warehouse(admin_dsn: str, catalog: Catalog) -> None:
    rows = catalog.to_rows()
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("create schema if not exists corpus")
        connection.execute(
            "create table corpus.schema_catalog (table_schema text, table_name text, table_comment text, "
            "column_name text, ordinal_position int, data_type text, is_nullable bool, is_primary_key bool, "
            "references_column text, column_comment text, pii_class text, sample_values text[])"
        )
        with pytest.raises(LookupError, match="dbt build"):
            read_catalog(connection)
        connection.cursor().executemany(
            f"insert into corpus.schema_catalog values ({', '.join(f'%({name})s' for name in rows[0])})", rows
        )
        assert read_catalog(connection) == catalog
        connection.rollback()
