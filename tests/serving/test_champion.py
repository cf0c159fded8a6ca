"""Loading a real (tiny, untrained) adapter from the registry and serving it."""

import json
from functools import partial

import psycopg
import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from serving.base_model import find_base_model
from serving.champion import load_champion
from serving.engines.in_process import InProcess
from serving.startup import StartupError
from tests.serving.stand_in_adapter import promote
from tests.serving.support import wait_until
from training import registry


def test_the_champion_is_decrypted_loaded_and_asked(adapter_id, owner, settings, catalog, rows):
    champion = load_champion(settings)
    assert (champion.adapter_id, champion.base_model, champion.catalog) == (adapter_id, "random:tiny", catalog)
    uses = owner.execute("select operation, used_by from raw_training.key_uses order by key_use_id").fetchall()
    assert uses == [("encrypt", "test"), ("decrypt", "serving")]
    with TestClient(create_app(settings, champion)) as client:
        answers = [
            client.post("/v1/sql", json={"question": f"How many orders {n}?", "execute": "rows"}) for n in range(3)
        ]
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["adapter_id"] == adapter_id for answer in answers)
    logged = rows(3)
    assert all(row["prompt_tokens"] > 20 and row["completion_tokens"] > 0 for row in logged)
    assert {row["adapter_id"] for row in logged} == {adapter_id}


def test_a_running_api_takes_the_next_champion_into_its_process(adapter_id, owner, settings, shop, tmp_path):
    run = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(run | {"run_id": "run-next"}))
    following = registry.release(
        owner, run_dir=tmp_path, dataset_dir=tmp_path, home=shop.home, metrics={}, used_by="test"
    )
    eager = settings.model_copy(update={"champion_poll_seconds": 0.1})
    source = InProcess(partial(load_champion, settings))
    with TestClient(create_app(eager, load_champion(settings), source)) as client:
        assert client.get("/version").json()["adapter_id"] == adapter_id
        promote(owner, following)
        wait_until(lambda: client.get("/version").json()["adapter_id"] == following, seconds=120)
        answer = client.post("/v1/sql", json={"question": "How many orders?"})
    assert answer.json()["adapter_id"] == following
    events = owner.execute("select event, serving_adapter_id, reason from raw_serving.adapter_events").fetchall()
    assert events == [("swapped", following, None)]


def test_a_changed_adapter_is_not_served(adapter_id, shop, settings):
    path = shop.home / "adapters" / adapter_id / "adapter.enc"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StartupError, match="was changed"):
        load_champion(settings)


def test_without_a_champion(owner, settings):
    owner.execute("truncate raw_training.adapters, raw_training.adapter_aliases")
    with pytest.raises(StartupError, match="No adapter is champion yet"):
        load_champion(settings)


def test_the_api_role_may_read_the_registry_but_not_change_it(adapter_id, shop):
    with psycopg.connect(shop.api_dsn, autocommit=True) as conn:
        assert registry.resolve(conn).adapter_id == adapter_id
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            registry.promote(conn, adapter_id, alias="mine", set_by="test", reason="a test")


def test_where_a_base_model_is_looked_for(settings, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "small.gguf").touch()
    here = settings.model_copy(update={"home": tmp_path})
    assert find_base_model("small.gguf", here) == str(tmp_path / "models" / "small.gguf")
    elsewhere = here.model_copy(update={"base_model": "/big/disk/small.gguf"})
    assert find_base_model("small.gguf", elsewhere) == "/big/disk/small.gguf"
    other = here.model_copy(update={"base_model": "/big/disk/other.gguf"})
    assert find_base_model("small.gguf", other) == str(tmp_path / "models" / "small.gguf")
    assert find_base_model("meta-llama/Llama-3.1-8B-Instruct", here) == "meta-llama/Llama-3.1-8B-Instruct"
