"""The check before anything is read out of the log: a column that looks personal and has no tag is named."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.defs.privacy.checks import personal_columns_are_tagged
from dagster_project.personal_columns.tags import SourcesError, read_columns
from dagster_project.personal_columns.untagged import scan
from dagster_project.resources.warehouse import WarehouseResource
from dagster_project.sample.business import create_business
from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse

MODELS = DBT_PROJECT / "models"


@pytest.fixture(scope="module")
def owner(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """The owner of a warehouse with the sample business."""
    create_business(warehouse.admin_dsn, scale=0.1)
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        grant_business_schema(admin, "shop")
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def planted(warehouse: Warehouse, owner: psycopg.Connection) -> Iterator[None]:
    """A column that came later: `shop.orders.contact`, with the customers' e-mail addresses."""
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute("alter table shop.orders add column contact text")
        admin.execute(
            "update shop.orders set contact = email from shop.customers c where c.customer_id = orders.customer_id"
        )
        yield
        admin.execute("alter table shop.orders drop column contact")


@pytest.fixture
def resource(warehouse: Warehouse) -> WarehouseResource:
    class Given(WarehouseResource):
        @property
        def settings(self) -> Warehouse:
            return warehouse

    return Given()


def models_with(folder: Path, tag: str) -> Path:
    """The sample's sources' YAML with a tag on `orders.contact`, in a folder of its own."""
    text = (MODELS / "staging" / "shop" / "_shop__sources.yml").read_text()
    before = "          - name: channel\n"
    assert before in text
    column = f"          - name: contact\n            config: {{meta: {{pii: {tag}}}}}\n"
    (folder / "_shop__sources.yml").write_text(text.replace(before, column + before))
    return folder


def test_the_sample_is_tagged_and_no_more_than_that(owner: psycopg.Connection, tmp_path: Path) -> None:
    found = scan(owner, ("shop",), MODELS)
    assert (found.untagged, found.unreadable) == ((), ())
    assert found.columns > 50

    without_tags = scan(owner, ("shop",), tmp_path)
    suggested = {(c.schema, c.table, c.column): c.suggestion.pii for c in without_tags.untagged}
    tagged = {(c.schema, c.table, c.column): c.pii for c in read_columns(MODELS) if c.pii}
    assert suggested == tagged


def test_a_column_that_looks_personal_is_named_without_its_values(
    owner: psycopg.Connection, planted: None, resource: WarehouseResource
) -> None:
    result = personal_columns_are_tagged(dg.build_asset_check_context(), resource)

    assert not result.passed
    assert "shop.orders.contact looks personal" in result.description
    assert "pii: email" in result.description
    emails = owner.execute("select distinct contact from shop.orders where contact is not null").fetchall()
    assert emails
    assert not [email for (email,) in emails if email in f"{result.description} {result.metadata}"]


def test_the_check_passes_where_every_column_is_spoken_for(
    owner: psycopg.Connection, resource: WarehouseResource
) -> None:
    result = personal_columns_are_tagged(dg.build_asset_check_context(), resource)

    assert result.passed
    assert result.metadata["untagged"].value == []


@pytest.mark.parametrize("tag", ["email", "none"])
def test_a_tag_or_the_word_none_settles_it(owner: psycopg.Connection, planted: None, tmp_path: Path, tag: str) -> None:
    assert scan(owner, ("shop",), models_with(tmp_path, tag)).untagged == ()


def test_a_table_that_cannot_be_read_is_said_to_be_unread(warehouse: Warehouse, owner: psycopg.Connection) -> None:
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute("revoke select on shop.plans from auditune_owner")
        assert scan(owner, ("shop",), MODELS).unreadable == ("shop.plans",)
        admin.execute("grant select on shop.plans to auditune_owner")


def test_a_sources_file_that_is_no_yaml_is_named(owner: psycopg.Connection, tmp_path: Path) -> None:
    (tmp_path / "_broken__sources.yml").write_text("sources:\n  - name: [\n")
    with pytest.raises(SourcesError, match=r"_broken__sources.yml, line \d+ is no YAML that dbt could read"):
        scan(owner, ("shop",), tmp_path)
