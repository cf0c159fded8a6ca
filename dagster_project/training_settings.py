"""Settings of training for Dagster, read from the environment in this one place. Called by the assets of training."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dagster_project.embedded.settings import REPOSITORY


class TrainingSettings(BaseSettings):
    """Which preset to train with, and what the machine costs.

    `AUDITUNE_TRAINING_CONFIG`: a YAML file; a relative path starts at the repository's root.
    `AUDITUNE_KMS_KEY_ARN`: AWS KMS key that wraps the keys of adapters; empty: the local key file.
    `AUDITUNE_PRICE_PER_HOUR_USD`: price of this machine, for the cost columns of `monitoring`.
    """

    model_config = SettingsConfigDict(env_prefix="AUDITUNE_")

    training_config: Path = REPOSITORY / "training" / "configs" / "smollm2-135m-cpu.yaml"
    kms_key_arn: str = ""
    price_per_hour_usd: float = Field(0.0, ge=0)

    @field_validator("training_config")
    @classmethod
    def _must_exist(cls, path: Path) -> Path:
        # dbt, run in this process for its row counts, changes the working directory
        absolute = REPOSITORY / path
        if not absolute.is_file():
            raise ValueError(
                f"AUDITUNE_TRAINING_CONFIG names no file: {absolute}; see training/configs for the presets."
            )
        return absolute
