"""The registry's command: what it prints and how it fails."""

import json
import resource
import subprocess
import sys

import pytest
from psycopg.conninfo import make_conninfo

from dagster_project.embedded.settings import REPOSITORY
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


def test_any_alias(conn, adapter_id, capsys):
    assert main(["promote", adapter_id, "--alias", "challenger", "--reason", "new"]) == 0
    assert capsys.readouterr().out == f"challenger is {adapter_id} now.\n"
    assert main(["promote", "challenger", "--reason", "it won"]) == 0
    assert registry.resolve(conn).adapter_id == adapter_id
    capsys.readouterr()
    assert main(["list"]) == 0
    assert "  challenger,champion  " in capsys.readouterr().out
    assert main(["show", "challenger"]) == 0
    moves = json.loads(capsys.readouterr().out)["alias_moves"]
    assert [(move["alias"], move["reason"]) for move in moves] == [("challenger", "new"), ("champion", "it won")]
    assert main(["verify", "challenger"]) == 0


@pytest.mark.parametrize("alias", ["", "Two Words", "0123456789ab", "-x"])
def test_a_name_that_cannot_be_an_alias(adapter_id, capsys, alias):
    assert main(["promote", adapter_id, f"--alias={alias}", "--reason", "a test"]) == 1
    assert "cannot be an alias" in capsys.readouterr().err


def test_rotate_key(conn, adapter_id, capsys):
    assert main(["rotate-key"]) == 0
    key_id = registry.get_adapter(conn, adapter_id).key_id
    assert capsys.readouterr().out == f"1 adapter(s) encrypted anew: the key is {key_id} now.\n"
    assert main(["verify"]) == 0


def test_a_refusal_is_one_sentence_for_a_person_at_a_terminal(adapter_id, home, warehouse):
    """In a process of its own: the encryption library's log must not show either."""
    path = home / "adapters" / adapter_id / "adapter.enc"
    path.write_bytes(path.read_bytes()[:-3])
    done = subprocess.run(
        [sys.executable, "-m", "training", "registry", "verify"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "was changed" in done.stderr


def test_a_full_disk(adapter_id, conn, home, capsys):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # as if no more than this were free
    try:
        assert main(["rotate-key"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "free some disk space" in told
    registry.verify(conn, adapter_id, home, used_by="test")
    assert main(["rotate-key"]) == 0
    registry.verify(conn, adapter_id, home, used_by="test")


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
