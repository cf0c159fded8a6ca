"""Where the warehouse is: the one object that the rest of the product reads its DSNs and folders from.

Called by the pipeline, the Dagster resources, the services and the tests; `setup.py` writes it to `.auditune/env`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.embedded.secret import SUPERUSER, read_secret
from dagster_project.embedded.settings import REPOSITORY, state_folder
from dagster_project.warehouse.dsn import parse, place, with_login
from dagster_project.warehouse.env_file import read_env
from dagster_project.warehouse.errors import WarehouseError

OWNER = "auditune_owner"
ROLE_VARIABLES = {
    OWNER: "AUDITUNE_DSN",
    "auditune_sandbox": "AUDITUNE_SANDBOX_DSN",
    "auditune_reader": "AUDITUNE_READER_DSN",
    "auditune_api": "AUDITUNE_API_DSN",
    "auditune_monitor": "AUDITUNE_MONITOR_DSN",
}
"""Our roles and the environment variable that holds the DSN of each."""

TELEMETRY_OFF = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
}
_BASE_MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


@dataclass(frozen=True)
class Warehouse:
    """The warehouse's addresses and the state folder's paths; passwords are hidden in its repr.

    Attributes:
        home: the state folder.
        dsn: role auditune_owner: dbt and Dagster.
        sandbox_dsn: role auditune_sandbox: candidate pairs and evaluated SQL.
        reader_dsn: role auditune_reader: answers on the business schemas.
        api_dsn: role auditune_api: the API's own rows.
        monitor_dsn: role auditune_monitor: people who read the monitoring tables.
        admin_dsn: the embedded server's superuser; None where the warehouse is the user's own.
        schemas: the business schemas.
        audit_logs: where the server's log is: files, globs, addresses (`dagster_project.audit_log.sources`).
        base_model: checkpoint that adapters are trained on: a file, a folder or a Hugging Face id.
    """

    home: Path
    dsn: str = field(repr=False)
    sandbox_dsn: str = field(repr=False)
    reader_dsn: str = field(repr=False)
    api_dsn: str = field(repr=False)
    monitor_dsn: str = field(repr=False)
    admin_dsn: str | None = field(repr=False)
    schemas: tuple[str, ...]
    audit_logs: tuple[str, ...]
    base_model: str

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> "Warehouse":
        """Reads the settings of a warehouse that is set up: the environment's over those in `.auditune/env`.

        Args:
            environ: environment variables; default the process's own.

        Raises:
            WarehouseError: none is set up, or the environment names another one than the one set up.
        """
        variables = os.environ if environ is None else environ
        home = state_folder(variables)
        written = read_env(home)
        merged = {**written, **chosen_variables(variables, written)}
        missing = [variable for variable in ROLE_VARIABLES.values() if variable not in merged]
        if missing:
            raise WarehouseError(
                f"No warehouse is set up in {home} and {', '.join(missing)} is not set: "
                "run `make run`, or `python -m dagster_project.warehouse setup`."
            )
        is_embedded = merged.get("AUDITUNE_WAREHOUSE") == "embedded"
        secret = read_secret(home) if is_embedded else None
        return cls(
            home=home,
            dsn=merged["AUDITUNE_DSN"],
            sandbox_dsn=merged["AUDITUNE_SANDBOX_DSN"],
            reader_dsn=merged["AUDITUNE_READER_DSN"],
            api_dsn=merged["AUDITUNE_API_DSN"],
            monitor_dsn=merged["AUDITUNE_MONITOR_DSN"],
            admin_dsn=with_login(merged["AUDITUNE_DSN"], SUPERUSER, secret.password) if secret else None,
            schemas=comma_list(merged.get("AUDITUNE_SCHEMAS", "shop")),
            audit_logs=comma_list(merged.get("AUDITUNE_AUDIT_LOGS", "")),
            base_model=merged.get("AUDITUNE_BASE_MODEL", str(default_base_model(home))),
        )

    @property
    def is_embedded(self) -> bool:
        """True where auditune runs the server itself."""
        return self.admin_dsn is not None

    @property
    def dagster_home(self) -> Path:
        """Dagster's own state (`DAGSTER_HOME`)."""
        return self.home / "dagster"

    def environment(self) -> dict[str, str]:
        """Returns the variables that `.auditune/env` exports: what child processes (dbt, training, serving) need."""
        owner = parse(self.dsn, "AUDITUNE_DSN")
        return {
            "AUDITUNE_HOME": str(self.home),
            "AUDITUNE_WAREHOUSE": "embedded" if self.is_embedded else "external",
            "AUDITUNE_DSN": self.dsn,
            "AUDITUNE_SANDBOX_DSN": self.sandbox_dsn,
            "AUDITUNE_READER_DSN": self.reader_dsn,
            "AUDITUNE_API_DSN": self.api_dsn,
            "AUDITUNE_MONITOR_DSN": self.monitor_dsn,
            "AUDITUNE_PG_HOST": owner["host"],
            "AUDITUNE_PG_PORT": owner["port"],
            "AUDITUNE_PG_USER": owner["user"],
            "AUDITUNE_PG_PASSWORD": owner.get("password", ""),
            "AUDITUNE_PG_DBNAME": owner["dbname"],
            "AUDITUNE_SCHEMAS": ",".join(self.schemas),
            "AUDITUNE_AUDIT_LOGS": ",".join(self.audit_logs),
            "AUDITUNE_BASE_MODEL": self.base_model,
            "DAGSTER_HOME": str(self.dagster_home),
            "DBT_PROFILES_DIR": str(REPOSITORY / "dbt_project"),
            **TELEMETRY_OFF,
        }


