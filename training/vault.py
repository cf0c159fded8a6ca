"""Encrypt a folder into one file and back, by envelope encryption (AWS Encryption SDK); called by `training.registry`.

The SDK draws a fresh data key for every file and wraps it with a key from one of two places:

* a local key file, `<home>/keys/adapter.key` (32 random bytes, mode 0600), the default;
* an AWS KMS key, where `AUDITUNE_KMS_KEY_ARN` names one.

Each file carries an authenticated context (which adapter it is), so a file cannot be passed off as another one,
and a signature, so that any changed byte is refused. SDK 4.0.7 offers keyrings only with its optional
native extra; the master keys used here write the same message format and need nothing compiled.
"""

import logging
import os
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient, StrictAwsKmsMasterKeyProvider
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.base import MasterKeyProvider
from aws_encryption_sdk.key_providers.raw import RawMasterKey
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidSignature, InvalidTag

from training.key_file import LOCAL_PREFIX, VaultError, create_private, key_path, next_key_path, read_key

__all__ = ["Vault", "VaultError", "open_next_vault", "open_vault", "vault_of_key"]

# What fails is raised, and told in one sentence; the SDK's own log would add a traceback of its clean-up.
logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)
# What the SDK and its parser raise on a damaged message: its own errors, the cipher's and the signature's refusals,
# and plain parse errors where a damaged length or identifier is read before anything can be authenticated.
_DAMAGE = (AWSEncryptionSDKClientError, InvalidTag, InvalidSignature, struct.error, ValueError, KeyError, EOFError)


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
            with archive.open("rb") as plain, create_private(target) as cipher:
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
            with source.open("rb") as cipher, create_private(archive) as plain:
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
            denied = "" if self.key_id.startswith(LOCAL_PREFIX) else ", or the key may not be used"
            raise VaultError(
                f"{source.name} cannot be decrypted with key {self.key_id}: it was changed, or another key "
                f"encrypted it{denied}. Restore the file or the key, or release the adapter again."
            ) from error
        except OSError as error:
            raise VaultError(
                f"{source} cannot be decrypted into {folder} ({error.strerror}): free some disk space."
            ) from error
        finally:
            archive.unlink(missing_ok=True)


def open_vault(home: Path, *, kms_key_arn: str | None = None) -> Vault:
    """Open the vault for encrypting: with KMS where an ARN is given, else with the local key, created if missing.

    Raises:
        VaultError: The key file is damaged or open to others.
    """
    return _kms_vault(kms_key_arn) if kms_key_arn else _local_vault(*read_key(key_path(home), create=True))


def open_next_vault(home: Path) -> Vault:
    """Open the vault that a rotation encrypts with: with the next local key, created if missing.

    Raises:
        VaultError: Its file is damaged or open to others.
    """
    return _local_vault(*read_key(next_key_path(home), create=True))


def vault_of_key(home: Path, key_id: str) -> Vault:
    """Open the vault whose key encrypted something, by the key's id; never creates a key.

    Raises:
        VaultError: That key is not here.
    """
    if not key_id.startswith(LOCAL_PREFIX):
        return _kms_vault(key_id)
    path = key_path(home)
    here = [key for key in (read_key(path), read_key(next_key_path(home))) if key is not None]
    if not here:
        raise VaultError(f"The key file {path} is missing: restore it from its backup, or train and release again.")
    for known_id, key in here:
        if known_id == key_id:
            return _local_vault(known_id, key)
    raise VaultError(
        f"{path} holds key {here[0][0]}, but {key_id} is needed: restore that key, or train and release again."
    )


def _local_vault(key_id: str, key: bytes) -> Vault:
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


def _write_archive(folder: Path, archive: Path) -> None:
    with create_private(archive) as file, tarfile.open(fileobj=file, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size = path.stat().st_size
                entry.mode = 0o600
                with path.open("rb") as source:
                    tar.addfile(entry, source)
