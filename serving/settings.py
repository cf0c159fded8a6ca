"""Settings of the API, from the environment or from the file `<AUDITUNE_HOME>/env` that set-up writes."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_DEFAULT_HOME = Path(__file__).resolve().parents[1] / ".auditune"

ServerUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/]+/?$")]


class Settings(BaseSettings):
    """Everything the API can be told. Each name is read as AUDITUNE_<NAME>.

    Attributes:
        home: State folder with `adapters/` and `keys/`.
        api_host: Address to listen on.
        api_port: Port to listen on.
        api_dsn: Warehouse, as auditune_api: the registry, the request log.
        reader_dsn: Warehouse, as auditune_reader: rows of the business schemas, read-only.
        base_model: Where the base model of this warehouse's adapters is: a file, a folder or a Hugging Face id.
        schemas: Business schemas that questions are about.
        engine_urls: Servers that hold the model (vLLM), a comma list of addresses without /v1; none: this process does.
        engine_adapter_dir: Folder, in memory, where those servers read decrypted adapters.
        champion_poll_seconds: Time between two looks at where `champion` and `challenger` point.
        canary: Share of requests that the challenger answers, as 10% or 0.1.
        engine_queue_size: Questions that may wait for the model; more are refused with 503.
        engine_batch_size: Waiting questions that the model answers together.
        generation_timeout_seconds: Longest wait for a generated answer.
        reader_connections: Statements that run at a time.
        statement_timeout_ms: Longest run of a statement.
        cost_ceiling: Highest cost, in PostgreSQL's planner units, of a statement that is run.
        row_cap: Most rows that an answer may hold.
        request_log_queue_size: Request rows that may wait while the database is away; more are dropped and counted.
    """

    model_config = SettingsConfigDict(env_prefix="AUDITUNE_", extra="ignore")

    home: Path = _DEFAULT_HOME
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=1, le=65535)
    api_dsn: str
    reader_dsn: str
    base_model: str | None = None
    schemas: Annotated[tuple[str, ...], NoDecode] = ("shop",)
    engine_urls: Annotated[tuple[ServerUrl, ...], NoDecode] = ()
    engine_adapter_dir: Path = Path("/dev/shm/auditune-adapters")  # noqa: S108 -- refused unless it is the account's own
    champion_poll_seconds: float = Field(default=30.0, gt=0)
    canary: float = Field(default=0.0, ge=0, le=1)
    engine_queue_size: int = Field(default=64, ge=1)
    engine_batch_size: int = Field(default=8, ge=1)
    generation_timeout_seconds: float = Field(default=60.0, gt=0)
    reader_connections: int = Field(default=2, ge=1)
    statement_timeout_ms: int = Field(default=5000, ge=1)
    cost_ceiling: float = Field(default=1_000_000.0, gt=0)
    row_cap: int = Field(default=10_000, ge=1)
    request_log_queue_size: int = Field(default=1000, ge=1)

    @field_validator("canary", mode="before")
    @classmethod
    def _read_percent(cls, value: str | float) -> str | float:
        """Read `10%` as 0.1."""
        if isinstance(value, str) and value.strip().endswith("%"):
            return float(value.strip()[:-1]) / 100
        return value

    @field_validator("schemas", "engine_urls", mode="before")
    @classmethod
    def _split_list(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        """Read the comma list that the environment holds."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment; what it lacks comes from the env file in the state folder.

        Raises:
            pydantic.ValidationError: A DSN is missing or a value is out of range.
        """
        home = Path(os.environ.get("AUDITUNE_HOME", _DEFAULT_HOME))
        return cls(_env_file=home / "env")
