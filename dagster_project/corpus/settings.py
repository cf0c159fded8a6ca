"""Settings of the corpus, read from the environment in this one place. Called by the assets under `defs/corpus/`."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CorpusSettings(BaseSettings):
    """`AUDITUNE_MIN_PAIRS`: the smallest corpus that training may start on."""

    model_config = SettingsConfigDict(env_prefix="AUDITUNE_")

    min_pairs: int = Field(300, ge=1)
