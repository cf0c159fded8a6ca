"""The whole benchmark: load, then train and judge on each split with the commands that everyone uses.

Called by command.py.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.benchmarks.hardware import hardware
from training.benchmarks.text_to_sql.database import load
from training.benchmarks.text_to_sql.dataset import CanonicalPair, split_name, write_split
from training.benchmarks.text_to_sql.golds import audit_before_training, usable_pairs
from training.benchmarks.text_to_sql.result import MODELS, figures, markdown
from training.benchmarks.text_to_sql.server import temporary_server
from training.benchmarks.text_to_sql.source import read_source
from training.benchmarks.text_to_sql.variants import build_suite
from training.cli import main as training_command
from training.commands import base_model_name, prepare_folder, resolve_base_model
from training.config import TrainingConfig, load_config
from training.sql.catalog import Catalog

_DSN = "AUDITUNE_SANDBOX_DSN"


class CommandEnded(Exception):
    """A training or evaluation did not succeed, and has said why; `status` is its exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The command ended with status {status}.")
        self.status = status


def run_benchmark(
    data: Path,
    out: Path,
    config_path: Path,
    base_model: str | None,
    eval_split: str,
    splits: Sequence[str],
    report: Callable[[str], object],
    candidates: int = 1,
) -> dict[str, Any]:
    """Trains and judges on each split; its folder keeps the dataset, the run and the evaluation.

    Args:
        data: The benchmark's folder.
        out: Receives a folder a split.
        config_path: Preset.
        base_model: Overrides the preset's base model.
        eval_split: The part that is judged, `dev` or `test`; the adapter never sees it.
        splits: Some of `question_split` and `query_split`.
        report: Told one line of text at a time.
        candidates: As `python -m training evaluate` takes them.

    Returns:
        The result, ready for JSON.

    Raises:
        BadInput: Something given is missing or wrong.
        TrainingFailed: The server did not start, or a part cannot be judged.
        CommandEnded: A training or an evaluation ended early.
    """
    source, config = read_source(data), load_config(config_path)
    model = resolve_base_model(config, base_model)
    prepare_folder(out)
    result = heading(data, config, model) | {
        "eval_split": eval_split,
        "base": {},
        "adapter": {},
        "pairs": {},
        "seconds": {},
    }
    started = time.monotonic()
    with temporary_server() as dsn:
        reader, catalog = load(dsn, source)
        pairs, result["unusable"] = usable_pairs(source, catalog, reader, report)
        result["seconds"]["load"] = round(time.monotonic() - started, 1)
        began = time.monotonic()
        judged = [pair.sql for pair in pairs if any(pair.source.parts[split] == eval_split for split in splits)]
        result["suite"] = build_suite(dsn, reader, catalog, judged, report)
        result["seconds"]["suite"] = round(time.monotonic() - began, 1)
        for split in splits:
            folder = out / split
            _one_split(result, folder, pairs, catalog, split, (config_path, model, reader, candidates), report)
    result["seconds"]["total"] = round(time.monotonic() - started, 1)
    save_result(out, result, markdown(result))
    return result


def heading(data: Path, config: TrainingConfig, model: str) -> dict[str, Any]:
    """Begins a result: what was measured, with what and on what.

    Args:
        data: The benchmark's folder.
        config: The preset.
        model: The base model.
    """
    return {
        "benchmark": data.resolve().name,
        "config": config.name,
        "base_model": base_model_name(model),
        "hardware": hardware(),
    }


def save_result(out: Path, result: dict[str, Any], page: str) -> None:
    """Writes result.json and result.md.

    Args:
        out: The folder.
        result: Ready for JSON.
        page: The same as Markdown.
    """
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (out / "result.md").write_text(page, encoding="utf-8")


def _one_split(
    result: dict[str, Any],
    folder: Path,
    pairs: Sequence[CanonicalPair],
    catalog: Catalog,
    split: str,
    how: tuple[Path, str, str, int],
    report: Callable[[str], object],
) -> None:
    """Trains and judges on one split, and adds what was found to the result."""
    config_path, model, reader, candidates = how
    written = write_split(folder / "dataset", pairs, catalog, split, result["eval_split"])
    audit_before_training(folder / "dataset", reader)
    report(f"{split}: {written.trained} pairs to learn from, {written.judged} to judge, {written.left_out} left out")
    shared = ["--config", str(config_path), "--data", str(folder / "dataset"), "--base-model", model]
    began = time.monotonic()
    run_command("train", *shared, "--out", str(folder / "run"))
    trained = time.monotonic()
    adapter = ["--adapter", str(folder / "run" / "adapter")]
    with sandbox_at(reader):
        run_command("evaluate", *shared, "--out", str(folder / "evaluation"), *adapter, "--candidates", str(candidates))
    rows = json.loads((folder / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))
    for name in MODELS:
        result[name][split] = figures(rows, name, split_name(split))
    result["pairs"][split] = asdict(written)
    result["seconds"][split] = {
        "training": round(trained - began, 1),
        "evaluation": round(time.monotonic() - trained, 1),
    }


@contextmanager
def sandbox_at(dsn: str) -> Iterator[None]:
    """Names a server to the evaluation, which takes it from the environment; a user's own is put back.

    Args:
        dsn: Of a role that may read the benchmark's tables.
    """
    before = os.environ.get(_DSN)
    os.environ[_DSN] = dsn
    try:
        yield
    finally:
        del os.environ[_DSN]
        os.environ.update({_DSN: before} if before else {})


def run_command(*arguments: str) -> None:
    """Runs a command of `python -m training`.

    Args:
        arguments: What follows `python -m training`.

    Raises:
        CommandEnded: It did not succeed, and has said why.
    """
    status = training_command(arguments)
    if status:
        raise CommandEnded(status)
