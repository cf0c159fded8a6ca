"""The SQL that an adapter was trained on, kept beside it: new answers mostly go on as one of these does (lookahead.py).

Without torch. Written by commands.py, released with the adapter, read where answers are written.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from training.errors import TrainingFailed

FILE = "learnt_sql.json"


def save(statements: Iterable[str], folder: Path) -> None:
    """Writes the statements into a run's folder, each once.

    Args:
        statements: As the dataset holds them, pseudonymized.
        folder: Where `adapter/` is.
    """
    text = json.dumps(list(dict.fromkeys(statements)), ensure_ascii=False, indent=0)
    (folder / FILE).write_text(f"{text}\n", encoding="utf-8")


def load(folder: Path) -> list[str]:
    """Reads the statements of a run, or of a released adapter.

    Args:
        folder: Where `adapter/` is.

    Returns:
        The statements; none where it was trained before this file was kept: its answers are the same, only later.

    Raises:
        TrainingFailed: The file is no list of texts.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        statements = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingFailed(f"{FILE} of the adapter is not valid JSON: train again.") from error
    if not isinstance(statements, list) or not all(isinstance(statement, str) for statement in statements):
        raise TrainingFailed(f"{FILE} of the adapter is no list of texts: train again.")
    return statements
