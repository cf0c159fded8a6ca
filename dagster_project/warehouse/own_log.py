"""Where the connected server's own log is, for a user's own server without AUDITUNE_AUDIT_LOGS. Called by `setup.py`.

In this order: the API of AWS where the server is RDS's, the log's folder where it is on this machine, else SQL.
"""

import glob
import re
import secrets
import time
from pathlib import Path

import psycopg
from psycopg import sql

from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.server_log import OWN_LOG, find_server_logs, how_to_log, log_ending
from dagster_project.warehouse.errors import WarehouseError

_RDS_HOST = re.compile(
    r"(?P<name>[a-z][a-z0-9-]*)\.(?P<cluster>cluster-(?:ro-)?)?[a-z0-9]+\.(?P<region>[a-z0-9-]+)\.rds\.amazonaws\.com"
)
_WRITTEN_WITHIN_S = 3.0
_TAIL_BYTES = 1 << 16


def own_log(admin: psycopg.Connection, owner: psycopg.Connection) -> str:
    """Finds out how the server's own log can be read.

    Args:
        admin: Connection of the administrator.
        owner: Connection of auditune_owner, who will read it.

    Returns:
        An entry for AUDITUNE_AUDIT_LOGS: an address in RDS, a glob, or `server://`.

    Raises:
        WarehouseError: The server writes no log that auditune reads, or the owner may not read it; says what to do.
    """
    if entry := rds_entry(admin.info.host):
        return entry
    ending = log_ending(admin)
    if ending is None:
        raise WarehouseError(
            f"The server writes no log that auditune reads: {how_to_log(admin)}, or set AUDITUNE_AUDIT_LOGS."
        )
    folder = _folder(admin)
    if folder is not None and _is_here(admin, folder, ending):
        return f"{glob.escape(str(folder))}/*.{ending}*"
    try:
        find_server_logs(owner)
    except AuditLogError as error:
        raise WarehouseError(str(error)) from error
    return OWN_LOG


def rds_entry(host: str) -> str | None:
    """Returns the entry that reads the log of a host in RDS or Aurora through AWS's API; None for another host."""
    found = _RDS_HOST.fullmatch(host.lower())
    if found is None:
        return None
    scheme = "rds-cluster" if found["cluster"] else "rds"
    return f"{scheme}://{found['name']}?region={found['region']}"


def _folder(admin: psycopg.Connection) -> Path | None:
    """The log's folder as the server names it; None where the administrator may not know."""
    try:
        data, log = admin.execute(
            "select current_setting('data_directory'), current_setting('log_directory')"
        ).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return None
    folder = Path(data) / log
    return None if "," in str(folder) else folder  # the entries of AUDITUNE_AUDIT_LOGS are parted by commas


def _is_here(admin: psycopg.Connection, folder: Path, ending: str) -> bool:
    """Tells whether the folder of that name on this machine is the server's: a word of ours appears in it.

    Another server's log may lie there under the same name, and an address on this machine may lead to another one.
    """
    word = f"auditune looks for this log: {secrets.token_hex(8)}"
    admin.execute(sql.SQL("do $$ begin raise log '%', {}; end $$").format(sql.Literal(word)))
    deadline = time.monotonic() + _WRITTEN_WITHIN_S  # the log collector is a process of its own
    while True:
        try:
            if any(word.encode() in _tail(path) for path in folder.glob(f"*.{ending}")):
                return True
            if not folder.is_dir():
                return False
        except OSError:
            return False
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read()
