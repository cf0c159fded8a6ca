"""What each role may do and may not do, tried on a real server with objects as dbt and the sample create them."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction, UndefinedTable

from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse

DENIED = (InsufficientPrivilege, ReadOnlySqlTransaction)
REQUEST = (
    "insert into raw_serving.requests (request_id, route, question_hash, outcome, is_executed, latency_ms)"
    " values (gen_random_uuid(), '/v1/sql', 'h', 'ok', false, 1)"
)
KEY_USE = (
    "insert into raw_training.key_uses (key_id, operation, adapter_id, used_by) values ('k', 'decrypt', 'a', 'api')"
)
ADAPTER_EVENT = (
    "insert into raw_serving.adapter_events"
    " (event_id, alias, adapter_id, event, canaries_asked, canaries_passed, seconds)"
    " values (gen_random_uuid(), 'champion', 'a', 'refused', 0, 0, 1)"
)
MADE_KEY = "insert into raw_serving.api_keys (key_id, key_name, token_hash, scopes) values ('k', 'ann', 'h', '{ask}')"


@pytest.fixture(scope="module")
def filled(warehouse: Warehouse, admin_dsn: str) -> Warehouse:
    """A business, and one object of each kind that dbt makes, all created after set-up."""
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("create schema shop")
        admin.execute("create table shop.customers (customer_id int)")
        grant_business_schema(admin, "shop")
        admin.execute("create table shop.later (later_id int)")
    with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
        owner.execute("create table sandbox_shop.customers as table shop.customers")
        owner.execute("create table corpus.training_pairs (pair_id int)")
        owner.execute("create table monitoring.daily_quality (day date)")
        owner.execute("create table privacy.secret (secret text)")
        owner.execute("create table staging.stg_audit__statements (statement text)")
        owner.execute(
            "create function privacy.keyed_hash(word text) returns text language sql security definer"
            " return (select count(*)::text from privacy.secret) || word"
        )
    return warehouse


def attempt(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("dsn", "create table sandbox_shop.another as table shop.later"),
        ("dsn", "create schema of_dbt"),
        ("dsn", "delete from raw_audit.log_lines"),
        ("sandbox_dsn", "select * from sandbox_shop.customers"),
        ("reader_dsn", "select * from shop.customers"),
        ("reader_dsn", "select * from shop.later"),
        ("api_dsn", REQUEST),
        ("api_dsn", KEY_USE),
        ("api_dsn", ADAPTER_EVENT),
        ("api_dsn", "select * from raw_serving.requests, raw_serving.reviews"),
        ("api_dsn", "select * from raw_training.adapters, raw_training.adapter_aliases"),
        ("api_dsn", "select privacy.keyed_hash('question')"),
        ("dsn", MADE_KEY),
        ("api_dsn", "select * from raw_serving.api_keys"),
        ("monitor_dsn", "select * from monitoring.daily_quality, corpus.training_pairs"),
    ],
)
def test_may(filled: Warehouse, role: str, statement: str) -> None:
    attempt(getattr(filled, role), statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("dsn", "delete from shop.customers"),
        ("dsn", "create role another"),
        ("dsn", "select * from pg_authid"),
        ("sandbox_dsn", "select * from shop.customers"),
        ("sandbox_dsn", "select * from raw_audit.log_lines"),
        ("sandbox_dsn", "select * from corpus.training_pairs"),
        ("sandbox_dsn", "select privacy.keyed_hash('question')"),
        ("sandbox_dsn", "delete from sandbox_shop.customers"),
        ("sandbox_dsn", "create table sandbox_shop.mine (i int)"),
        ("sandbox_dsn", "create temporary table mine (i int)"),
        ("sandbox_dsn", "select pg_read_file('/etc/passwd')"),
        ("reader_dsn", "delete from shop.customers"),
        ("reader_dsn", "select * from privacy.secret"),
        ("reader_dsn", "select * from sandbox_shop.customers"),
        ("api_dsn", "select * from privacy.secret"),
        ("api_dsn", "select * from corpus.training_pairs"),
        ("api_dsn", "select * from shop.customers"),
        ("api_dsn", "delete from raw_serving.requests"),
        ("api_dsn", "delete from raw_serving.reviews"),
        ("api_dsn", "select * from raw_serving.adapter_events"),
        ("api_dsn", MADE_KEY),
        ("api_dsn", "update raw_serving.api_keys set revoked_at = null"),
        ("reader_dsn", "select * from raw_serving.api_keys"),
        ("monitor_dsn", "select * from raw_serving.api_keys"),
        (
            "api_dsn",
            "insert into raw_training.adapter_aliases (alias, adapter_id, set_by, reason) values ('a','b','c','d')",
        ),
        ("api_dsn", "select * from raw_audit.log_lines"),
        ("monitor_dsn", "select * from raw_serving.requests"),
        ("monitor_dsn", "select * from staging.stg_audit__statements"),
        ("monitor_dsn", "delete from monitoring.daily_quality"),
    ],
)
def test_may_not(filled: Warehouse, role: str, statement: str) -> None:
    with pytest.raises(DENIED):
        attempt(getattr(filled, role), statement)


def test_catalog_is_the_apis_once_dbt_has_built_it_and_set_up_ran(filled: Warehouse) -> None:
    attempt(filled.dsn, "create table corpus.schema_catalog (table_name text)")
    with pytest.raises(InsufficientPrivilege):
        attempt(filled.api_dsn, "select * from corpus.schema_catalog")
    attempt(filled.dsn, "grant select on corpus.schema_catalog to auditune_api")  # as dbt's `grants` config does
    attempt(filled.api_dsn, "select * from corpus.schema_catalog")


@pytest.mark.parametrize("role", ["sandbox_dsn", "reader_dsn"])
def test_limits_of_those_who_run_what_a_model_wrote(filled: Warehouse, role: str) -> None:
    limits = {
        "default_transaction_read_only": "on",
        "statement_timeout": "10s",
        "lock_timeout": "1s",
        "idle_in_transaction_session_timeout": "1min",
        "work_mem": "16MB",
        "temp_file_limit": "1GB",
        "log_min_messages": "fatal",
    }
    with psycopg.connect(getattr(filled, role)) as conn:
        assert {setting: conn.execute(f"show {setting}").fetchone()[0] for setting in limits} == limits


def test_a_business_schema_that_is_missing_is_told_apart(admin_dsn: str, filled: Warehouse) -> None:
    with psycopg.connect(admin_dsn, autocommit=True) as admin, pytest.raises(psycopg.errors.InvalidSchemaName):
        grant_business_schema(admin, "no_such_schema")
    with pytest.raises(UndefinedTable):
        attempt(filled.reader_dsn, "select * from shop.no_such_table")
