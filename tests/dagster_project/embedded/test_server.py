"""The embedded server as it is really started, stopped, killed and broken."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from dagster_project.embedded.errors import EmbeddedError
from dagster_project.embedded.placement import shelter_path
from dagster_project.embedded.port import free_port
from dagster_project.embedded.server import Server, remove, start, status, stop
from dagster_project.embedded.settings import REPOSITORY, EmbeddedSettings
from tests.embedded_settings import embedded_settings


def query(server: Server, statement: str, *parameters: object) -> list[tuple]:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        cursor = conn.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def wait_until_stopped(settings: EmbeddedSettings) -> None:
    deadline = time.monotonic() + 10
    while status(settings).state == "running" and time.monotonic() < deadline:
        time.sleep(0.02)


def test_life_of_a_server(guarded_home: Path) -> None:
    settings = embedded_settings(guarded_home)
    assert status(settings).state == "absent"

    server = start(settings)
    first = status(settings)
    assert (first.state, first.port) == ("running", server.port)
    assert query(server, "select current_user") == [("auditune_admin",)]
    assert (guarded_home / "embedded.json").stat().st_mode & 0o777 == 0o600
    assert first.pid is not None
    assert os.getsid(first.pid) != os.getsid(0), "Ctrl-C in this terminal would stop the server"

    assert start(settings).port == server.port
    assert status(settings).pid == first.pid, "a second start must leave the running server alone"

    assert stop(settings) is True
    assert status(settings).state == "stopped"
    assert stop(settings) is False
    assert start(settings).port == server.port, "the port is chosen once and kept"


def test_listens_only_where_it_should(guarded_home: Path) -> None:
    server = start(embedded_settings(guarded_home))
    assert query(server, "select inet_server_addr()::text") == [("127.0.0.1/32",)]
    assert query(server, "show unix_socket_directories") == [("",)]
    wrong = server.dsn("postgres").replace(server.password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_log_holds_statement_and_parameters(guarded_home: Path) -> None:
    server = start(embedded_settings(guarded_home))
    query(server, "select %s::text as looked_for", "x" * 3000)
    found: list[dict] = []
    deadline = time.monotonic() + 10
    while not found and time.monotonic() < deadline:  # the collector is a process of its own, a moment behind
        text = "".join(log.read_text() for log in server.log_folder.glob("*.json"))
        found = [json.loads(line) for line in text.splitlines() if "looked_for" in line and line.endswith("}")]
    assert len(found) == 1
    assert "x" * 3000 in found[0]["detail"], "a long parameter must not be cut"


def test_killed_server_comes_back_with_its_data(guarded_home: Path) -> None:
    settings = embedded_settings(guarded_home)
    server = start(settings)
    query(server, "create table kept as select 42 as answer")
    pid = status(settings).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until_stopped(settings)
    assert status(settings).state == "stopped"

    again = start(settings)
    assert query(again, "select answer from kept") == [(42,)]
    assert any("not shut down properly" in note for note in again.notes)


def test_foreign_process_with_the_recorded_number_is_no_obstacle(guarded_home: Path) -> None:
    settings = embedded_settings(guarded_home)
    start(settings)
    stop(settings)
    (guarded_home / "pgdata" / "postmaster.pid").write_text(f"{os.getpid()}\n{guarded_home}/pgdata\n1\n1\n\n\n")
    assert status(settings).state == "stopped"
    assert stop(settings) is False, "it must never signal another program"
    assert query(start(settings), "select 1") == [(1,)]


def test_taken_port_is_left_for_another(guarded_home: Path) -> None:
    settings = embedded_settings(guarded_home)
    old = start(settings)
    stop(settings)
    with socket.create_server(("127.0.0.1", old.port)):
        moved = start(settings)
    assert moved.port != old.port
    assert any(str(old.port) in note and str(moved.port) in note for note in moved.notes)
    assert query(moved, "select 1") == [(1,)]


def test_taken_fixed_port_is_a_sentence(guarded_home: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(EmbeddedError, match=rf"Port {port} .* is taken"):
        start(embedded_settings(guarded_home, fixed_port=port))
    assert start(embedded_settings(guarded_home, fixed_port=port)).port == port, "the next run goes on from there"


def test_half_finished_creation_is_begun_anew(guarded_home: Path) -> None:
    settings = embedded_settings(guarded_home)
    (guarded_home / "pgdata.new" / "base").mkdir(parents=True)
    (guarded_home / "pgdata.new" / "PG_VERSION").write_text("18\n")
    (guarded_home / "pgdata.password").write_text("left over")
    assert query(start(settings), "select 1") == [(1,)]
    assert not (guarded_home / "pgdata.new").exists()
    assert not (guarded_home / "pgdata.password").exists()


def test_cluster_of_another_version_is_a_sentence(guarded_home: Path) -> None:
    settings = embedded_settings(guarded_home)
    start(settings)
    stop(settings)
    (guarded_home / "pgdata" / "PG_VERSION").write_text("13\n")
    with pytest.raises(EmbeddedError, match=r"created by PostgreSQL 13.*make clean"):
        start(settings)


def test_lost_password_file_is_a_sentence(guarded_home: Path) -> None:
    settings = embedded_settings(guarded_home)
    start(settings)
    stop(settings)
    (guarded_home / "embedded.json").unlink()
    with pytest.raises(EmbeddedError, match="password file is gone"):
        start(settings)


def test_two_starts_at_once_give_one_server(guarded_home: Path, fresh_environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "dagster_project.embedded", "start"]
    environ = {**fresh_environment, "AUDITUNE_HOME": str(guarded_home)}
    starts = [subprocess.Popen(command, cwd=REPOSITORY, env=environ, stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in starts]
    assert [process.returncode for process in starts] == [0, 0]
    assert said[0] == said[1]


def test_command_line_says_what_is(guarded_home: Path, fresh_environment: dict[str, str]) -> None:
    def run(command: str) -> tuple[int, str]:
        answer = subprocess.run(
            [sys.executable, "-m", "dagster_project.embedded", command],
            cwd=REPOSITORY,
            env={**fresh_environment, "AUDITUNE_HOME": str(guarded_home)},
            capture_output=True,
            text=True,
            check=False,
        )
        return answer.returncode, answer.stdout

    assert run("status") == (3, "The warehouse is absent.\n")
    assert run("start")[0] == 0
    assert run("status")[0] == 0
    assert run("stop") == (0, "The warehouse is stopped.\n")
    assert run("stop") == (0, "The warehouse was not running.\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs under another account")
def test_home_that_the_account_cannot_enter(guarded_home: Path) -> None:
    guarded_home.chmod(0o700)
    settings = embedded_settings(guarded_home)
    server = start(settings)
    assert query(server, "select 1") == [(1,)]
    assert (guarded_home / "pgdata").is_symlink()
    assert guarded_home.stat().st_mode & 0o777 == 0o700, "the folder's permissions are the user's"
    assert list(server.log_folder.glob("*.json")), "the log is found through the link"
    assert start(settings).port == server.port

    remove(settings)
    assert status(settings).state == "absent"
    assert not shelter_path(guarded_home).exists()
    assert not (guarded_home / "pgdata").is_symlink()


@pytest.mark.skipif(shutil.which("postgres") is None, reason="the machine has no PostgreSQL of its own")
def test_another_postgresql(guarded_home: Path) -> None:
    binary = shutil.which("postgres")
    assert binary is not None
    server = start(EmbeddedSettings(guarded_home, pg_bin=Path(binary).resolve().parent, is_durable=False))
    assert query(server, "show compute_query_id") == [("on",)]
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    assert query(server, "show server_version")[0][0].split()[0] in said
