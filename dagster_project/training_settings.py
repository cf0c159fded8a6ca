"""Settings of training for Dagster, read from the environment in this one place. Called by the assets of training."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from dagster_project.embedded.settings import REPOSITORY


class TrainingSettings(BaseSettings):
    """Which preset to train with, and what the machine costs.

    `AUDITUNE_TRAINING_CONFIG`: a YAML file under training/configs or elsewhere.
    `AUDITUNE_PRICE_PER_HOUR_USD`: price of this machine, for the cost columns of `monitoring`.
    """

    model_config = SettingsConfigDict(env_prefix="AUDITUNE_")

    training_config: Path = REPOSITORY / "training" / "configs" / "smollm2-135m-cpu.yaml"
    price_per_hour_usd: float = Field(0.0, ge=0)
