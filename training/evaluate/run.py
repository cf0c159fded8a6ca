"""What `python -m training evaluate` does: generate, run in the sandbox, compare, write. Called by training/cli.py."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from training.checked import DRAWS, CheckedGenerator
from training.commands import choose_device, prepare_folder, resolve_base_model
from training.config import TrainingConfig, load_config
from training.data import Dataset, Pair, load_dataset
from training.errors import BadInput, TrainingFailed
from training.evaluate.audit import audit_evaluator
from training.evaluate.score import PairScore, Scorer
from training.evaluate.summary import summarize, text_table
from training.generate import Generator
from training.model import load_adapter, load_base
from training.plots import plot_accuracy
from training.progress import Progress
from training.sql.sandbox import Executor
from training.usage import UsageMeter

SPLITS = ("question_split", "template_split")


def run_evaluation(
    config_path: Path,
    data: Path,
    out: Path,
    base_model: str | None,
    adapter: Path | None,
    models: Sequence[str],
) -> list[str]:
    """Judges models on both held-out splits; writes evaluation.json, results.jsonl and their companions.

    Args:
        config_path: Preset.
        data: Dataset folder.
        out: Folder to write to.
        base_model: Overrides the preset's base model.
        adapter: Adapter folder; needed where `models` has `adapter`.
        models: Some of `base` and `adapter`.

    Returns:
        Lines for the terminal.

    Raises:
        BadInput: Something given is missing or wrong, or the sandbox cannot be reached.
        TrainingFailed: The evaluator failed its own audit, or the disk is full.
    """
    if "adapter" in models and adapter is None:
        raise BadInput("Give --adapter RUN_DIR/adapter, or judge only the base model with --model base.")
    meter, started = UsageMeter(), datetime.now(UTC)
    config, dataset = load_config(config_path), load_dataset(data)
    splits = {split: dataset.held_out(split) for split in SPLITS}
    splits = {split: pairs for split, pairs in splits.items() if pairs}
    if not splits:
        raise BadInput(f"{data} holds out no pair to judge on; build the dataset with test splits.")
    prepare_folder(out)
    device = choose_device(config)
    rows: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    try:
        with Executor(_sandbox_dsn(), _sandbox_path(dataset)) as executor:
            scorer = Scorer(dataset.catalog, dataset.pairs, executor)
            audits = {split: audit_evaluator(scorer, pairs) for split, pairs in splits.items()}
            for model in models:
                folder = adapter if model == "adapter" else None
                answers = _answer(config, dataset, splits, resolve_base_model(config, base_model), folder, device)
                for split, pairs in splits.items():
                    scores = [scorer.score(pair, sql) for pair, (sql, _) in zip(pairs, answers[split], strict=True)]
                    rows += summarize(model, split, pairs, scores)
                    results += _result_rows(model, split, pairs, answers[split], scores)
    except psycopg.OperationalError as error:
        # `from None`: the driver's message holds the DSN's parts.
        kind = error.__class__.__name__
        raise BadInput(
            f"The sandbox cannot be reached ({kind}); is AUDITUNE_SANDBOX_DSN right and the server up?"
        ) from None
    usage = {
        "started_at": started.isoformat(),
        "finished_at": datetime.now(UTC).isoformat(),
        **meter.figures(device),
        "pairs": len(results),
        "tokens": None,
    }
    _write(out, rows, results, audits, usage)
    return text_table(rows)


def _answer(
    config: TrainingConfig,
    dataset: Dataset,
    splits: dict[str, tuple[Pair, ...]],
    source: str,
    adapter: Path | None,
    device: str,
) -> dict[str, list[tuple[str, float]]]:
    """Generates the SQL of every held-out question with one model; returns SQL and milliseconds by split."""
    # Judged in full precision of its type: a 4-bit base is a device of training, the merged model is what is served.
    model, tokenizer = load_base(source, config.dtype, device=device)
    if adapter is not None:
        model = load_adapter(model, adapter)
    plain = Generator(model, tokenizer, dataset.catalog, config.max_new_tokens, config.generation_batch)
    # Nearly all that the base model writes is refused: drawing it again would take minutes and help nobody.
    generator = CheckedGenerator(plain, dataset.catalog, draws=0 if adapter is None else DRAWS)
    label = "answering with the adapter" if adapter is not None else "answering with the base model"
    progress = Progress(label, sum(map(len, splits.values())), "questions")
    return {
        split: _answer_split(generator, pairs, config.generation_batch, progress) for split, pairs in splits.items()
    }


def _answer_split(
    generator: CheckedGenerator, pairs: Sequence[Pair], batch: int, progress: Progress
) -> list[tuple[str, float]]:
    """Answers in batches of questions of near length; a question's time is its batch's time, shared equally."""
    order = sorted(range(len(pairs)), key=lambda index: len(pairs[index].question))
    answers: list[tuple[str, float]] = [("", 0.0)] * len(pairs)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        began = time.monotonic()
        generations = generator.generate([pairs[index].question for index in chosen])
        each = (time.monotonic() - began) * 1000 / len(chosen)
        for index, generation in zip(chosen, generations, strict=True):
            answers[index] = (generation.sql, each)
        progress.advance(len(chosen))
    return answers


def _result_rows(
    model: str, split: str, pairs: Sequence[Pair], answers: Sequence[tuple[str, float]], scores: Sequence[PairScore]
) -> list[dict[str, Any]]:
    return [
        {"model": model, "split": split, "pair_id": pair.id, "predicted_sql": sql, **asdict(score), "generation_ms": ms}
        for pair, (sql, ms), score in zip(pairs, answers, scores, strict=True)
    ]


def _write(out: Path, rows: list[dict], results: list[dict], audits: dict, usage: dict) -> None:
    """Writes all files; evaluation.json last, since its presence says that the evaluation is whole."""
    try:
        lines = "".join(json.dumps(row) + "\n" for row in results)
        (out / "results.jsonl").write_text(lines, encoding="utf-8")
        (out / "audit.json").write_text(json.dumps(audits, indent=2) + "\n", encoding="utf-8")
        (out / "usage.json").write_text(json.dumps(usage, indent=2) + "\n", encoding="utf-8")
        plot_accuracy(rows, out / "accuracy.png")
        (out / "evaluation.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise TrainingFailed(
            f"The evaluation cannot be written to {out} ({error.strerror}); free some disk space."
        ) from error


def _sandbox_dsn() -> str:
    dsn = os.environ.get("AUDITUNE_SANDBOX_DSN")
    if not dsn:
        raise BadInput("AUDITUNE_SANDBOX_DSN is not set; run `. .auditune/env` first, or `make run`.")
    return dsn


def _sandbox_path(dataset: Dataset) -> str:
    return ",".join(f"sandbox_{schema}" for schema in dataset.catalog.business_schemas)
