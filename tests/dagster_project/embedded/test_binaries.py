"""Where PostgreSQL's programs come from, and what is said where they are not fit."""

import os
import shutil
from pathlib import Path

import pytest

from dagster_project.embedded import binaries
from dagster_project.embedded.account import server_account
from dagster_project.embedded.binaries import find_binaries, supported_major
from dagster_project.embedded.errors import EmbeddedError
from dagster_project.embedded.placement import own_shelter, remove_cluster, shelter_path
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
    account = server_account()
    original = find_binaries(None, account, guarded_home)
    closed = tmp_path / "closed"
    shutil.copytree(original.folder.parent, closed / "pginstall", symlinks=True)
    closed.chmod(0o700)
    monkeypatch.setattr(binaries, "_wheel_bin", lambda: closed / "pginstall" / "bin")
    try:
        found = find_binaries(None, account, guarded_home)
        assert found.folder.is_relative_to(own_shelter(guarded_home))
        assert found.major == original.major
    finally:
        remove_cluster(guarded_home)
    assert not shelter_path(guarded_home).exists()
