"""The rules of set-up that need no server."""

from pathlib import Path

import pytest

from dagster_project.embedded.port import free_port
from dagster_project.warehouse.dsn import parse, place, with_login
from dagster_project.warehouse.entry import open_warehouse
from dagster_project.warehouse.env_file import read_env, write_env
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.own_log import rds_entry
from dagster_project.warehouse.passwords import role_key, role_password
from dagster_project.warehouse.preflight import check_disk, check_privileges, check_version
from dagster_project.warehouse.settings import ROLE_VARIABLES, Warehouse, chosen_variables

EMBEDDED = {
    "AUDITUNE_WAREHOUSE": "embedded",
    "AUDITUNE_DSN": "postgresql://auditune_owner:secret@127.0.0.1:15500/warehouse",
    "AUDITUNE_API_DSN": "postgresql://auditune_api:secret2@127.0.0.1:15500/warehouse",
}


@pytest.mark.parametrize("number", [150000, 160004, 180006])
def test_supported_server(number: int) -> None:
    check_version(number)


@pytest.mark.parametrize(
    ("number", "words"), [(140011, "14, too old"), (90624, "9, too old"), (190000, "is PostgreSQL 19")]
)
def test_server_that_is_not_supported(number: int, words: str) -> None:
    with pytest.raises(WarehouseError, match=words):
        check_version(number)


def test_disk() -> None:
    check_disk(3_000_000_000, Path("/data"))
    with pytest.raises(WarehouseError, match=r"/data has 2\.9 GB free and auditune needs 3 GB"):
        check_disk(2_900_000_000, Path("/data"))


def test_privileges_are_needed_only_for_what_is_missing() -> None:
    check_privileges(missing_roles=[], may_create_roles=False, may_create_schemas=True, user="auditune_owner")
    with pytest.raises(WarehouseError, match=r"guest lacks CREATEROLE \(for auditune_api\):"):
        check_privileges(missing_roles=["auditune_api"], may_create_roles=False, may_create_schemas=True, user="guest")


@pytest.mark.parametrize("address", ["warehouse", "http://host/x", "postgresql://user:pa%zz@host/db", "host=x", ""])
def test_address_that_is_none(address: str, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="AUDITUNE_DSN is not a database address") as failure:
        parse(address, "AUDITUNE_DSN")
    assert "pa%zz" not in str(failure.value)


def test_login_keeps_the_place_and_quotes_the_password() -> None:
    address = "postgresql://dba:x@db.example.com:6000/company?sslmode=require"
    ours = with_login(address, "auditune_api", "p@ss/w:rd")
    assert place(ours) == place(address) == ("db.example.com", "6000", "company")
    assert parse(ours, "")["password"] == "p@ss/w:rd"
    assert parse(ours, "")["sslmode"] == "require"


def test_nobody_answers(tmp_path: Path) -> None:
    port = free_port()
    variables = {
        "AUDITUNE_HOME": str(tmp_path),
        "AUDITUNE_DSN": f"postgresql://dba:s3cret@127.0.0.1:{port}/company",
        "AUDITUNE_AUDIT_LOGS": "x.json",
    }
    with pytest.raises(WarehouseError, match=rf"No PostgreSQL answers at 127\.0\.0\.1:{port}") as failure:
        open_warehouse(variables)
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    ("host", "entry"),
    [
        ("shop-db.c9akciq32.eu-west-1.rds.amazonaws.com", "rds://shop-db?region=eu-west-1"),
        ("shop.cluster-c9akciq32.us-east-2.rds.amazonaws.com", "rds-cluster://shop?region=us-east-2"),
        ("shop.cluster-ro-c9akciq32.us-east-2.rds.amazonaws.com", "rds-cluster://shop?region=us-east-2"),
        ("shop.proxy-c9akciq32.us-east-2.rds.amazonaws.com", None),
        ("db.example.com", None),
    ],
)
def test_the_log_of_a_host_in_rds_is_read_through_aws(host: str, entry: str | None) -> None:
    assert rds_entry(host) == entry


def test_env_file_returns_what_was_written(tmp_path: Path) -> None:
    variables = {"A": "it's", "B": 'a $HOME `x` "y" # z', "C": ""}
    write_env(tmp_path, variables)
    assert read_env(tmp_path) == variables


def test_passwords_differ_by_role_and_server_and_stay(tmp_path: Path) -> None:
    key = role_key(tmp_path)
    assert key == role_key(tmp_path)
    assert (tmp_path / "keys" / "roles.key").stat().st_mode & 0o777 == 0o600
    passwords = {role_password(key, server, role) for server in ("one", "two") for role in ROLE_VARIABLES}
    assert len(passwords) == 2 * len(ROLE_VARIABLES)


def test_shell_that_sourced_an_earlier_port_is_not_believed() -> None:
    stale = {name: value.replace("15500", "15999") for name, value in EMBEDDED.items()}
    chosen = chosen_variables({**stale, "AUDITUNE_SCHEMAS": "sales"}, EMBEDDED)
    assert {**EMBEDDED, **chosen} == {**EMBEDDED, "AUDITUNE_SCHEMAS": "sales"}


def test_address_of_another_warehouse_is_refused() -> None:
    with pytest.raises(
        WarehouseError, match=r"names db:5432/company, which is not the warehouse that is set up"
    ) as failure:
        chosen_variables({"AUDITUNE_DSN": "postgresql://dba:s3cret@db/company"}, EMBEDDED)
    assert "s3cret" not in str(failure.value)


def test_nothing_is_set_up(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"No warehouse is set up .* run `make run`"):
        Warehouse.load({"AUDITUNE_HOME": str(tmp_path)})


def test_addresses_from_the_environment_alone_are_enough(tmp_path: Path) -> None:
    dsns = {variable: f"postgresql://{role}:pw@db/company" for role, variable in ROLE_VARIABLES.items()}
    warehouse = Warehouse.load({"AUDITUNE_HOME": str(tmp_path), **dsns, "AUDITUNE_SCHEMAS": "sales, hr"})
    assert warehouse.schemas == ("sales", "hr")
    assert warehouse.api_dsn == dsns["AUDITUNE_API_DSN"]
    assert not warehouse.is_embedded
