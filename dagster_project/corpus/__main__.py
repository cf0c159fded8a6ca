"""`python -m dagster_project.corpus import|export|rotate-key`: what `make import-pairs` and its like run.

Import prints one JSON object a line of the file and nothing else on standard output; what goes on is told on standard
error. Exit status 0 done (a rejected line is a verdict, not a failure), 1 the warehouse or dbt failed, 2 the file, the
folder or the format is wrong.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import psycopg

from dagster_project.corpus.errors import ExportError, ImportFileError
from dagster_project.corpus.export_pairs import FORMATS, export_pairs
from dagster_project.corpus.import_pairs import import_pairs
from dagster_project.corpus.key_rotation import rotate_key
from dagster_project.dbt_manifest import DbtError
from dagster_project.embedded.errors import EmbeddedError
from dagster_project.warehouse.entry import open_warehouse
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.settings import Warehouse


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: the command line without the program's name; default the process's own.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m dagster_project.corpus", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    importing = commands.add_parser("import", help="import a file of pairs")
    importing.add_argument("file", help="JSON lines or CSV with question, sql and, if you like, id")
    exporting = commands.add_parser("export", help="write the corpus as files that trainers read")
    exporting.add_argument("--out", default="", help="folder; default exports/ in the state folder")
    exporting.add_argument("--format", default="", help=f"one of {', '.join(FORMATS)}; default all")
    commands.add_parser("rotate-key", help="make a new key of the pseudonyms, and everything that depends on it anew")
    options = parser.parse_args(arguments)
    try:
        if options.command == "import":
            _import(options.file)
        elif options.command == "rotate-key":
            rotate_key(_open(), _tell)
        else:
            _export(options.out, options.format)
    except (ImportFileError, ExportError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (EmbeddedError, WarehouseError, DbtError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except psycopg.Error as error:
        # The server's own message may quote a value.
        code = error.sqlstate or error.__class__.__name__
        sys.stderr.write(f"The warehouse failed ({code}): run the command again.\n")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; nothing more to flush
        return 1
    return 0


def _import(file: str) -> None:
    if not file:
        raise ImportFileError("Say which file to import: make import-pairs FILE=pairs.jsonl")
    path = Path(file)
    if not path.is_file():
        raise ImportFileError(f"There is no file {path}: give the path of a .jsonl or .csv file.")
    counts = {"accept": 0, "reject": 0}
    for verdict in import_pairs(_open(), path, _tell):
        counts[verdict["verdict"]] += 1
        sys.stdout.write(json.dumps(verdict) + "\n")
    sys.stdout.flush()
    _tell(f"{counts['accept']} accepted, {counts['reject']} rejected.")


def _export(out: str, format_name: str) -> None:
    if format_name and format_name not in FORMATS:
        raise ExportError(f"There is no format {format_name}: use {', '.join(FORMATS)}, or none for all of them.")
    warehouse = _open()
    folder = Path(out) if out else warehouse.home / "exports"
    for written in export_pairs(warehouse, folder, (format_name,) if format_name else FORMATS):
        _tell(written)


def _open() -> Warehouse:
    opened = open_warehouse()
    for note in opened.notes:
        _tell(note)
    os.environ.update(opened.warehouse.environment())
    return opened.warehouse


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
