"""Encrypt a folder into one file and back, by envelope encryption (AWS Encryption SDK); called by `training.registry`.

The SDK draws a fresh data key for every file and wraps it with a key from one of two places:

* a local key file, `<home>/keys/adapter.key` (32 random bytes, mode 0600), the default;
* an AWS KMS key, where `AUDITUNE_KMS_KEY_ARN` names one.

Each file carries an authenticated context (which adapter it is), so a file cannot be passed off as another one,
and a signature, so that any changed byte is refused. SDK 4.0.7 offers keyrings only with its optional
native extra; the master keys used here write the same message format and need nothing compiled.
"""

import hashlib
import os
import stat
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient, StrictAwsKmsMasterKeyProvider
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.base import MasterKeyProvider
from aws_encryption_sdk.key_providers.raw import RawMasterKey
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidSignature, InvalidTag

KEY_BYTES = 32
_CHUNK_BYTES = 1 << 20
_LOCAL_PREFIX = "local:"
# What the SDK and its parser raise on a damaged message: its own errors, the cipher's and the signature's refusals,
# and plain parse errors where a damaged length or identifier is read before anything can be authenticated.
_DAMAGE = (AWSEncryptionSDKClientError, InvalidTag, InvalidSignature, struct.error, ValueError, KeyError, EOFError)


class VaultError(Exception):
    """A key or an encrypted file cannot be used; the message says what to do."""


class Vault:
    """Encrypts and decrypts folders with one wrapping key.

    Attributes:
        key_id: Stable name of the wrapping key: the KMS ARN, or `local:` and a hash of the local key.
    """

    def __init__(self, key_id: str, provider: MasterKeyProvider):
        self.key_id = key_id
        self._provider = provider
        self._client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)

    def encrypt_folder(self, folder: Path, target: Path, context: Mapping[str, str]) -> None:
        """Write every file below a folder, encrypted, into one file, synced to disk.

        Args:
            folder: Folder to read. Names, bytes and nothing else are kept.
            target: File to write; created with mode 0600 and must not exist.
            context: What the file is (for example its adapter id); stored in clear, authenticated.

        Raises:
            VaultError: The key cannot be used.
        """
        archive = target.with_suffix(".tar")
        try:
            _write_archive(folder, archive)
            with archive.open("rb") as plain, _create_private(target) as cipher:
                stream = self._client.stream(
                    mode="e", source=plain, key_provider=self._provider, encryption_context=dict(context)
                )
                with stream:
                    for chunk in stream:
                        cipher.write(chunk)
                cipher.flush()
                os.fsync(cipher.fileno())
        except (AWSEncryptionSDKClientError, BotoCoreError, ClientError) as error:
            raise VaultError(
                f"The adapter could not be encrypted with key {self.key_id}: check that the key exists "
                f"and may be used ({type(error).__name__})."
            ) from error
        finally:
            archive.unlink(missing_ok=True)

    def decrypt_folder(self, source: Path, folder: Path, context: Mapping[str, str]) -> None:
        """Restore an encrypted folder. Nothing is unpacked before the whole file is authenticated.

        Args:
            source: File written by `encrypt_folder`.
            folder: Existing private folder to fill.
            context: The context the file must carry.

        Raises:
            VaultError: The file was changed, is another file, or was encrypted with another key.
        """
        archive = folder / ".archive.tar"
        try:
            with source.open("rb") as cipher, _create_private(archive) as plain:
                stream = self._client.stream(mode="d", source=cipher, key_provider=self._provider)
                with stream:
                    for chunk in stream:
                        plain.write(chunk)
                carried = stream.header.encryption_context
                if cipher.read(1):
                    raise ValueError("bytes after the end of the message")
            if any(carried.get(name) != value for name, value in context.items()):
                raise VaultError(f"{source.name} belongs to another adapter than its folder says: release it again.")
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        except FileNotFoundError as error:
            raise VaultError(f"{source} is missing: release the adapter again from its run.") from error
        except (BotoCoreError, ClientError) as error:
            raise VaultError(f"KMS key {self.key_id} cannot be used: check access ({type(error).__name__}).") from error
        except _DAMAGE as error:
            raise VaultError(
                f"{source.name} cannot be decrypted with key {self.key_id}: it was changed, or another key "
                "encrypted it. Restore the file or the key, or release the adapter again."
            ) from error
        finally:
            archive.unlink(missing_ok=True)


def open_vault(home: Path, *, kms_key_arn: str | None = None) -> Vault:
    """Open the vault for encrypting: with KMS where an ARN is given, else with the local key, created if missing.

    Raises:
        VaultError: The key file is damaged or open to others.
    """
    if kms_key_arn:
        return _kms_vault(kms_key_arn)
    path = _key_path(home)
    if not path.exists():
        _create_key(path)
    return _local_vault(path)


def vault_of_key(home: Path, key_id: str) -> Vault:
    """Open the vault whose key encrypted something, by the key's id; never creates a key.

    Raises:
        VaultError: That key is not here.
    """
    if not key_id.startswith(_LOCAL_PREFIX):
        return _kms_vault(key_id)
    path = _key_path(home)
    if not path.exists():
        raise VaultError(f"The key file {path} is missing: restore it from its backup, or train and release again.")
    vault = _local_vault(path)
    if vault.key_id != key_id:
        raise VaultError(
            f"{path} holds key {vault.key_id}, but {key_id} is needed: restore that key, or train and release again."
        )
    return vault


def _key_path(home: Path) -> Path:
    return home / "keys" / "adapter.key"


def _create_key(path: Path) -> None:
    """Create the key file whole or not at all: a reader never sees half a key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.unlink(missing_ok=True)
    with _create_private(draft) as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails where another process was first; then its key is the key
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _local_vault(path: Path) -> Vault:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise VaultError(f"{path} may be read by others (mode {mode:04o}): run `chmod 600 {path}`.")
        key = file.read()
    if len(key) != KEY_BYTES:
        raise VaultError(f"{path} holds {len(key)} bytes instead of {KEY_BYTES}: restore it from its backup.")
    key_id = _LOCAL_PREFIX + hashlib.sha256(b"auditune adapter key\0" + key).hexdigest()[:16]
    wrapping_key = WrappingKey(
        wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
        wrapping_key=key,
        wrapping_key_type=EncryptionKeyType.SYMMETRIC,
    )
    return Vault(key_id, RawMasterKey(key_id=key_id, provider_id="auditune", wrapping_key=wrapping_key))


def _kms_vault(arn: str) -> Vault:
    if not arn.startswith("arn:"):
        raise VaultError(f"AUDITUNE_KMS_KEY_ARN must be a full key ARN (arn:aws:kms:…), not {arn!r}.")
    return Vault(arn, StrictAwsKmsMasterKeyProvider(key_ids=[arn]))


def _create_private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write_archive(folder: Path, archive: Path) -> None:
    with _create_private(archive) as file, tarfile.open(fileobj=file, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size = path.stat().st_size
                entry.mode = 0o600
                with path.open("rb") as source:
                    tar.addfile(entry, source)
