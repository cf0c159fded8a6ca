"""Checkpoints that survive a kill at any moment: written beside the old one, then renamed. Used by loop.py."""

import hashlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import torch

from training.errors import TrainingFailed

_CURRENT, _PREVIOUS, _PARTIAL = "checkpoint.pt", "checkpoint.previous.pt", "checkpoint.partial"
# A checkpoint starts with the SHA-256 of the rest: a file cut short is told from a whole one before it is read.
_DIGEST_BYTES = 32


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Writes a checkpoint and keeps the one before it.

    Args:
        folder: The run's folder.
        state: Tensors, numbers, strings, lists and dicts.

    Raises:
        TrainingFailed: The disk is full or not writable; the older checkpoint is still there.
    """
    partial = folder / _PARTIAL
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    try:
        with partial.open("wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
            file.flush()
            os.fsync(file.fileno())
        if (folder / _CURRENT).exists():
            os.replace(folder / _CURRENT, folder / _PREVIOUS)
        os.replace(partial, folder / _CURRENT)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise TrainingFailed(
            f"The checkpoint cannot be written to {folder}: free some disk space, then go on with --resume."
        ) from error


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Reads the newest checkpoint that is whole.

    Args:
        folder: The run's folder.

    Returns:
        The state, or None if there is no checkpoint yet. A broken one is told on stderr, and the one before it taken,
        which gets its name.

    Raises:
        TrainingFailed: There are checkpoints, but all are broken; or the folder cannot be written.
    """
    existing = [folder / name for name in (_CURRENT, _PREVIOUS) if (folder / name).is_file()]
    for path in existing:
        written = path.read_bytes()
        digest, content = written[:_DIGEST_BYTES], written[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() == digest:
            if path.name == _PREVIOUS:  # or the next save would keep the broken one for the one before it
                try:
                    os.replace(path, folder / _CURRENT)
                except OSError as error:
                    raise TrainingFailed(
                        f"{folder} cannot be written ({error.strerror}); correct its rights, then go on with --resume."
                    ) from error
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        sys.stderr.write(f"{path} is broken (its checksum is wrong) and is left out.\n")
    if existing:
        raise TrainingFailed(f"Every checkpoint in {folder} is broken; delete the folder and train again.")
    return None


def remove_checkpoints(folder: Path) -> None:
    """Removes all checkpoints of a finished run; its adapter is what stays."""
    for name in (_CURRENT, _PREVIOUS, _PARTIAL):
        (folder / name).unlink(missing_ok=True)
