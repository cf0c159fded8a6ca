"""Release, load and verify: idempotent, encrypted, crash-safe, every use of the key recorded."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from training import learnt_sql, registry
from training.registry import releasing


def do_release(conn, run_dir, dataset_dir, home, metrics=None) -> str:
    return registry.release(
        conn, run_dir=run_dir, dataset_dir=dataset_dir, home=home, metrics=metrics or {}, used_by="test"
    )


def count(conn, table: str) -> int:
    return conn.execute(f"select count(*) from raw_training.{table}").fetchone()[0]


def test_a_release_is_a_row_and_an_encrypted_folder(conn, run_dir, dataset_dir, home):
    adapter_id = do_release(conn, run_dir, dataset_dir, home, {"question_split": 0.6})
    record = registry.get_adapter(conn, adapter_id)
    assert (record.run_id, record.base_model, record.is_encrypted) == ("run-1", "models/base.gguf", True)
    assert record.content_hash[:12] == adapter_id
    assert record.path == f"adapters/{adapter_id}"
    assert record.metrics == {"question_split": 0.6}
    assert sorted(path.name for path in (home / record.path).iterdir()) == ["adapter.enc", "manifest.json"]
    assert [path.name for path in (home / "adapters").iterdir()] == [adapter_id]
    manifest = json.loads((home / record.path / "manifest.json").read_text())
    assert manifest["content_hash"] == record.content_hash
    key = (home / "keys" / "adapter.key").read_bytes()
    assert key.hex() not in json.dumps(manifest)


def test_a_calibration_is_released_and_hashed_with_its_adapter(conn, run_dir, dataset_dir, home):
    without = do_release(conn, run_dir, dataset_dir, home)
    (run_dir / "evaluation").mkdir()
    (run_dir / "evaluation" / "calibration.json").write_text('{"threshold": 0.3}')
    (run_dir / "evaluation" / "results.jsonl").write_text("{}")
    adapter_id = do_release(conn, run_dir, dataset_dir, home)
    assert adapter_id != without
    record = registry.get_adapter(conn, adapter_id)
    assert "calibration.json" in json.loads((home / record.path / "manifest.json").read_text())["files"]
    with registry.load(conn, record, home, used_by="test") as folder:
        assert (folder / "calibration.json").read_text() == '{"threshold": 0.3}'
        assert not list(folder.rglob("results.jsonl"))


def test_the_sql_that_it_learnt_is_released_with_an_adapter(conn, run_dir, dataset_dir, home):
    learnt_sql.save(["select count(*) from orders"], run_dir)
    record = registry.get_adapter(conn, do_release(conn, run_dir, dataset_dir, home))
    with registry.load(conn, record, home, used_by="test") as folder:
        assert learnt_sql.load(folder) == ["select count(*) from orders"]


def test_the_same_content_keeps_its_id_and_adds_nothing(conn, run_dir, dataset_dir, home, tmp_path):
    first = do_release(conn, run_dir, dataset_dir, home)
    before = (home / "adapters" / first / "adapter.enc").read_bytes()
    copy = shutil.copytree(run_dir, tmp_path / "copy")
    assert do_release(conn, copy, dataset_dir, home) == first
    assert (home / "adapters" / first / "adapter.enc").read_bytes() == before
    assert count(conn, "adapters") == 1
    assert count(conn, "key_uses") == 2  # the second is the look whether it still opens


def test_other_weights_have_another_id(conn, run_dir, dataset_dir, home, make_run):
    first = do_release(conn, run_dir, dataset_dir, home)
    second = do_release(conn, make_run(2), dataset_dir, home)
    assert first != second
    assert count(conn, "adapters") == 2


def test_loading_gives_the_released_files_privately_and_deletes_them(conn, run_dir, dataset_dir, home):
    record = registry.get_adapter(conn, do_release(conn, run_dir, dataset_dir, home))
    with registry.load(conn, record, home, used_by="test: serving") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        assert names == [
            "adapter/adapter_config.json",
            "adapter/adapter_model.safetensors",
            "catalog.json",
            "run.json",
        ]  # no pairs: they stay in the dataset
        weights = "adapter/adapter_model.safetensors"
        assert (folder / weights).read_bytes() == (run_dir / weights).read_bytes()
    assert not folder.exists()
    uses = conn.execute("select operation, adapter_id, key_id, used_by from raw_training.key_uses order by key_use_id")
    assert uses.fetchall() == [
        ("encrypt", record.adapter_id, record.key_id, "test"),
        ("decrypt", record.adapter_id, record.key_id, "test: serving"),
    ]


def test_what_a_killed_reader_left_in_clear_goes_with_the_next_load(
    conn, run_dir, dataset_dir, home, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    record = registry.get_adapter(conn, do_release(conn, run_dir, dataset_dir, home))
    killed = tmp_path / "auditune-adapter-killed"
    killed.mkdir()
    (killed / "weights").write_text("in clear")
    with registry.load(conn, record, home, used_by="test") as in_use:
        for folder in (killed, in_use):
            os.utime(folder, (0, 0))  # long ago
        registry.verify(conn, record.adapter_id, home, used_by="test")
        assert not killed.exists()
        assert (in_use / "run.json").is_file()


def test_a_refused_decryption_is_recorded_too(conn, run_dir, dataset_dir, home):
    adapter_id = do_release(conn, run_dir, dataset_dir, home)
    path = home / "adapters" / adapter_id / "adapter.enc"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(registry.VaultError, match="was changed"):
        registry.verify(conn, adapter_id, home, used_by="test")
    assert count(conn, "key_uses") == 2


def test_a_swapped_file_is_refused(conn, run_dir, dataset_dir, home, make_run):
    first = do_release(conn, run_dir, dataset_dir, home)
    second = do_release(conn, make_run(2), dataset_dir, home)
    shutil.copyfile(home / "adapters" / second / "adapter.enc", home / "adapters" / first / "adapter.enc")
    with pytest.raises(registry.VaultError, match="another adapter"):
        registry.verify(conn, first, home, used_by="test")


@pytest.mark.parametrize("step", ["encrypt_into", "put_in_place", "_write_row"])
def test_a_release_that_dies_is_released_again(conn, run_dir, dataset_dir, home, monkeypatch, step):
    class Killed(BaseException):
        pass

    def die(*_arguments):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(releasing, step, die)
        with pytest.raises(Killed):
            do_release(conn, run_dir, dataset_dir, home)
    assert count(conn, "adapters") == 0
    # What a SIGKILL leaves, when no cleanup runs:
    (home / "adapters" / ".release-dead" / "content").mkdir(parents=True)

    adapter_id = do_release(conn, run_dir, dataset_dir, home)
    registry.verify(conn, adapter_id, home, used_by="test")
    assert [path.name for path in (home / "adapters").iterdir()] == [adapter_id]


def test_a_lost_folder_is_written_again_under_the_same_row(conn, run_dir, dataset_dir, home):
    adapter_id = do_release(conn, run_dir, dataset_dir, home)
    shutil.rmtree(home / "adapters" / adapter_id)
    with pytest.raises(registry.VaultError, match="is missing: release the adapter again"):
        registry.verify(conn, adapter_id, home, used_by="test")
    assert do_release(conn, run_dir, dataset_dir, home) == adapter_id
    registry.verify(conn, adapter_id, home, used_by="test")
    assert count(conn, "adapters") == 1


def test_a_damaged_file_is_written_again_and_what_lies_beside_it_stays(conn, run_dir, dataset_dir, home):
    adapter_id = do_release(conn, run_dir, dataset_dir, home)
    place = home / "adapters" / adapter_id
    (place / "gate").mkdir()
    (place / "adapter.enc").write_bytes((place / "adapter.enc").read_bytes()[:-3])
    assert do_release(conn, run_dir, dataset_dir, home) == adapter_id
    registry.verify(conn, adapter_id, home, used_by="test")
    assert sorted(path.name for path in place.iterdir()) == ["adapter.enc", "gate", "manifest.json"]


def test_an_unfinished_run_is_refused(conn, dataset_dir, home, make_run, run_dir):
    failed = make_run(3, status="failed")
    with pytest.raises(registry.RegistryError, match="only a finished run"):
        do_release(conn, failed, dataset_dir, home)
    nameless = make_run(3, base_model="")
    with pytest.raises(registry.RegistryError, match="lacks base_model"):
        do_release(conn, nameless, dataset_dir, home)
    Path(run_dir / "adapter" / "adapter_model.safetensors").unlink()
    with pytest.raises(registry.RegistryError, match="adapter_model.safetensors is missing"):
        do_release(conn, run_dir, dataset_dir, home)
    assert count(conn, "adapters") == 0
