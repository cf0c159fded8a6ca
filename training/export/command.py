"""What `python -m training export` does: find the adapter, write it beside its place, move it there. Called by cli.py.

The finished folder or file appears whole or not at all: a full disk or a kill leaves nothing under the name of `--out`.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError

from training.errors import BadInput, TrainingFailed
from training.export.folders import name_for_others, write_merged, write_peft
from training.export.gguf_file import write_gguf
from training.export.source import AdapterSource, open_adapter
from training.model import load_adapter, load_base

MERGED_TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def run_export(export_format: str, adapter: str, out: Path, weight_type: str | None, base_model: str | None) -> str:
    """Writes an adapter in the form that another program reads.

    Args:
        export_format: `merged`, `gguf` or `peft`.
        adapter: Folder of an adapter or of its run, or an id or alias in the registry.
        out: Folder to write; for GGUF a file.
        weight_type: `f32`, `f16`, `bf16` or, for gguf, `q8_0`; None is bf16. Not for peft, which keeps its weights.
        base_model: Base model to merge with; for peft the Hugging Face id that others load. None: the adapter's own.

    Returns:
        One sentence that says what was written.

    Raises:
        BadInput: Something given is missing, unknown or in the way.
        TrainingFailed: The adapter cannot be decrypted, or the disk is full.
    """
    _check_type(export_format, weight_type)
    _check_place(export_format, out)
    with open_adapter(adapter) as source, _finished_at(out) as partial:
        if export_format == "peft":
            write_peft(source.folder, partial, name_for_others(base_model or source.base_model))
        else:
            _write_model(export_format, source, base_model, partial, weight_type or "bf16")
    return f"The adapter {source.name} is in {out} ({export_format})."


def _write_model(
    export_format: str, source: AdapterSource, base_model: str | None, target: Path, weight_type: str
) -> None:
    # Merged in float32, so that weights are rounded once, to the type asked for; bf16 needs half the memory and is
    # the type in which the adapter was trained.
    dtype = "bfloat16" if weight_type == "bf16" else "float32"
    model, tokenizer = load_base(base_model or source.find_base_model(), dtype)
    model = load_adapter(model, source.folder)
    if export_format == "merged":
        write_merged(model.to(MERGED_TYPES[weight_type]), tokenizer, target)
    else:
        write_gguf(model, tokenizer, target, weight_type, f"{source.base_model} with {source.name}")


def _check_type(export_format: str, weight_type: str | None) -> None:
    if export_format == "peft" and weight_type is not None:
        raise BadInput("--type is for merged and gguf: a peft folder keeps the weights as they were trained.")
    if export_format == "merged" and weight_type not in (None, *MERGED_TYPES):
        raise BadInput(f"A merged model cannot be of type {weight_type}: choose {', '.join(MERGED_TYPES)}, or gguf.")


def _check_place(export_format: str, out: Path) -> None:
    if export_format == "gguf":
        if out.suffix != ".gguf":
            raise BadInput(f"{out} is no name for a GGUF file: give --out a file that ends in .gguf.")
        if out.exists():
            raise BadInput(f"{out} exists already: remove it, or give another --out.")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out} exists already and is no empty folder: remove it, or give another --out.")


@contextmanager
def _finished_at(out: Path) -> Iterator[Path]:
    """Gives a path beside `out` to write to, and moves what is there to `out` in the end."""
    workspace = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        workspace = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        partial = workspace / out.name
        yield partial
        partial.rename(out)
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TrainingFailed(
            f"The export cannot be written to {out} ({reason}): free some disk space, or give another --out."
        ) from error
    finally:
        if workspace is not None:
            shutil.rmtree(workspace, ignore_errors=True)
