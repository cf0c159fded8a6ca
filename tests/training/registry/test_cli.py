"""The registry's command: what it prints and how it fails."""

import json

import pytest
from psycopg.conninfo import make_conninfo

from training import registry
from training.registry.cli import main


@pytest.fixture
def adapter_id(conn, warehouse, run_dir, dataset_dir, home, monkeypatch) -> str:
    monkeypatch.setenv("AUDITUNE_HOME", str(home))
    monkeypatch.setenv("AUDITUNE_DSN", warehouse.dsn)
    return registry.release(conn, run_dir=run_dir, dataset_dir=dataset_dir, home=home, metrics={}, used_by="test")


def test_promote_list_show_verify(conn, adapter_id, capsys):
    assert main(["promote", adapter_id, "--reason", "first"]) == 0
    assert registry.resolve(conn).adapter_id == adapter_id
    assert main(["list"]) == 0
    assert main(["verify"]) == 0
    listing = capsys.readouterr().out
    assert f"champion is {adapter_id} now" in listing
    assert "1 adapter(s) verified" in listing
    assert main(["show", adapter_id]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["adapter_id"] == adapter_id
    assert shown["alias_moves"][0]["reason"] == "first"


def test_a_rollback_without_an_earlier_adapter(adapter_id, capsys):
    main(["promote", adapter_id, "--reason", "first"])
    assert main(["rollback", "--reason", "bad answers"]) == 1
    assert "no earlier adapter" in capsys.readouterr().err


def test_a_changed_file_fails_verify(adapter_id, home, capsys):
    path = home / "adapters" / adapter_id / "adapter.enc"
    path.write_bytes(path.read_bytes()[:-3])
    assert main(["verify", adapter_id]) == 1
    assert "was changed" in capsys.readouterr().err


def test_the_dsn_may_come_from_the_env_file(adapter_id, warehouse, home, monkeypatch, capsys):
    monkeypatch.delenv("AUDITUNE_DSN")
    assert main(["list"]) == 1
    assert "AUDITUNE_DSN is not set" in capsys.readouterr().err
    (home / "env").write_text(f"export AUDITUNE_DSN='{warehouse.dsn}'\nexport DAGSTER_HOME='elsewhere'\n")
    assert main(["list"]) == 0
    assert adapter_id in capsys.readouterr().out


def test_an_unreachable_warehouse(adapter_id, monkeypatch, capsys):
    monkeypatch.setenv("AUDITUNE_DSN", "postgresql://nobody:secret@127.0.0.1:1/none")
    assert main(["list"]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "cannot be reached" in message
    assert "secret" not in message


def test_a_warehouse_without_registry(warehouse, home, monkeypatch, capsys):
    monkeypatch.setenv("AUDITUNE_HOME", str(home))
    monkeypatch.setenv("AUDITUNE_DSN", make_conninfo(warehouse.admin_dsn, dbname="postgres"))
    assert main(["list"]) == 1
    assert "no registry yet" in capsys.readouterr().err
