"""metrics.jsonl: one line a step, what a run's curve is drawn from. Written by loop.py, read by plots.py."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.errors import TrainingFailed

FILE = "metrics.jsonl"


def append_step(folder: Path, step: int, loss: float, validation_loss: float | None, rate: float) -> None:
    """Adds the line of a step.

    Args:
        folder: The run's folder.
        step: Its number, from 1.
        loss: Per answer token of its pairs.
        validation_loss: Per answer token of the validation pairs, where they were read after this step.
        rate: Pairs a second.

    Raises:
        TrainingFailed: The disk is full or not writable.
    """
    row = {"step": step, "loss": loss, "validation_loss": validation_loss, "pairs_per_second": round(rate, 3)}
    with _told(folder), (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def keep_steps_up_to(folder: Path, step: int) -> None:
    """Drops the lines behind a checkpoint, and one cut short: a killed run had gone on for some steps.

    Args:
        folder: The run's folder.
        step: The checkpoint's step.

    Raises:
        TrainingFailed: The disk is full or not writable; the file is as it was.
    """
    path, partial = folder / FILE, folder / f"{FILE}.partial"
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
    with _told(folder):
        partial.write_text("".join(kept), encoding="utf-8")
        os.replace(partial, path)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TrainingFailed(
            f"{folder / FILE} cannot be written ({error.strerror}): free some disk space, then go on with --resume."
        ) from error
