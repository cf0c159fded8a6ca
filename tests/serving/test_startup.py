"""`python -m serving` where it cannot start: one sentence, no trace, exit status 1."""

import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.serving.support import free_port

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def environment(shop, owner, fresh_environment) -> dict[str, str]:
    owner.execute("truncate raw_training.adapters, raw_training.adapter_aliases")
    return {**fresh_environment, "AUDITUNE_HOME": str(shop.home), "AUDITUNE_API_PORT": str(free_port())}


def start(environment: dict[str, str]) -> str:
    """Start the API, expect it to refuse, return its one sentence."""
    done = subprocess.run(
        [sys.executable, "-m", "serving"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert not sentence.startswith("{")
    return sentence


def test_no_settings(environment, tmp_path):
    sentence = start({**environment, "AUDITUNE_HOME": str(tmp_path)})
    assert sentence.startswith("These settings are missing or wrong: AUDITUNE_API_DSN, AUDITUNE_READER_DSN.")


def test_a_wrong_setting(environment):
    assert "AUDITUNE_API_PORT" in start({**environment, "AUDITUNE_API_PORT": "eighty"})


def test_a_taken_port(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["AUDITUNE_API_PORT"])))
        taken.listen()
        assert "Cannot listen on 127.0.0.1:" in start(environment)


@pytest.mark.parametrize("variable", ["AUDITUNE_API_DSN", "AUDITUNE_READER_DSN"])
def test_an_unreachable_warehouse(environment, variable):
    sentence = start({**environment, variable: "postgresql://auditune_api:hunter2@127.0.0.1:1/none"})
    assert f"cannot be reached with {variable}" in sentence
    assert "hunter2" not in sentence


def test_a_dsn_that_is_none(environment):
    assert "is not a DSN" in start({**environment, "AUDITUNE_API_DSN": "nonsense"})


def test_a_warehouse_that_dbt_has_not_built(environment, shop):
    with psycopg.connect(shop.dsn, autocommit=True) as owner:
        owner.execute("alter function privacy.keyed_hash(text) rename to keyed_hash_gone")
        try:
            assert "lacks privacy.keyed_hash(text)" in start(environment)
        finally:
            owner.execute("alter function privacy.keyed_hash_gone(text) rename to keyed_hash")


def test_no_champion(environment):
    assert start(environment).startswith("No adapter is champion yet")
