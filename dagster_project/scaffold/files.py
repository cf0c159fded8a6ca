"""Written files, and what a person has done to them since: a file that was edited is never overwritten unasked.

A file's first line holds a checksum of the rest. As long as it is right, nobody has edited the file and it may be
written anew; a file without one, or with a wrong one, is a person's. A sandbox model is one line and has no room for
it: there, any other content than the one that would be written is a person's.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

_MARK = "checksum: "


class State(Enum):
    """What a file is, before it is written."""

    MISSING = "missing"
    SAME = "same"
    OURS = "ours"
    EDITED = "edited"


@dataclass(frozen=True)
class Planned:
    """A file to be written.

    Attributes:
        path: where.
        content: what, without the first line.
        is_marked: the first line holds the checksum; false for the one-line models.
    """

    path: Path
    content: str
    is_marked: bool = True

    @property
    def text(self) -> str:
        """The whole file."""
        return marked(self.path, self.content) if self.is_marked else self.content

    @property
    def state(self) -> State:
        """What is there now."""
        if not self.path.exists():
            return State.MISSING
        present = self.path.read_text(encoding="utf-8")
        if present == self.text:
            return State.SAME
        return State.OURS if self.is_marked and is_unedited(present) else State.EDITED


@dataclass
class Outcome:
    """What was done: paths of the files that were written, found the same, and left because they were edited."""

    written: list[Path] = field(default_factory=list)
    same: list[Path] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)

    def __add__(self, other: "Outcome") -> "Outcome":
        """Both together."""
        return Outcome(self.written + other.written, self.same + other.same, self.left + other.left)


def write_all(planned: list[Planned], may_overwrite: Callable[[Path], bool]) -> Outcome:
    """Writes what may be written.

    Args:
        planned: the files.
        may_overwrite: asked about each edited file.
    """
    outcome = Outcome()
    for file in planned:
        state = file.state
        if state is State.SAME:
            outcome.same.append(file.path)
        elif state is State.EDITED and not may_overwrite(file.path):
            outcome.left.append(file.path)
        else:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_text(file.text, encoding="utf-8")
            outcome.written.append(file.path)
    return outcome


def marked(path: Path, content: str) -> str:
    """Returns the content under the line with its checksum, as a comment of the file's kind."""
    line = f"Written by `make scaffold`; edit it and it is yours. {_MARK}{_checksum(content)}"
    return f"{{#- {line} -#}}\n{content}" if path.suffix == ".sql" else f"# {line}\n{content}"


def is_unedited(text: str) -> bool:
    """Tells whether a text is as `marked` made it."""
    first, _, content = text.partition("\n")
    return f"{_MARK}{_checksum(content)}" in first


def _checksum(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]
