"""One place to edit: a tag of the sources' YAML is changed, and all that stands on tags follows."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.warehouse.roles import let_owner_create
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import EMAIL, NAME, dbt
from training.prompt import schema_prefix
from training.sql.catalog import Catalog, read_catalog
from training.sql.guard import check

FOLLOWERS = ("int_pii_columns+", "stg_catalog__columns+", "--exclude", "int_pair_candidates+", "group:monitoring")
pytestmark = pytest.mark.slow  # most of the project is built anew


@pytest.fixture(scope="module")
def before(built_copy: Warehouse) -> Catalog:
    with psycopg.connect(built_copy.dsn) as owner:
        return read_catalog(owner)


@pytest.fixture(scope="module")
def retagged(
    built_copy: Warehouse, before: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection]:
    """The owner, after an engineer has edited tags and built again: city and tier are personal, e-mail is not."""
    folder = tmp_path_factory.mktemp("retagged")
    ignored = shutil.ignore_patterns("target", "logs", ".*")
    project = Path(shutil.copytree(DBT_PROJECT, folder / "dbt_project", ignore=ignored))
    sources = project / "models" / "staging" / "shop" / "_shop__sources.yml"
    customers, rest = sources.read_text().split("      - name: orders\n", 1)
    for column, pii in (("city", "address"), ("loyalty_tier", "token")):
        name = f"          - name: {column}\n"
        assert customers.count(name) == 1
        customers = customers.replace(name, name + f"            config: {{meta: {{pii: {pii}}}}}\n")
    customers = customers.replace("pii: email", "pii: none")
    sources.write_text(customers + "      - name: orders\n" + rest)

    with psycopg.connect(built_copy.admin_dsn, autocommit=True) as admin:
        let_owner_create(admin)  # a copy of a database does not copy who may create in it

    done = dbt(built_copy, folder, "run", "--full-refresh", "--select", *FOLLOWERS, project=project)

    assert done.returncode == 0, done.stdout[-3000:]
    with psycopg.connect(built_copy.dsn, autocommit=True) as owner:
        yield owner


def test_the_sandbox_follows(retagged: psycopg.Connection) -> None:
    cities, emails, names = retagged.execute(
        "select count(*) filter (where s.city <> r.city), count(*) filter (where s.email = r.email),"
        " count(*) filter (where s.full_name <> r.full_name)"
        " from shop.customers as r inner join sandbox_shop.customers as s using (customer_id)"
    ).fetchone()

    assert cities == emails == names == 102


def test_the_prompt_follows(before: Catalog, retagged: psycopg.Connection) -> None:
    after = read_catalog(retagged)

    def cities(catalog: Catalog) -> tuple[str, ...]:
        return catalog.table("customers").by_name["city"].sample_values

    assert "loyalty_tier:bronze|" in schema_prefix(before), "its few values stand in the prompt"
    assert "loyalty_tier, " in schema_prefix(after)
    assert "source:affiliate|" in schema_prefix(after)
    assert (len(cities(before)) > 0, cities(after)) == (True, ()), "those that a question is searched for"


def test_the_guard_follows(before: Catalog, retagged: psycopg.Connection) -> None:
    after = read_catalog(retagged)

    def is_allowed(catalog: Catalog, column: str) -> bool:
        return check(f"select {column} from customers", catalog, allow_pii_columns=False).allowed

    assert [is_allowed(before, column) for column in ("city", "email", "full_name")] == [True, False, False]
    assert [is_allowed(after, column) for column in ("city", "email", "full_name")] == [False, True, False]


def test_statements_and_questions_follow(retagged: psycopg.Connection) -> None:
    (city,) = retagged.execute("select city from sandbox_shop.customers where customer_id = 900001").fetchone()

    (statement, question, holds) = retagged.execute(
        "select privacy.pseudonymize_sql('select 1 from customers where city = ''Oslo'''),"
        " privacy.pseudonymize_text('Who lives in Oslo?'), privacy.holds_personal_value('Who lives in Oslo?')"
    ).fetchone()

    assert city != "Oslo"
    assert statement == f"select 1 from customers where city = '{city}'"
    assert question == f"Who lives in {city}?"
    assert holds


def test_what_is_untagged_is_left_to_the_patterns(retagged: psycopg.Connection) -> None:
    # the address is no value of a tagged column any more, but it still looks like an e-mail address
    (text, name) = retagged.execute(
        "select privacy.pseudonymize_text(%s), privacy.pseudonymize_text(%s)", [EMAIL, NAME]
    ).fetchone()

    assert text.endswith("@example.com")
    assert name != NAME


def test_a_tag_of_no_class_stops_dbt_with_the_columns_name(built_copy: Warehouse, tmp_path: Path) -> None:
    project = Path(
        shutil.copytree(DBT_PROJECT, tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    )
    sources = project / "models" / "staging" / "shop" / "_shop__sources.yml"
    sources.write_text(sources.read_text().replace("pii: phone", "pii: fone"))

    done = dbt(built_copy, tmp_path, "compile", "--select", "int_pii_columns", project=project)

    assert done.returncode != 0
    assert "shop.customers.phone is tagged `pii: fone`, which is no class: use one of name, email" in " ".join(
        done.stdout.split()
    )
