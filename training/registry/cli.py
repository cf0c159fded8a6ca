"""The registry's command. Run as: `python -m training registry list|show|promote|rollback|verify`."""

import argparse
import getpass
import json
import sys
from collections.abc import Sequence

import psycopg

from training.registry.access import verify
from training.registry.aliases import history, promote, rollback
from training.registry.records import CHAMPION, AdapterRecord, RegistryError, get_adapter, list_adapters
from training.registry.settings import RegistrySettings
from training.vault import VaultError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one registry command.

    Args:
        argv: Arguments after `python -m training registry`; None takes the process's own.

    Returns:
        Exit status: 0, or 1 with one sentence on stderr.
    """
    arguments = _parser().parse_args(argv)
    settings = RegistrySettings.from_environment()
    try:
        if settings.dsn is None:
            raise RegistryError("AUDITUNE_DSN is not set: run `make run` once, or export the warehouse's DSN.")
        with psycopg.connect(settings.dsn, autocommit=True, connect_timeout=10) as conn:
            sys.stdout.write(_answer(conn, arguments, settings) + "\n")
    except (RegistryError, VaultError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except psycopg.errors.UndefinedTable:
        sys.stderr.write("The warehouse has no registry yet: run `make run` to set it up.\n")
        return 1
    except psycopg.OperationalError:
        sys.stderr.write("The warehouse cannot be reached: start it (`make up`) or check AUDITUNE_DSN.\n")
        return 1
    return 0


def _answer(conn: psycopg.Connection, arguments: argparse.Namespace, settings: RegistrySettings) -> str:
    """Do what was asked and say so."""
    by = getpass.getuser()
    match arguments.command:
        case "list":
            return _table(conn)
        case "show":
            return _details(conn, get_adapter(conn, arguments.adapter_id))
        case "promote":
            record = promote(conn, arguments.adapter_id, alias=arguments.alias, set_by=by, reason=arguments.reason)
            return f"{arguments.alias} is {record.adapter_id} now; restart the API to serve it."
        case "rollback":
            record = rollback(conn, alias=arguments.alias, set_by=by, reason=arguments.reason)
            return f"{arguments.alias} is {record.adapter_id} again; restart the API to serve it."
        case "verify":
            records = [get_adapter(conn, arguments.adapter_id)] if arguments.adapter_id else list_adapters(conn)
            for record in records:
                verify(conn, record.adapter_id, settings.home, used_by=f"{by}: registry verify")
            return f"{len(records)} adapter(s) verified: each decrypts and holds what was released."
    raise AssertionError(arguments.command)  # argparse lets no other command through


def _table(conn: psycopg.Connection) -> str:
    moves = history(conn, CHAMPION)
    champion = moves[-1].adapter_id if moves else None
    lines = [f"{'adapter_id':<14}{'created_at':<22}{'alias':<10}{'base_model'}"]
    for record in list_adapters(conn):
        alias = CHAMPION if record.adapter_id == champion else ""
        lines.append(f"{record.adapter_id:<14}{record.created_at:%Y-%m-%d %H:%M:%S}   {alias:<10}{record.base_model}")
    return "\n".join(lines)


def _details(conn: psycopg.Connection, record: AdapterRecord) -> str:
    moves = [
        {"alias": move.alias, "set_at": move.set_at, "set_by": move.set_by, "reason": move.reason}
        for move in history(conn, CHAMPION)
        if move.adapter_id == record.adapter_id
    ]
    return json.dumps({**vars(record), "alias_moves": moves}, indent=2, default=str)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training registry", description="Released adapters and aliases.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="all adapters, newest first")
    show = commands.add_parser("show", help="one adapter with its numbers and alias moves, as JSON")
    show.add_argument("adapter_id")
    promoting = commands.add_parser("promote", help="point an alias to an adapter")
    promoting.add_argument("adapter_id")
    rolling = commands.add_parser("rollback", help="point an alias back to the adapter it held before")
    for command in (promoting, rolling):
        command.add_argument("--alias", default=CHAMPION)
        command.add_argument("--reason", required=True, help="kept with the move")
    verifying = commands.add_parser("verify", help="prove that adapters decrypt and hold what was released")
    verifying.add_argument("adapter_id", nargs="?", help="default: all")
    return parser
