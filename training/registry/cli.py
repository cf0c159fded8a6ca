"""The registry's command. Run as: `python -m training registry list|show|promote|rollback|verify|rotate-key`."""

import argparse
import getpass
import json
import sys
from collections import defaultdict
from collections.abc import Sequence

import psycopg

from training.registry.access import verify
from training.registry.aliases import find, list_aliases, moves_of, promote, rollback
from training.registry.records import CHAMPION, AdapterRecord, RegistryError, list_adapters
from training.registry.rotation import Rotation, rotate_key
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
            return _details(conn, find(conn, arguments.adapter))
        case "promote":
            adapter_id = find(conn, arguments.adapter).adapter_id
            promote(conn, adapter_id, alias=arguments.alias, set_by=by, reason=arguments.reason)
            return f"{arguments.alias} is {adapter_id} now{_hint(arguments.alias)}."
        case "rollback":
            record = rollback(conn, alias=arguments.alias, set_by=by, reason=arguments.reason)
            return f"{arguments.alias} is {record.adapter_id} again{_hint(arguments.alias)}."
        case "verify":
            records = [find(conn, arguments.adapter)] if arguments.adapter else list_adapters(conn)
            for record in records:
                verify(conn, record.adapter_id, settings.home, used_by=f"{by}: registry verify")
            return f"{len(records)} adapter(s) verified: each decrypts and holds what was released."
        case "rotate-key":
            arn = settings.kms_key_arn or None
            rotation = rotate_key(conn, settings.home, used_by=f"{by}: registry rotate-key", kms_key_arn=arn)
            return _rotated(rotation)
    raise AssertionError(arguments.command)  # argparse lets no other command through


def _hint(alias: str) -> str:
    return "; a running API takes it by itself" if alias == CHAMPION else ""


def _rotated(rotation: Rotation) -> str:
    told = f"{len(rotation.encrypted)} adapter(s) encrypted anew: the key is {rotation.key_id} now."
    if rotation.lost:
        told += f" Left out, for their files are missing: {', '.join(rotation.lost)}."
    return told


def _table(conn: psycopg.Connection) -> str:
    aliases = defaultdict(list)
    for alias, adapter_id in list_aliases(conn).items():
        aliases[adapter_id].append(alias)
    rows = [
        (
            record.adapter_id,
            f"{record.created_at:%Y-%m-%d %H:%M:%S}",
            ",".join(aliases[record.adapter_id]),
            record.base_model,
        )
        for record in list_adapters(conn)
    ]
    width = max([len("aliases"), *(len(row[2]) for row in rows)])
    lines = [("adapter_id", "created_at", "aliases", "base_model"), *rows]
    return "\n".join(f"{line[0]:<12}  {line[1]:<19}  {line[2]:<{width}}  {line[3]}" for line in lines)


def _details(conn: psycopg.Connection, record: AdapterRecord) -> str:
    moves = [
        {"alias": move.alias, "set_at": move.set_at, "set_by": move.set_by, "reason": move.reason}
        for move in moves_of(conn, record.adapter_id)
    ]
    return json.dumps({**vars(record), "alias_moves": moves}, indent=2, default=str)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training registry", description="Released adapters and aliases.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="all adapters, newest first")
    show = commands.add_parser("show", help="one adapter with its numbers and alias moves, as JSON")
    show.add_argument("adapter", help="id or alias")
    promoting = commands.add_parser("promote", help="point an alias to an adapter")
    promoting.add_argument("adapter", help="id, or the alias that it has now")
    rolling = commands.add_parser("rollback", help="point an alias back to the adapter it held before")
    for command in (promoting, rolling):
        command.add_argument("--alias", default=CHAMPION, help="champion, challenger or any name; default: champion")
        command.add_argument("--reason", required=True, help="kept with the move")
    verifying = commands.add_parser("verify", help="prove that adapters decrypt and hold what was released")
    verifying.add_argument("adapter", nargs="?", help="id or alias; default: all")
    commands.add_parser("rotate-key", help="encrypt all adapters with a new key, and give the old one up")
    return parser
