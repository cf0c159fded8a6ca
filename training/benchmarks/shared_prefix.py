"""Training with the shared prefix against padded batches and against TRL's SFTTrainer, in pairs a second.

Every contestant trains the same model on the same batches with the same loss mask, adapter, type and threads, in a
process of its own; they take turns, there and back, and a warm-up step with a short schema is not counted. They must
agree on the losses. TRL runs with its default (activations recomputed in the backward pass) and without; the ratio is
to the faster. On two cores with AVX2 a step of TRL at 2,000 tokens takes nine minutes: `--steps 1 --turns 1` there.
Called by `__main__`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.util import find_spec
from statistics import median
from typing import Any

import torch

from training.benchmarks.hardware import hardware
from training.benchmarks.shared_prefix_task import MODELS, Task
from training.errors import BadInput, TrainingFailed
from training.processor import usable_dtype

_INSTALL = ".venv/bin/uv pip install --python .venv/bin/python --group bench"
_TURNS = (("ours", "padded", "trl", "trl_recomputing"), ("trl_recomputing", "trl", "padded", "ours"))
# Relative, of the warm-up and of the first timed step: later ones have learnt at TRL's schedule of rates or at ours.
_LOSS_TOLERANCE = {"float32": 1e-3, "bfloat16": 2e-2}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declares the benchmark's options."""
    parser.add_argument("--schema-lengths", type=_lengths, default=[130, 500, 1000, 2000], help="tokens, with commas")
    parser.add_argument("--batch", type=int, default=16, help="pairs a step (default: 16)")
    parser.add_argument("--steps", type=int, default=3, help="timed steps in each turn (default: 3)")
    parser.add_argument("--turns", type=int, choices=[1, 2], default=2, help="2: there and back (default)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--model", choices=MODELS, help="shapes (default: smollm2-135m, on a GPU llama-3.1-8b)")


def _lengths(text: str) -> list[int]:
    return [int(length) for length in text.split(",")]


def measure_shared_prefix(options: argparse.Namespace, report: Callable[[str], None]) -> dict[str, Any]:
    """Runs all contestants at all schema lengths.

    Args:
        options: What `add_options` declared.
        report: Called with a line of text per process.

    Returns:
        Ratios of pairs a second by schema length, and the figures behind them.

    Raises:
        BadInput: TRL is not installed, or the device is not there.
        TrainingFailed: A contestant broke, or they do not compute the same loss.
    """
    if find_spec("trl") is None:
        raise BadInput(f"This benchmark compares with TRL, which is not installed; install it with `{_INSTALL}`.")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise BadInput("There is no NVIDIA GPU here that torch can use; run with --device cpu.")
    model = options.model or ("llama-3.1-8b" if options.device == "cuda" else "smollm2-135m")
    dtype = usable_dtype("bfloat16", options.device)  # what the product would train in
    task = Task(model, 0, options.batch, options.batch, options.steps, options.device, dtype)
    result: dict[str, Any] = {
        "ratio_to_padded": {},
        "ratio_to_trl": {},
        "hardware": torch.cuda.get_device_name() if options.device == "cuda" else hardware(),
        "model": f"{model}, random weights, LoRA of rank 16 on attention",
        "dtype": task.dtype,
        "batch": options.batch,
        "steps": options.steps,
        "turns": options.turns,
        "trl": "SFTTrainer of TRL 1.16.0, the faster of gradient_checkpointing on (trl_recomputing) and off (trl)",
    }
    for length in options.schema_lengths:
        figures = _measure_length(replace(task, schema_length=length), _TURNS[: options.turns], report)
        for name, value in figures.items():
            result.setdefault(name, {})[str(length)] = value
    return result


def _measure_length(task: Task, turns: tuple[tuple[str, ...], ...], report: Callable[[str], None]) -> dict[str, Any]:
    """Measures one schema length; returns its value for each key of the result."""
    runs: dict[str, list[dict[str, Any]]] = {}
    pairs_per_pass: dict[str, int] = {}
    for turn in turns:
        for name in turn:
            run, fitting = _run(name, replace(task, pairs_per_pass=pairs_per_pass.get(name, task.batch)))
            pairs_per_pass[name] = fitting.pairs_per_pass
            runs.setdefault(name, []).append(run)
            rate = task.batch / median(run["seconds"])
            passes = "" if fitting.pairs_per_pass == task.batch else f" (passes of {fitting.pairs_per_pass}: memory)"
            report(f"schema of {task.schema_length} tokens, {name}: {rate:.3f} pairs/s{passes}")
    _require_same_loss(runs, _LOSS_TOLERANCE[task.dtype])
    rates = {name: [task.batch / s for run in of_name for s in run["seconds"]] for name, of_name in runs.items()}
    medians = {name: median(values) for name, values in rates.items()}
    ours = runs["ours"][-1]
    return {
        "ratio_to_padded": round(medians["ours"] / medians["padded"], 2),
        "ratio_to_trl": round(medians["ours"] / max(medians["trl"], medians["trl_recomputing"]), 2),
        "ratio_to_trl_default": round(medians["ours"] / medians["trl_recomputing"], 2),
        "pairs_per_second": {
            name: {"median": round(medians[name], 4), "min": round(min(values), 4), "max": round(max(values), 4)}
            for name, values in rates.items()
        },
        "pairs_per_pass": pairs_per_pass,
        "peak_memory_mib": {name: round(max(run["peak_memory_mib"] for run in runs[name])) for name in runs},
        "matrix_product_share": ours["matrix_product_share"] and round(ours["matrix_product_share"], 3),
        "matrix_rate_share": round(median(run["useful_rate"] / run["matrix_rate"] for run in runs["ours"]), 3),
    }


def _run(name: str, task: Task) -> tuple[dict[str, Any], Task]:
    """Runs a contestant, with fewer pairs a pass as long as memory does not suffice."""
    command = [sys.executable, "-m", "training.benchmarks.shared_prefix_worker", name, json.dumps(asdict(task))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        message = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise TrainingFailed(f"The contestant '{name}' broke at a schema of {task.schema_length} tokens: {message}")
    result = json.loads(lines[-1])
    if "out_of_memory" not in result:
        return result, task
    if task.pairs_per_pass == 1:
        raise TrainingFailed(f"'{name}' has not enough memory for one pair at {task.schema_length} tokens.")
    return _run(name, replace(task, pairs_per_pass=task.pairs_per_pass // 2))


def _require_same_loss(runs: dict[str, list[dict[str, Any]]], tolerance: float) -> None:
    expected = runs["padded"][0]["losses"]
    for name, of_name in runs.items():
        for run in of_name:
            for loss, of_padded in list(zip(run["losses"], expected, strict=True))[:2]:
                if abs(loss - of_padded) > tolerance * of_padded:
                    raise TrainingFailed(
                        f"A loss of '{name}' is {loss:.4f}, that of the padded batch {of_padded:.4f}: they do not "
                        "train the same, so their speed cannot be compared."
                    )
