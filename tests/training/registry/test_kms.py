"""Releases wrapped by AWS KMS: moto's KMS behind the real clients, so every call is signed, sent and answered."""

import boto3
import pytest
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from training import registry


@pytest.fixture
def kms(monkeypatch):
    """A client of an empty KMS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield boto3.client("kms")


def new_key(kms) -> str:
    return kms.create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def arn(kms) -> str:
    """A key of that KMS."""
    return new_key(kms)


@pytest.fixture
def release(conn, run_dir, dataset_dir, home):
    """Releases the run under a key; None is the local one."""

    def run(kms_key_arn: str | None) -> registry.AdapterRecord:
        adapter_id = registry.release(
            conn, run_dir=run_dir, dataset_dir=dataset_dir, home=home, metrics={}, used_by="test",
            kms_key_arn=kms_key_arn,
        )  # fmt: skip
        return registry.get_adapter(conn, adapter_id)

    return run


@pytest.fixture
def as_nobody(monkeypatch):
    """From here on KMS is asked by a user without any permission."""
    iam = boto3.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    return set_initial_no_auth_action_count(0)


def test_kms_wraps_and_unwraps_the_data_key(conn, release, arn, run_dir, home):
    record = release(arn)
    assert record.key_id == arn
    assert not (home / "keys").exists()  # no local key is made
    with registry.load(conn, record, home, used_by="test") as folder:
        weights = "adapter/adapter_model.safetensors"
        assert (folder / weights).read_bytes() == (run_dir / weights).read_bytes()
    assert arn.encode() in (home / record.path / "adapter.enc").read_bytes()
    uses = conn.execute("select operation, key_id from raw_training.key_uses order by key_use_id").fetchall()
    assert uses == [("encrypt", arn), ("decrypt", arn)]


def test_another_kms_key_is_refused(conn, release, arn, kms, home):
    record = release(arn)
    conn.execute("update raw_training.adapters set key_id = %s", (new_key(kms),))
    with pytest.raises(registry.VaultError, match="cannot be decrypted with key arn:aws:kms"):
        registry.verify(conn, record.adapter_id, home, used_by="test")


def test_denied_access_is_a_clear_sentence(conn, release, arn, as_nobody):
    with pytest.raises(registry.VaultError, match="check that the key exists and may be used"):
        as_nobody(release)(arn)
    assert conn.execute("select count(*) from raw_training.adapters").fetchone() == (0,)


def test_denied_decryption_is_a_clear_sentence(conn, release, arn, home, request):
    record = release(arn)
    as_nobody = request.getfixturevalue("as_nobody")
    with pytest.raises(registry.VaultError, match="or the key may not be used"):
        as_nobody(registry.verify)(conn, record.adapter_id, home, used_by="test")


def test_from_the_local_key_to_kms(conn, release, arn, home):
    record = release(None)
    rotation = registry.rotate_key(conn, home, used_by="test", kms_key_arn=arn)
    assert rotation == registry.Rotation(arn, (record.adapter_id,), ())
    assert registry.verify(conn, record.adapter_id, home, used_by="test").key_id == arn
    assert list((home / "keys").iterdir()) == []  # it opens nothing any more


def test_from_one_kms_key_to_another(conn, release, arn, kms, home):
    record = release(arn)
    other = new_key(kms)
    registry.rotate_key(conn, home, used_by="test", kms_key_arn=other)
    kms.schedule_key_deletion(KeyId=arn.rpartition("/")[2], PendingWindowInDays=7)
    assert registry.verify(conn, record.adapter_id, home, used_by="test").key_id == other
    assert arn.encode() not in b"".join(path.read_bytes() for path in (home / "adapters").glob("*/*"))


def test_the_same_kms_key_draws_new_data_keys(conn, release, arn, home):
    record = release(arn)
    before = (home / record.path / "adapter.enc").read_bytes()
    registry.rotate_key(conn, home, used_by="test", kms_key_arn=arn)
    record = registry.verify(conn, record.adapter_id, home, used_by="test")
    assert (home / record.path / "adapter.enc").read_bytes()[-500:] != before[-500:]


def test_an_adapter_does_not_leave_kms_by_a_forgotten_setting(conn, release, arn, home):
    release(arn)
    with pytest.raises(registry.RegistryError, match="set AUDITUNE_KMS_KEY_ARN"):
        registry.rotate_key(conn, home, used_by="test")
    assert not (home / "keys").exists()
