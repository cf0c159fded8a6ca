"""Releases wrapped by AWS KMS, against a local stand-in that speaks its protocol."""

import pytest

from tests.training.registry.fake_kms import FakeKms
from training import registry

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def kms(monkeypatch):
    server = FakeKms()
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def record(conn, run_dir, dataset_dir, home, kms) -> registry.AdapterRecord:
    adapter_id = registry.release(
        conn, run_dir=run_dir, dataset_dir=dataset_dir, home=home, metrics={}, used_by="test", kms_key_arn=ARN
    )
    return registry.get_adapter(conn, adapter_id)


def test_kms_wraps_and_unwraps_the_data_key(conn, record, run_dir, home, kms):
    assert record.key_id == ARN
    assert not (home / "keys").exists()  # no local key is made
    with registry.load(conn, record, home, used_by="test") as folder:
        weights = "adapter/adapter_model.safetensors"
        assert (folder / weights).read_bytes() == (run_dir / weights).read_bytes()
    assert kms.calls == ["GenerateDataKey", "Decrypt"]
    assert conn.execute("select distinct key_id from raw_training.key_uses").fetchall() == [(ARN,)]


def test_another_kms_key_is_refused(conn, record, home, kms):
    kms.keys.clear()
    with pytest.raises(registry.VaultError, match="cannot be decrypted with key arn:aws:kms"):
        registry.verify(conn, record.adapter_id, home, used_by="test")


def test_denied_access_is_a_clear_sentence(conn, run_dir, dataset_dir, home, kms):
    kms.is_denied = True
    with pytest.raises(registry.VaultError, match="check that the key exists and may be used"):
        registry.release(
            conn, run_dir=run_dir, dataset_dir=dataset_dir, home=home, metrics={}, used_by="test", kms_key_arn=ARN
        )
    assert conn.execute("select count(*) from raw_training.adapters").fetchone() == (0,)
