"""The vault: what it encrypts comes back, and nothing else does."""

import os
import random
from pathlib import Path

import pytest

from training.key_file import KEY_BYTES
from training.vault import VaultError, open_vault, vault_of_key

CONTEXT = {"content_hash": "abc"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plain"
    (folder / "adapter").mkdir(parents=True)
    (folder / "adapter" / "weights").write_bytes(random.Random(0).randbytes(20_000))
    (folder / "run.json").write_text("a marker that must not show")
    return folder


@pytest.fixture
def encrypted(home: Path, folder: Path, tmp_path: Path) -> Path:
    target = tmp_path / "adapter.enc"
    open_vault(home).encrypt_folder(folder, target, CONTEXT)
    return target


def decrypt(home: Path, source: Path, target: Path, context: dict[str, str] = CONTEXT) -> Path:
    target.mkdir(exist_ok=True)
    open_vault(home).decrypt_folder(source, target, context)
    return target


def test_a_folder_comes_back_byte_for_byte(home, folder, encrypted, tmp_path):
    restored = decrypt(home, encrypted, tmp_path / "restored")
    for name in ("adapter/weights", "run.json"):
        assert (restored / name).read_bytes() == (folder / name).read_bytes()
    assert sorted(path.name for path in restored.rglob("*")) == ["adapter", "run.json", "weights"]


def test_the_file_holds_nothing_in_clear_and_leaves_no_archive(encrypted, folder):
    data = encrypted.read_bytes()
    assert b"a marker that must not show" not in data
    assert (folder / "adapter" / "weights").read_bytes()[:64] not in data
    assert [path.name for path in encrypted.parent.glob("*.tar")] == []
    assert encrypted.stat().st_mode & 0o777 == 0o600


def test_every_encryption_draws_a_new_data_key(home, folder, encrypted, tmp_path):
    open_vault(home).encrypt_folder(folder, tmp_path / "again.enc", CONTEXT)
    assert (tmp_path / "again.enc").read_bytes()[-1000:] != encrypted.read_bytes()[-1000:]


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data[:5000], lambda data: b"", lambda data: data + b"x"]
)
def test_a_cut_or_lengthened_file_is_refused(home, encrypted, tmp_path, change):
    encrypted.write_bytes(change(encrypted.read_bytes()))
    with pytest.raises(VaultError, match="was changed"):
        decrypt(home, encrypted, tmp_path / "restored")


def test_a_file_of_another_adapter_is_refused(home, encrypted, tmp_path):
    with pytest.raises(VaultError, match="another adapter"):
        decrypt(home, encrypted, tmp_path / "restored", {"content_hash": "other"})
    assert list((tmp_path / "restored").iterdir()) == []


def test_another_key_cannot_decrypt(encrypted, tmp_path):
    with pytest.raises(VaultError, match="another key"):
        decrypt(tmp_path / "other-home", encrypted, tmp_path / "restored")


def test_the_key_file_is_private_and_kept(home):
    key_id = open_vault(home).key_id
    path = home / "keys" / "adapter.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(path.read_bytes()) == KEY_BYTES
    assert open_vault(home).key_id == key_id
    assert [file.name for file in path.parent.iterdir()] == ["adapter.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_open_to_others_is_refused(home, mode):
    open_vault(home)
    os.chmod(home / "keys" / "adapter.key", mode)
    with pytest.raises(VaultError, match="chmod 600"):
        open_vault(home)


def test_a_short_key_is_refused(home):
    open_vault(home)
    (home / "keys" / "adapter.key").write_bytes(b"short")
    with pytest.raises(VaultError, match="5 bytes instead of 32"):
        open_vault(home)


def test_decrypting_never_creates_a_key(home):
    with pytest.raises(VaultError, match="is missing"):
        vault_of_key(home, "local:0123456789abcdef")
    assert not (home / "keys").exists()


def test_a_replaced_key_is_named(home):
    open_vault(home)
    with pytest.raises(VaultError, match="restore that key"):
        vault_of_key(home, "local:0123456789abcdef")


def test_a_kms_key_is_named_by_its_arn(home):
    with pytest.raises(VaultError, match="full key ARN"):
        open_vault(home, kms_key_arn="alias/auditune")


def test_a_link_is_no_key_file(home, tmp_path):
    open_vault(home)
    key = home / "keys" / "adapter.key"
    key.rename(tmp_path / "elsewhere")
    key.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VaultError, match="cannot be read"):
        open_vault(home)
