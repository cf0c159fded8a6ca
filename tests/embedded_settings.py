"""Which PostgreSQL the tests' own servers are: the wheel's, or the one whose bin folder `AUDITUNE_PG_BIN` names."""

import os
from pathlib import Path

from dagster_project.embedded.settings import EmbeddedSettings

PG_BIN = "AUDITUNE_PG_BIN"


def embedded_settings(home: Path, *, is_durable: bool = False, fixed_port: int | None = None) -> EmbeddedSettings:
    """The settings of a test's own server in a state folder."""
    pg_bin = os.environ.get(PG_BIN)
    return EmbeddedSettings(home, Path(pg_bin) if pg_bin else None, fixed_port, is_durable)
