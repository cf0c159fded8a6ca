"""The commands beside serving: `python -m serving keys …`, `check-config` and `mcp`."""

import argparse
import os
import sys
from collections.abc import Sequence

from serving import check_config
from serving.access import key_commands
from serving.mcp.stdio import DEFAULT_URL, pass_on
from serving.startup import StartupError


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program's name.

    Returns:
        Exit status: 0 done, 1 not done, 2 a wrong value; what is wrong is one sentence on stderr.
    """
    parser = argparse.ArgumentParser(
        prog="python -m serving", description="Without a command it serves: see serving/README.md."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check-config", help="explain each setting: its value, where it comes from, what it does")
    mcp = commands.add_parser("mcp", help="be an MCP server on standard input and output, for a running API")
    mcp.add_argument("--url", default=DEFAULT_URL, help=f"where the API runs; default: {DEFAULT_URL}")
    key_commands.add_to(commands.add_parser("keys", help="make, list and revoke the keys that callers need"))
    try:
        chosen = parser.parse_args(arguments)
    except SystemExit as end:  # argparse has said what is wrong
        return int(end.code or 0)
    try:
        if chosen.command == "check-config":
            return check_config.explain(sys.stdout, sys.stderr)
        if chosen.command == "mcp":
            return pass_on(chosen.url, os.environ.get("AUDITUNE_API_KEY"))
        return key_commands.run(chosen, sys.stdout, sys.stderr)
    except StartupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
