"""Settings of the API: from the environment, the file `.env`, or the file `<AUDITUNE_HOME>/env` that set-up writes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from dotenv import dotenv_values
from pydantic import Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from serving.access.networks import LOOPBACK, PRIVATE, Network, contains, parse_address, parse_network

PREFIX = "AUDITUNE_"
_DEFAULT_HOME = Path(__file__).resolve().parents[1] / ".auditune"
_LOOPBACK_NETWORKS = tuple(parse_network(text) for text in LOOPBACK)
_DEFAULT_NETWORKS = tuple(parse_network(text) for text in (*LOOPBACK, *PRIVATE))

ServerUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/]+/?$")]


class Settings(BaseSettings):
    """Everything the API can be told. Each name is read as AUDITUNE_<NAME>.

    Attributes:
        home: State folder with `adapters/` and `keys/`.
        api_host: Address to listen on.
        api_port: Port to listen on.
        allowed_hosts: Host names, comma-separated, that the API is reached by beside localhost and plain addresses; `*`
            for all. Others are refused, so that no page of another site can pretend to be the API's.
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
        byte_cap: Most bytes that the values of an answer's rows may hold, as PostgreSQL writes them.
        request_log_spool_mib: MiB of encrypted request rows that may wait on disk while the database is away; past it
            questions are refused with 503.
        require_keys: true: nobody asks without a key; false: keys are required once one was made; unset: they are
            required as well where other machines can reach the API (api_host is not loopback, or there is a proxy).
        api_key: A key of this process beside those of `python -m serving keys`; with it keys are always required.
        allowed_networks: Networks that requests may come from, as comma-separated CIDRs.
        trusted_proxies: Networks of proxies whose X-Forwarded-For is believed, as comma-separated CIDRs.
        tls_cert: PEM file with the certificate and its chain, to serve HTTPS without a proxy.
        tls_key: PEM file with its private key, without a passphrase.
        body_limit_bytes: Longest body of a request.
        max_candidates: Most answers that one question may be given, to choose among them by their results.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    home: Path = _DEFAULT_HOME
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=1, le=65535)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
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
    byte_cap: int = Field(default=10_000_000, ge=1)
    request_log_spool_mib: float = Field(default=256, gt=0)
    require_keys: bool | None = None
    api_key: SecretStr | None = Field(default=None, min_length=32)
    allowed_networks: Annotated[tuple[Network, ...], NoDecode] = _DEFAULT_NETWORKS
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    body_limit_bytes: int = Field(default=1_048_576, ge=1024)
    max_candidates: int = Field(default=5, ge=1, le=16)

    @property
    def are_keys_required(self) -> bool:
        """Whether nobody asks without a key, even where none was ever made."""
        if self.require_keys is not None:
            return self.require_keys
        address = parse_address("127.0.0.1" if self.api_host == "localhost" else self.api_host)
        is_this_machines = address is not None and contains(_LOOPBACK_NETWORKS, address)
        return bool(self.trusted_proxies) or not is_this_machines

    @field_validator("allowed_networks", "trusted_proxies", mode="before")
    @classmethod
    def _read_networks(cls, value: str | Sequence[str | Network]) -> tuple[Network, ...]:
        """Read the comma list that the environment holds."""
        texts = value.split(",") if isinstance(value, str) else map(str, value)
        return tuple(parse_network(text) for text in texts if text.strip())

    @field_validator("tls_cert", "tls_key", mode="before")
    @classmethod
    def _read_no_file(cls, value: str | Path | None) -> str | Path | None:
        """Take an empty value for none, so that a variable can be taken back that `.env` sets."""
        return value or None

    @field_validator("canary", mode="before")
    @classmethod
    def _read_percent(cls, value: str | float) -> str | float:
        """Read `10%` as 0.1."""
        if isinstance(value, str) and value.strip().endswith("%"):
            return float(value.strip()[:-1]) / 100
        return value

    @field_validator("schemas", "allowed_hosts", "engine_urls", mode="before")
    @classmethod
    def _split_list(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        """Read the comma list that the environment holds."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment; what it lacks comes from `.env` here, then from the env file in the state folder.

        Raises:
            pydantic.ValidationError: A DSN is missing or a value is out of range.
        """
        return cls(_env_file=env_files())


def env_files() -> tuple[Path, Path]:
    """Return the files that settings are read from, the one that counts less first."""
    here = Path(".env")
    home = os.environ.get(f"{PREFIX}HOME") or dotenv_values(here).get(f"{PREFIX}HOME") or _DEFAULT_HOME
    return Path(home) / "env", here
