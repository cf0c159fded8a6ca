"""Whether every line that was read is somewhere. Called by the check `no_line_is_lost`."""

from pathlib import Path

import psycopg

_UNBALANCED = Path(__file__).with_name("unbalanced_files.sql").read_text()


def unbalanced_files(connection: psycopg.Connection) -> list[tuple[str, int, int]]:
    """Returns the files whose lines read are not those loaded, in quarantine, brought by another file, or purged.

    Args:
        connection: Of role auditune_owner.

    Returns:
        A file's name, how many lines of it must be there, and how many are.
    """
    return connection.execute(_UNBALANCED).fetchall()
