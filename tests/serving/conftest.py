"""A small shop in a real warehouse, stand-ins for dbt's privacy functions, and the API around a stub model."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partialmethod
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from fastapi.testclient import TestClient

from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse
from serving.__main__ import main
from serving.app import create_app
from serving.logs import configure_logging
from serving.service import Champion
from serving.settings import Settings
from tests.serving.support import Generated, wait_until
from training import registry
from training.config import load_config
from training.sql.catalog import Catalog, Column, Table

PRESET = Path(__file__).parents[2] / "training" / "configs" / "tiny-random.yaml"


@dataclass
class StubModel:
    """Answers questions from a table and remembers the batches it was given."""

    answers: dict[str, str] = field(default_factory=dict)
    batches: list[list[str]] = field(default_factory=list)

    def generate(self, questions: list[str]) -> list[Generated]:
        self.batches.append(list(questions))
        return [Generated(self.answers[question]) for question in questions]


@pytest.fixture(autouse=True)
def in_process_clients_are_on_the_loopback(monkeypatch) -> None:
    """Gives the test client an address; its default, the word `testclient`, is none that a server would report."""
    on_loopback = partialmethod(TestClient.__init__, client=("127.0.0.1", 50000))
    monkeypatch.setattr(TestClient, "__init__", on_loopback)


@pytest.fixture(scope="module")
def shop(warehouse: Warehouse) -> Warehouse:
    """The warehouse with a business schema and the privacy functions."""
    here = Path(__file__).parent
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute((here / "shop.sql").read_text())
        grant_business_schema(admin, "shop")
    with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
        owner.execute((here / "privacy_stand_ins.sql").read_text())
    return warehouse


@pytest.fixture
def owner(shop: Warehouse) -> Iterator[psycopg.Connection]:
    """A connection of the owner role; the API's tables are empty."""
    with psycopg.connect(shop.dsn, autocommit=True) as conn:
        conn.execute("truncate raw_serving.requests, raw_serving.feedback")
        yield conn


@pytest.fixture
def settings(shop: Warehouse, owner: psycopg.Connection) -> Settings:
    """The API's settings for that warehouse."""
    # the name is the test client's own
    dsns = {"api_dsn": shop.api_dsn, "reader_dsn": shop.reader_dsn}
    return Settings(home=shop.home, **dsns, schemas="shop", allowed_hosts="testserver")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The catalog of shop.sql."""

    def column(name: str, kind: str, **more: Any) -> Column:
        return Column(name=name, type=kind, is_nullable=False, is_primary_key=False, **more)

    customers = (column("customer_id", "integer"), column("full_name", "text", pii="name"))
    orders = (
        column("order_id", "integer"),
        column("customer_id", "integer", references="customers.customer_id"),
        column("ordered_at", "timestamp with time zone"),
        column("total", "numeric(10,2)"),
        column("status", "text"),
    )
    return Catalog((Table("shop", "customers", None, customers), Table("shop", "orders", None, orders)))


@pytest.fixture
def model() -> StubModel:
    """The stub model."""
    return StubModel()


@pytest.fixture
def champion(model: StubModel, catalog: Catalog) -> Champion:
    """A champion that is the stub model."""
    return Champion("aaaabbbbcccc", "models/base.gguf", catalog, 1_700_000_000, model.generate)


@pytest.fixture
def client(settings: Settings, champion: Champion) -> Iterator[TestClient]:
    """The running API."""
    with TestClient(create_app(settings, champion)) as running:
        yield running


@pytest.fixture
def ask(client: TestClient, model: StubModel) -> Callable[..., dict[str, Any]]:
    """Asks a question that the stub answers with the given SQL; returns the response's JSON."""

    def do(sql: str, question: str = "How many orders?", **body: Any) -> dict[str, Any]:
        model.answers[question] = sql
        response = client.post("/v1/sql", json={"question": question, **body})
        assert response.status_code == 200, response.text
        return response.json()

    return do


@pytest.fixture
def keys(
    shop: Warehouse,
    owner: psycopg.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs `python -m serving keys …`; returns exit status and what it wrote. No key is there before or after."""
    monkeypatch.chdir(tmp_path)  # where no `.env` is
    monkeypatch.setenv("AUDITUNE_HOME", str(shop.home))
    owner.execute("delete from raw_serving.api_keys")

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["keys", *arguments])
        return status, *capsys.readouterr()

    yield run
    owner.execute("delete from raw_serving.api_keys")


@pytest.fixture
def make_key(keys: Callable[..., tuple[int, str, str]], client: TestClient) -> Callable[..., str]:
    """Makes a key that the running API knows at once; returns it."""

    def make(scopes: str = "ask,run", *more: str) -> str:
        status, out, err = keys("create", "--name", "ann", "--scopes", scopes, *more)
        assert status == 0, err
        client.app.state.service.key_ring.refresh()
        return out.strip()

    return make


@pytest.fixture
def api_log() -> Iterator[Callable[[], str]]:
    """Turns the API's real logging on; returns what it wrote."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the test's own client, which is not part of the API
    stream = io.StringIO()
    configure_logging(stream)
    yield stream.getvalue
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def rows(owner: psycopg.Connection) -> Callable[..., list[dict[str, Any]]]:
    """Waits for a number of request rows and returns them, oldest first."""

    def read(count: int) -> list[dict[str, Any]]:
        cursor = owner.cursor(row_factory=psycopg.rows.dict_row)
        query = "select * from raw_serving.requests order by requested_at"

        def enough() -> list[dict[str, Any]]:
            found = cursor.execute(query).fetchall()
            return found if len(found) >= count else []

        found = wait_until(enough)
        assert len(found) == count
        return found

    return read


@pytest.fixture
def adapter_id(owner, shop, catalog, tmp_path) -> str:
    """A released and promoted adapter of the tiny model."""
    from training.model import attach_lora, load_base  # brings torch, which most of these tests do without

    owner.execute("truncate raw_training.adapters, raw_training.adapter_aliases, raw_training.key_uses")
    config = load_config(PRESET)
    model, _ = load_base("random:tiny", config.dtype)
    attach_lora(model, config).save_pretrained(tmp_path / "adapter")
    run = {
        "run_id": "run-tiny",
        "status": "succeeded",
        "base_model": "random:tiny",
        "dataset_hash": "d" * 16,
        "catalog_hash": catalog.hash,
        "config": asdict(config),
    }
    (tmp_path / "run.json").write_text(json.dumps(run))
    catalog.save(tmp_path / "catalog.json")
    released = registry.release(
        owner, run_dir=tmp_path, dataset_dir=tmp_path, home=shop.home, metrics={}, used_by="test"
    )
    registry.promote(owner, released, set_by="test", reason="a test")
    return released
