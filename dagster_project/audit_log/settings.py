"""How long the raw log is kept, read from the environment in this one place. For the asset `raw_audit/log_files`."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RetentionSettings(BaseSettings):
    """`AUDITUNE_RAW_DAYS`: how many days a line of the log stays in `raw_audit`."""

    model_config = SettingsConfigDict(env_prefix="AUDITUNE_")

    raw_days: int = Field(30, ge=1)
