"""Every region of an encrypted file is authenticated: one changed byte anywhere is refused, and nothing unpacked."""

import io
from pathlib import Path

import pytest
from aws_encryption_sdk.internal.formatting import deserialize

from training import registry
from training.registry.bundle import content_hash
from training.vault import VaultError, open_vault, vault_of_key

TAG_BYTES, IV_BYTES = 16, 12


@pytest.fixture(scope="module")
def key_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def whole(key_home: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An encrypted file of several frames."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "weights").write_bytes(bytes(9000))
    open_vault(key_home).encrypt_folder(folder, folder / "adapter.enc", {"content_hash": "abc"})
    return (folder / "adapter.enc").read_bytes()


@pytest.fixture(scope="module")
def regions(whole: bytes) -> dict[str, range]:
    """Where the parts of the message lie, as the SDK's own parser finds them."""
    stream = io.BytesIO(whole)
    header, _ = deserialize.deserialize_header(stream)
    end = stream.tell()
    deserialize.deserialize_header_auth(
        version=header.version, stream=stream, algorithm=header.algorithm, verifier=None
    )
    body = stream.tell()
    (data_key,) = header.encrypted_data_keys
    key = whole.index(data_key.encrypted_data_key)
    frame = whole.index(bytes([0, 0, 0, 1]), body)
    final = whole.rindex(b"\xff\xff\xff\xff", body)
    length = int.from_bytes(whole[final + 8 + IV_BYTES :][:4], "big")
    footer = final + 8 + IV_BYTES + 4 + length + TAG_BYTES
    return {
        "header": range(end),
        "encrypted data key": range(key, key + len(data_key.encrypted_data_key)),
        "authentication of the header": range(end, body),
        "body": range(frame, footer),
        "tag of the last frame": range(footer - TAG_BYTES, footer),
        "signature": range(footer, len(whole)),
    }


@pytest.mark.parametrize(
    "region",
    [
        "header",
        "encrypted data key",
        "authentication of the header",
        "body",
        "tag of the last frame",
        "signature",
    ],
)
def test_one_changed_byte_is_refused(key_home, whole, regions, tmp_path, region):
    places = regions[region]
    assert len(places) > 10
    file, target = tmp_path / "adapter.enc", tmp_path / "restored"
    target.mkdir()
    vault = open_vault(key_home)
    for position in places[:: max(1, len(places) // 60)]:
        for change in (0x01, 0x80):
            changed = bytearray(whole)
            changed[position] ^= change
            file.write_bytes(changed)
            with pytest.raises(VaultError, match="was changed"):
                vault.decrypt_folder(file, target, {"content_hash": "abc"})
            assert list(target.iterdir()) == []


def test_the_unchanged_file_opens(key_home, whole, tmp_path):
    (tmp_path / "adapter.enc").write_bytes(whole)
    (tmp_path / "restored").mkdir()
    vault = vault_of_key(key_home, open_vault(key_home).key_id)
    vault.decrypt_folder(tmp_path / "adapter.enc", tmp_path / "restored", {"content_hash": "abc"})
    assert (tmp_path / "restored" / "weights").read_bytes() == bytes(9000)


@pytest.fixture
def released(conn, run_dir, dataset_dir, home) -> tuple[str, Path]:
    """An adapter's id and its folder, with a report of the gate."""
    adapter_id = registry.release(conn, run_dir=run_dir, dataset_dir=dataset_dir, home=home, metrics={}, used_by="test")
    folder = home / "adapters" / adapter_id
    (folder / "gate" / "draft").mkdir(parents=True)
    (folder / "gate" / "draft" / "report.md").write_text("promoted")
    (folder / "gate" / "draft").rename(folder / "gate" / content_hash(folder / "gate" / "draft")[:12])
    registry.verify(conn, adapter_id, home, used_by="test")
    return adapter_id, folder


@pytest.mark.parametrize("file", ["manifest.json", "gate/*/report.md"])
def test_a_changed_byte_beside_the_encrypted_file_fails_verify(conn, released, file):
    adapter_id, folder = released
    (path,) = folder.glob(file)
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    with pytest.raises(registry.RegistryError, match="was changed since it was written"):
        registry.verify(conn, adapter_id, folder.parents[1], used_by="test")


def test_a_lost_manifest_fails_verify(conn, released):
    adapter_id, folder = released
    (folder / "manifest.json").unlink()
    with pytest.raises(registry.RegistryError, match="manifest.json was changed"):
        registry.verify(conn, adapter_id, folder.parents[1], used_by="test")
