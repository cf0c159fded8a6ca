"""Real training processes for the tests, forked from one that has torch loaded: each starts in milliseconds."""

import multiprocessing
import os
import pkgutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["training.commands", "matplotlib.pyplot", "tests.training.training_process"])


def write_config(path: Path, **settings: object) -> Path:
    """Writes a preset for the tiny model that saves a checkpoint at each step."""
    common = {
        "name": "test", "base_model": "random:tiny", "dtype": "float32", "lora_targets": "all-linear", "lora_rank": 4,
        "lora_alpha": 8, "learning_rate": 1e-2, "epochs": 3, "batch_size": 8, "gradient_accumulation": 1,
        "max_new_tokens": 8, "validate_every": 0.5, "checkpoint_minutes": 1e-9,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(common | settings))
    return path


def start_training(config: Path, data: Path, out: Path, *more: str, mark: str = "") -> multiprocessing.Process:
    """Starts `python -m training train`.

    Args:
        config: Preset.
        data: Dataset folder.
        out: Run folder; what the process says on stderr is in `<out>.stderr`.
        *more: More arguments, such as `--resume`.
        mark: Dotted name of a function; `<out>.mark` appears when it is called for the first time.
    """
    arguments = ["train", "--config", str(config), "--data", str(data), "--out", str(out), *more]
    process = _CONTEXT.Process(target=_main, args=(arguments, str(out), mark))
    process.start()
    return process


def wait_for(condition: Callable[[], bool], process: multiprocessing.Process | subprocess.Popen) -> bool:
    """Waits until a condition holds; False if the process ended before."""
    while not condition():
        is_over = process.poll() is not None if isinstance(process, subprocess.Popen) else not process.is_alive()
        if is_over:
            return False
        time.sleep(0.0005)
    return True


def _main(arguments: list[str], out: str, mark: str) -> None:
    import torch

    from training.cli import main

    torch.set_num_threads(1)
    descriptor = os.open(f"{out}.stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 2)
    if mark:
        _mark_first_call(mark, Path(f"{out}.mark"))
    sys.exit(main(arguments))


def _mark_first_call(name: str, marker: Path) -> None:
    owner_name, _, function_name = name.rpartition(".")
    owner = pkgutil.resolve_name(owner_name)
    real = getattr(owner, function_name)

    def marking(*arguments, **named):
        marker.touch()
        return real(*arguments, **named)

    setattr(owner, function_name, marking)