def chosen_variables(environ: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
    """Decides which of the environment's AUDITUNE_ variables count beside those of `.auditune/env`.

    Args:
        environ: the process's variables.
        written: the variables of `.auditune/env`; empty where no warehouse is set up.

    Returns:
        Those that count. A shell that sourced `.auditune/env` before the embedded server moved to another port holds
        stale addresses: they are known by their password, and left out.

    Raises:
        WarehouseError: `AUDITUNE_DSN` names another warehouse than the one set up.
    """
    chosen = {name: value for name, value in environ.items() if name.startswith("AUDITUNE_") and value}
    if not written or "AUDITUNE_DSN" not in chosen:
        return chosen
    given = parse(chosen["AUDITUNE_DSN"], "AUDITUNE_DSN")
    if is_sourced(chosen["AUDITUNE_DSN"], written):
        return {name: value for name, value in chosen.items() if not name.endswith("_DSN") and name != "AUDITUNE_DSN"}
    if place(chosen["AUDITUNE_DSN"]) != place(written["AUDITUNE_DSN"]):
        raise WarehouseError(
            f"AUDITUNE_DSN names {given['host']}:{given['port']}/{given['dbname']}, which is not the warehouse that is "
            "set up: run `python -m dagster_project.warehouse setup`, or unset AUDITUNE_DSN."
        )
    if given["user"] != OWNER:
        del chosen["AUDITUNE_DSN"]  # the administrator's: set-up made the owner's own and wrote it down
    return chosen


def is_sourced(dsn: str, written: Mapping[str, str]) -> bool:
    """Tells whether a DSN is the embedded owner's from `.auditune/env`, perhaps with an earlier port."""
    if written.get("AUDITUNE_WAREHOUSE") != "embedded":
        return False
    ours, given = parse(written["AUDITUNE_DSN"], "AUDITUNE_DSN"), parse(dsn, "AUDITUNE_DSN")
    return (given["user"], given.get("password")) == (ours["user"], ours.get("password"))


def comma_list(text: str) -> tuple[str, ...]:
    """Splits a comma list, dropping blanks."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def default_base_model(home: Path) -> Path:
    """Returns where set-up puts the default base model."""
    return home / "models" / _BASE_MODEL
