"""Reads the files of questions that lie beside a data set's pairs. Called by `injection.py` and `refusal.py`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from training.errors import BadInput

_Question = TypeVar("_Question")


def load_question_file(path: Path, build: Callable[[dict[str, str]], _Question]) -> tuple[_Question, ...]:
    """Reads a file of JSON lines.

    Args:
        path: The file.
        build: Makes a question of a line's fields.

    Returns:
        The questions; none where there is no such file.

    Raises:
        BadInput: The file is broken.
    """
    if not path.is_file():
        return ()
    try:
        return tuple(build(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line)
    except (json.JSONDecodeError, KeyError) as error:
        kind = error.__class__.__name__
        raise BadInput(f"{path} is broken ({kind}); materialize the asset `dataset` again.") from None
