"""What a scaffold says about the files that it did not write, and the tables that it could not read. Pure."""

from collections.abc import Sequence
from pathlib import Path


def unreadable_sentences(tables: Sequence[str]) -> list[str]:
    """Says of which tables no value was seen."""
    if not tables:
        return []
    return [
        f"No value of {', '.join(tables)} could be read (no privilege, or it takes too long): their columns are judged "
        "by their names alone, so review them all."
    ]


def left_sentences(project: Path, left: Sequence[Path], missing: Sequence[str]) -> list[str]:
    """Says which edited files were left, and which tables the edited sources' YAML does not name."""
    said = [
        f"{path.relative_to(project.parent)} was edited and is left as it is; FORCE=1 writes it anew, keeping its tags."
        for path in left
    ]
    if left and missing:
        said.append(f"Not in it, so not in the sandbox: {', '.join(missing)}.")
    return said


def stale_sentences(project: Path, stale: Sequence[Path], edited: Sequence[Path]) -> list[str]:
    """Says what became of the sandbox models of tables that are gone."""
    return [
        *(f"{path.relative_to(project.parent)} is removed: its table is gone." for path in stale),
        *(
            f"{path.relative_to(project.parent)} has no table any more: it was edited, so remove it yourself."
            for path in edited
        ),
    ]
