"""`python -m training.benchmarks ablations --data DIR`: what each lever of the road from pair to answer is worth.

Every lever of levers.py trains and is judged on one fold (fold.py) with the same preset and the same few epochs, and
is compared pair by pair with the run that differs from it in that one thing. Nothing here reads a test part. Ended
levers are kept in `--out`, so a run that was stopped goes on where it was.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from training.benchmarks.text_to_sql.ablation_table import compare, markdown
from training.benchmarks.text_to_sql.database import load
from training.benchmarks.text_to_sql.dataset import write_folder
from training.benchmarks.text_to_sql.fold import Fold, cut_fold
from training.benchmarks.text_to_sql.golds import usable_pairs
from training.benchmarks.text_to_sql.levers import LEVERS, Lever, pulled
from training.benchmarks.text_to_sql.run import heading, run_command, sandbox_at, save_result
from training.benchmarks.text_to_sql.server import temporary_server
from training.benchmarks.text_to_sql.source import read_source
from training.commands import base_model_name, prepare_folder, resolve_base_model
from training.config import TrainingConfig, config_from_dict, load_config
from training.errors import BadInput
from training.sql.catalog import Catalog

_ENDED = "lever.json"


def run_ablations(options: argparse.Namespace, report: Callable[[str], object]) -> dict[str, Any]:
    """Trains and judges lever by lever; `result.json` and `result.md` in `--out` grow with each.

    Args:
        options: What command.py declared.
        report: Told one line of text at a time.

    Returns:
        The result, ready for JSON.

    Raises:
        BadInput: Something given is missing or wrong.
        TrainingFailed: The server did not start.
        CommandEnded: A training or an evaluation ended early.
    """
    source = read_source(options.data)
    config = replace(load_config(options.config), epochs=options.epochs)
    model = resolve_base_model(config, options.base_model)
    levers = _chosen(options.lever)
    prepare_folder(options.out)
    result = heading(options.data, config, model) | {"epochs": options.epochs, "fold": options.fold, "levers": {}}
    rights: dict[str, dict[str, dict[str, bool]]] = {}
    with temporary_server() as dsn:
        reader, catalog = load(dsn, source)
        pairs, result["unusable"] = usable_pairs(source, catalog, reader, report)
        fold = cut_fold(pairs, options.fold)
        for lever in levers:
            report(f"{lever.name}:")
            with sandbox_at(reader), pulled(lever, source.ddl):
                measured = _measure(lever, fold, catalog, config, model, options.out)
            rights[lever.name] = measured["right"]
            result["levers"][lever.name] = _figures(lever, measured, rights.get(lever.against))
            save_result(options.out, result, markdown(result))
    return result


def _chosen(names: Sequence[str] | None) -> list[Lever]:
    known = [lever.name for lever in LEVERS]
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise BadInput(f"There is no lever '{unknown[0]}'; there are: {', '.join(known)}.")
    return [lever for lever in LEVERS if names is None or lever.name in names]


def _measure(
    lever: Lever, fold: Fold, catalog: Catalog, config: TrainingConfig, model: str, out: Path
) -> dict[str, Any]:
    """Trains and judges one lever, or reads what an earlier run of the same has left."""
    chosen = fold.with_raw_sql() if lever.is_raw else fold
    folder = _folder(out, lever.name)
    dataset = folder / "dataset"
    judged = {"question_split": chosen.questions, "query_split": chosen.templates}
    write_folder(dataset, catalog, chosen.training, judged)
    settings = config_from_dict(config.to_dict() | dict(lever.settings), lever.name).to_dict()
    manifest = json.loads((dataset / "manifest.json").read_text(encoding="utf-8"))
    measured_on = {"settings": settings, "base_model": base_model_name(model), **manifest}
    if (earlier := _ended(folder, measured_on)) is not None:
        return earlier
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    shared = ["--config", str(folder / "config.yaml"), "--data", str(dataset), "--base-model", model]
    run, seconds = folder / "run", None
    if lever.adapter_of is None:
        began = time.monotonic()
        run_command("train", *shared, "--out", str(run))
        seconds = round(time.monotonic() - began, 1)
    else:
        other = _folder(out, lever.adapter_of)
        if _ended(other, measured_on) is None:  # its adapter may be of other settings, or of half a training
            raise BadInput(f"'{lever.name}' judges the adapter of '{lever.adapter_of}'; run that one first.")
        run = other / "run"
    evaluated = folder / "evaluation"
    adapter = ["--adapter", str(run / "adapter"), "--model", "adapter"]
    run_command("evaluate", *shared, "--out", str(evaluated), *adapter)
    lines = (evaluated / "results.jsonl").read_text(encoding="utf-8").splitlines()
    measured = {
        "measured_on": measured_on,
        "trained": len(chosen.training),
        "training_seconds": seconds,
        "right": _right([json.loads(line) for line in lines]),
    }
    (folder / _ENDED).write_text(json.dumps(measured), encoding="utf-8")
    return measured


def _ended(folder: Path, measured_on: dict[str, Any]) -> dict[str, Any] | None:
    """What a lever that ran to its end on the same has left in its folder."""
    file = folder / _ENDED
    measured = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    return measured if measured and measured["measured_on"] == measured_on else None


def _figures(lever: Lever, measured: dict[str, Any], of_other: dict[str, dict[str, bool]] | None) -> dict[str, Any]:
    parts = {part: compare(right, of_other[part] if of_other else None) for part, right in measured["right"].items()}
    counts = {name: measured[name] for name in ("trained", "training_seconds")}
    return {"against": lever.against if of_other else None, **parts, **counts}


def _right(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, bool]]:
    """Whether each pair was answered like its gold, by split and pair."""
    right: dict[str, dict[str, bool]] = {}
    for row in rows:
        right.setdefault(row["split"], {})[row["pair_id"]] = row["execution_match"]
    return right


def _folder(out: Path, name: str) -> Path:
    return out / name.replace(" ", "_")
