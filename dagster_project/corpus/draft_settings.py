"""Settings of drafted questions, read from the environment in this one place. Called by the asset that drafts."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from training.paraphrase import MOST_PARAPHRASES


class DraftSettings(BaseSettings):
    """How many questions are drafted, and who is asked for other words: nobody, unless it is said here.

    `AUDITUNE_DRAFT_LIMIT`: most statements a run; 0 drafts none.
    `AUDITUNE_DRAFT_URL`: an OpenAI-compatible server with its version, `http://127.0.0.1:8001/v1`; empty: none.
    `AUDITUNE_DRAFT_MODEL`: the model's name there.
    `AUDITUNE_DRAFT_API_KEY`: sent as a bearer token; empty: none is sent.
    `AUDITUNE_DRAFT_TIMEOUT_SECONDS`: longest wait for one answer.
    `AUDITUNE_DRAFT_PARAPHRASES`: how many other wordings a statement gets.
    `AUDITUNE_DRAFT_BASE_MODEL`: whether the base model, in a process of its own, is asked as well.
    """

    model_config = SettingsConfigDict(env_prefix="AUDITUNE_DRAFT_")

    limit: int = Field(200, ge=0)
    url: str = ""
    model: str = ""
    api_key: SecretStr = SecretStr("")
    timeout_seconds: float = Field(30.0, gt=0)
    paraphrases: int = Field(1, ge=1, le=MOST_PARAPHRASES)
    base_model: bool = False

    @field_validator("url")
    @classmethod
    def _must_be_an_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("AUDITUNE_DRAFT_URL is no address: write http://host:port/v1.")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _must_name_a_model(self) -> Self:
        if self.url and not self.model:
            raise ValueError("AUDITUNE_DRAFT_URL is set: name the model of that server in AUDITUNE_DRAFT_MODEL.")
        return self
