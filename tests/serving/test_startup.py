"""`python -m serving` where it cannot start: one sentence, no trace, exit status 1."""

import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from serving.__main__ import main
from tests.serving.support import free_port

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def start(shop, owner, tmp_path, monkeypatch, capsys) -> Callable[..., str]:
    """Starts the API with some variables, expects it to refuse, returns its one sentence."""
    owner.execute("truncate raw_training.adapters, raw_training.adapter_aliases")
    monkeypatch.chdir(tmp_path)  # where no `.env` is
    root = logging.getLogger()
    handlers, level = root.handlers, root.level

    def run(**variables: str) -> str:
        defaults = {"AUDITUNE_HOME": str(shop.home), "AUDITUNE_API_PORT": str(free_port())}
        for name, value in (defaults | variables).items():
            monkeypatch.setenv(name, value)
        assert main() == 1
        (sentence,) = capsys.readouterr().err.splitlines()
        return sentence

    yield run
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_no_settings(start, tmp_path):
    sentence = start(AUDITUNE_HOME=str(tmp_path))
    assert sentence.startswith("These settings are missing or wrong: AUDITUNE_API_DSN, AUDITUNE_READER_DSN.")


def test_a_wrong_setting(start):
    assert "AUDITUNE_API_PORT" in start(AUDITUNE_API_PORT="eighty")


def test_a_taken_port(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "Cannot listen on 127.0.0.1:" in start(AUDITUNE_API_PORT=str(taken.getsockname()[1]))


def test_a_key_of_the_spool_that_others_may_read(start, shop, tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "spool.key").write_bytes(bytes(32))
    (tmp_path / "keys" / "spool.key").chmod(0o644)
    dsns = {"AUDITUNE_API_DSN": shop.api_dsn, "AUDITUNE_READER_DSN": shop.reader_dsn}
    assert "spool.key may be read by others" in start(AUDITUNE_HOME=str(tmp_path), **dsns)


def test_a_spool_that_is_no_folder(start, shop, tmp_path):
    (tmp_path / "spool").touch()
    dsns = {"AUDITUNE_API_DSN": shop.api_dsn, "AUDITUNE_READER_DSN": shop.reader_dsn}
    assert "Request rows cannot wait in" in start(AUDITUNE_HOME=str(tmp_path), **dsns)


@pytest.mark.parametrize("variable", ["AUDITUNE_API_DSN", "AUDITUNE_READER_DSN"])
def test_an_unreachable_warehouse(start, variable):
    sentence = start(**{variable: "postgresql://auditune_api:hunter2@127.0.0.1:1/none"})
    assert f"cannot be reached with {variable}" in sentence
    assert "hunter2" not in sentence


def test_a_dsn_that_is_none(start):
    assert "AUDITUNE_API_DSN is not a PostgreSQL DSN" in start(AUDITUNE_API_DSN="nonsense")


def test_a_certificate_without_its_key(start):
    assert "belong together" in start(AUDITUNE_TLS_CERT="/nowhere.pem")


def test_a_warehouse_that_dbt_has_not_built(start, owner):
    owner.execute("alter function privacy.keyed_hash(text) rename to keyed_hash_gone")
    try:
        assert "lacks privacy.keyed_hash(text)" in start()
    finally:
        owner.execute("alter function privacy.keyed_hash_gone(text) rename to keyed_hash")


@pytest.mark.slow
def test_no_champion_in_a_process_of_its_own(start, shop, fresh_environment):
    environment = {**fresh_environment, **shop.environment(), "AUDITUNE_API_PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, "-m", "serving"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("No adapter is champion yet")
