"""Rows are fetched as the database role of the key, so that the row-level security of the business holds."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from fastapi.testclient import TestClient

from dagster_project.warehouse.settings import Warehouse
from serving.app import create_app

ROLES = ("east_analyst", "west_analyst")
# As serving/README.md says it.
SET_UP = """
create role east_analyst nologin;
create role west_analyst nologin;
grant usage on schema shop to east_analyst, west_analyst;
grant select on shop.orders to east_analyst, west_analyst;
{grant};
alter table shop.orders enable row level security;
create policy east on shop.orders to east_analyst using (customer_id = 1);
create policy west on shop.orders to west_analyst using (customer_id = 2 and order_id <= 300);
"""
GRANTS = {  # PostgreSQL 15 knows of the whole role alone that it inherits nothing
    15: "alter role auditune_reader noinherit; grant east_analyst, west_analyst to auditune_reader",
    16: "grant east_analyst, west_analyst to auditune_reader with inherit false, set true",
}
TAKE_DOWN = """
drop policy east on shop.orders;
drop policy west on shop.orders;
alter table shop.orders disable row level security;
drop owned by east_analyst, west_analyst;
drop role east_analyst, west_analyst;
alter role auditune_reader inherit;
"""


@pytest.fixture(scope="module")
def admin(shop: Warehouse) -> Iterator[psycopg.Connection]:
    """The superuser, and a business that shows each of two roles its own rows."""
    with psycopg.connect(shop.admin_dsn, autocommit=True) as conn:
        conn.execute(SET_UP.format(grant=GRANTS[min(16, conn.info.server_version // 10_000)]))
        yield conn
        conn.execute(TAKE_DOWN)


@pytest.fixture
def fetch(admin, settings, champion, model, keys) -> Iterator[Callable[..., dict]]:
    """Asks with a key of the given role, over one database connection for all; returns the response's JSON."""
    model.answers["q"] = "SELECT COUNT(*) FROM orders"
    tokens: dict[str | None, str] = {}
    with TestClient(create_app(settings.model_copy(update={"reader_connections": 1}), champion)) as client:

        def do(role: str | None, sql: str = "SELECT COUNT(*) FROM orders") -> dict:
            model.answers["q"] = sql
            if role not in tokens:
                options = ["--role", role] if role else []
                status, out, err = keys("create", "--name", "ann", "--scopes", "ask,run", *options)
                assert status == 0, err
                tokens[role] = out.strip()
            client.app.state.service.key_ring.refresh()
            headers = {"Authorization": f"Bearer {tokens[role]}"}
            return client.post("/v1/sql", json={"question": "q", "execute": "rows"}, headers=headers).json()

        yield do


def test_two_keys_see_different_rows(fetch):
    for _ in range(4):  # PostgreSQL plans a statement that comes again for both; the plan must not carry over
        assert fetch("east_analyst")["rows"] == [[1000]]
        assert fetch("west_analyst")["rows"] == [[150]]
        assert fetch(None)["rows"] == [[0]]  # the reader has no policy of its own


def test_the_role_may_read_no_more_than_it_was_granted(fetch):
    answer = fetch("east_analyst", "SELECT customer_id FROM customers")
    assert (answer["executed"], answer["error"]["code"]) == (False, "blocked")
    assert fetch(None, "SELECT customer_id FROM customers")["row_count"] == 2


@pytest.mark.parametrize(
    ("change", "undo", "sentence"),
    [
        ("create role odd nologin superuser", "", "is a superuser"),
        ("create role odd nologin bypassrls", "", "bypasses row-level security"),
        ("create role odd nologin", "", "has not been granted to the reader"),
        (
            "create role odd nologin; alter role auditune_reader inherit; grant odd to auditune_reader",
            "alter role auditune_reader noinherit",
            "is inherited by the reader",
        ),
        ("create role odd nologin; grant pg_read_all_data to odd", "", "one of PostgreSQL's own roles"),
        ("create role odd nologin; grant auditune_owner to odd", "", "owns something"),
        (
            "create role odd nologin; create table public.its_own (i int); alter table public.its_own owner to odd",
            "drop table public.its_own",
            "owns something",
        ),
        ("select 1", "create role odd", "does not exist"),
    ],
)
def test_a_role_that_would_not_be_held_gets_no_key(admin, keys, owner, change, undo, sentence):
    admin.execute(change)
    try:
        status, out, err = keys("create", "--name", "ann", "--scopes", "ask,run", "--role", "odd")
    finally:
        admin.execute(f"{undo or 'select 1'}; drop role odd")
    assert (status, out) == (1, "")
    assert err.startswith("No key was made: the role odd")
    assert sentence in err
    assert err.count("\n") == 1
    assert owner.execute("select count(*) from raw_serving.api_keys").fetchone() == (0,)


def test_a_role_that_becomes_an_owner_fetches_no_more_rows(admin, fetch, keys):
    assert fetch("east_analyst")["executed"]
    admin.execute("create table public.its_own (i int); alter table public.its_own owner to east_analyst")
    try:
        assert fetch("east_analyst")["error"]["code"] == "role_refused"
        assert "owns something" in keys("list")[1]
    finally:
        admin.execute("drop table public.its_own")
    assert fetch("east_analyst")["executed"]


def test_the_readers_own_role_may_be_named(fetch):
    assert fetch("auditune_reader")["rows"] == [[0]]
