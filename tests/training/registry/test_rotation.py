"""Changing the key: everything is encrypted anew, and the old key opens nothing."""

import json
import shutil

import pytest

from training import registry
from training.vault import VaultError, vault_of_key


@pytest.fixture
def adapters(conn, dataset_dir, home, make_run) -> list[str]:
    return [
        registry.release(conn, run_dir=make_run(seed), dataset_dir=dataset_dir, home=home, metrics={}, used_by="test")
        for seed in (1, 2)
    ]


def rotate(conn, home) -> registry.Rotation:
    return registry.rotate_key(conn, home, used_by="test: rotation")


def test_every_adapter_is_encrypted_anew_and_the_old_key_opens_nothing(conn, adapters, home, tmp_path):
    key = home / "keys" / "adapter.key"
    old_key, old_id = key.read_bytes(), registry.get_adapter(conn, adapters[0]).key_id
    rotation = rotate(conn, home)
    assert sorted(rotation.encrypted) == sorted(adapters)
    assert rotation.key_id != old_id
    assert key.read_bytes() != old_key
    assert [path.name for path in key.parent.iterdir()] == ["adapter.key"]
    for adapter_id in adapters:
        record = registry.verify(conn, adapter_id, home, used_by="test")
        assert record.key_id == rotation.key_id
        manifest = json.loads((home / record.path / "manifest.json").read_text())
        assert (manifest["key_id"], manifest["content_hash"]) == (rotation.key_id, record.content_hash)
    assert len(list((home / "adapters").iterdir())) == 2  # nothing that the old key opens is left

    thief = tmp_path / "thief"
    (thief / "keys").mkdir(parents=True)
    (thief / "keys" / "adapter.key").write_bytes(old_key)
    (thief / "keys" / "adapter.key").chmod(0o600)
    for file in (home / "adapters").glob("*/adapter.enc"):
        target = tmp_path / file.parent.name
        target.mkdir()
        with pytest.raises(VaultError, match="another key"):
            vault_of_key(thief, old_id).decrypt_folder(file, target, {})


def test_each_use_of_both_keys_has_a_row(conn, adapters, home):
    old_id = registry.get_adapter(conn, adapters[0]).key_id
    new_id = rotate(conn, home).key_id
    uses = conn.execute(
        "select operation, key_id, adapter_id from raw_training.key_uses where used_by = 'test: rotation'"
    ).fetchall()
    expected = [(operation, key, adapter_id) for adapter_id in adapters for operation, key in
                (("decrypt", old_id), ("encrypt", new_id))]  # fmt: skip
    assert sorted(uses) == sorted(expected)


def test_releasing_a_rotated_adapter_again_changes_nothing(conn, adapters, home, dataset_dir, tmp_path):
    rotate(conn, home)
    before = registry.get_adapter(conn, adapters[0])
    again = registry.release(
        conn, run_dir=tmp_path / "run-1-", dataset_dir=dataset_dir, home=home, metrics={}, used_by="test"
    )
    assert again == adapters[0]
    assert registry.get_adapter(conn, adapters[0]) == before
    assert len(list((home / "adapters").iterdir())) == 2


def test_rotating_twice_changes_the_key_twice(conn, adapters, home):
    first, second = rotate(conn, home), rotate(conn, home)
    assert first.key_id != second.key_id
    registry.verify(conn, adapters[0], home, used_by="test")


def test_an_adapter_whose_file_is_missing_is_named_and_left_out(conn, adapters, home):
    shutil.rmtree(home / "adapters" / adapters[0])
    rotation = rotate(conn, home)
    assert rotation.lost == (adapters[0],)
    assert rotation.encrypted == (adapters[1],)
    registry.verify(conn, adapters[1], home, used_by="test")


def test_a_changed_file_stops_the_rotation_and_both_keys_stay(conn, adapters, home):
    path = home / "adapters" / adapters[0] / "adapter.enc"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(registry.VaultError, match="was changed"):
        rotate(conn, home)
    registry.verify(conn, adapters[1], home, used_by="test")
    path.write_bytes(whole)
    rotate(conn, home)
    for adapter_id in adapters:
        registry.verify(conn, adapter_id, home, used_by="test")


def test_a_reader_that_read_the_row_before_the_rotation_still_loads(conn, adapters, home):
    record = registry.get_adapter(conn, adapters[0])
    rotate(conn, home)
    with registry.load(conn, record, home, used_by="test") as folder:
        assert (folder / "run.json").is_file()


def test_an_adapter_released_while_the_key_changes_moves_with_the_next_rotation(
    conn, adapters, home, dataset_dir, make_run, monkeypatch
):
    from training.registry import rotation

    finish = rotation._finish

    def release_before_the_end(*arguments):
        monkeypatch.setattr(rotation, "_finish", finish)
        registry.release(conn, run_dir=make_run(3), dataset_dir=dataset_dir, home=home, metrics={}, used_by="test")
        finish(*arguments)

    monkeypatch.setattr(rotation, "_finish", release_before_the_end)
    with pytest.raises(registry.RegistryError, match="released meanwhile: rotate once more"):
        rotate(conn, home)
    assert len(rotate(conn, home).encrypted) == 1
    for record in registry.list_adapters(conn):
        registry.verify(conn, record.adapter_id, home, used_by="test")


def test_the_gates_reports_outlive_a_change_of_the_key(conn, adapters, home):
    report = home / "adapters" / adapters[0] / "gate" / "0123456789ab" / "report.md"
    report.parent.mkdir(parents=True)
    report.write_text("promoted")
    rotate(conn, home)
    rotate(conn, home)
    assert report.read_text() == "promoted"
    assert [path.name for path in (home / "adapters" / adapters[0]).iterdir()] == ["gate"]
