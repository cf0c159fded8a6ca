"""An adapter named by alias or id is decrypted for the export, and the use of the key is recorded."""

import json
import shutil

import psycopg
import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.training.export.conftest import logits_of
from training import registry
from training.cli import main


@pytest.fixture
def released(warehouse, exportable, tmp_path, monkeypatch) -> str:
    """The adapter, released and champion of a registry whose settings are in the environment."""
    home = tmp_path / "home"
    run = shutil.copytree(exportable.adapter.parent, tmp_path / "run")
    recorded = {"run_id": "run-9", "status": "succeeded", "dataset_hash": "d", "catalog_hash": "c"}
    (run / "run.json").write_text(json.dumps({**recorded, "base_model": "base"}))
    (run / "catalog.json").write_text("{}")
    (home / "models").mkdir(parents=True)
    (home / "models" / "base").symlink_to(exportable.base)
    monkeypatch.setenv("AUDITUNE_HOME", str(home))
    monkeypatch.setenv("AUDITUNE_DSN", warehouse.dsn)
    with psycopg.connect(warehouse.dsn, autocommit=True) as conn:
        adapter_id = registry.release(conn, run_dir=run, dataset_dir=run, home=home, metrics={}, used_by="test")
        registry.promote(conn, adapter_id, set_by="test", reason="a test")
    return adapter_id


@pytest.mark.parametrize("by", ["alias", "id"])
def test_the_champion_is_exported_with_a_row_for_the_key(released, warehouse, exportable, tmp_path, capsys, by):
    name = "champion" if by == "alias" else released
    arguments = ["--format", "merged", "--adapter", name, "--out", str(tmp_path / "merged"), "--type", "f32"]
    assert main(["export", *arguments]) == 0
    assert f"The adapter {released} is in" in capsys.readouterr().out
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    torch.testing.assert_close(logits_of(merged), exportable.logits(), rtol=1e-5, atol=1e-4)
    with psycopg.connect(warehouse.dsn) as conn:
        newest = conn.execute(
            "select operation, adapter_id, used_by from raw_training.key_uses order by key_use_id desc limit 1"
        ).fetchone()
    assert newest[:2] == ("decrypt", released)
    assert newest[2].endswith(": export")


def test_a_name_that_is_neither(released, tmp_path, capsys):
    assert main(["export", "--format", "peft", "--adapter", "nobody", "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "There is no folder nobody" in told
    assert "not in the registry" in told


def test_a_changed_file_is_refused(released, tmp_path, capsys):
    path = tmp_path / "home" / "adapters" / released / "adapter.enc"
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["export", "--format", "merged", "--adapter", "champion", "--out", str(tmp_path / "out")]) == 1
    assert "was changed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_base_model_that_is_not_here(released, tmp_path, capsys):
    (tmp_path / "home" / "models" / "base").unlink()
    assert main(["export", "--format", "merged", "--adapter", "champion", "--out", str(tmp_path / "out")]) == 2
    assert "The base model base is not in" in capsys.readouterr().err
