"""What the registry's command reads from the environment, or from the file `<AUDITUNE_HOME>/env` that set-up writes."""

import os
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

_DEFAULT_HOME = Path(__file__).resolve().parents[2] / ".auditune"


class RegistrySettings(BaseSettings):
    """Settings of `python -m training registry`.

    Attributes:
        home: State folder, holds `adapters/` and `keys/` (AUDITUNE_HOME).
        dsn: Warehouse, as the owner role (AUDITUNE_DSN).
        kms_key_arn: KMS key that adapters are encrypted with; none: the local key file (AUDITUNE_KMS_KEY_ARN).
        base_model: Base model of this warehouse's adapters, for the export (AUDITUNE_BASE_MODEL).
    """

    model_config = SettingsConfigDict(env_prefix="AUDITUNE_", extra="ignore")

    home: Path = _DEFAULT_HOME
    dsn: str | None = None
    kms_key_arn: str | None = None
    base_model: str | None = None

    @classmethod
    def from_environment(cls) -> "RegistrySettings":
        """Read the environment; what it lacks comes from the env file in the state folder."""
        home = Path(os.environ.get("AUDITUNE_HOME", _DEFAULT_HOME))
        return cls(_env_file=home / "env")
