"""What `python -m training evaluate` does: generate, run in the sandbox, compare, write. Called by training/cli.py."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from training.commands import choose_device, prepare_folder, resolve_base_model
from training.confidence import FILE as CALIBRATION_FILE
from training.confidence import Calibration
from training.config import load_config
from training.data import Dataset, Pair, load_dataset
from training.errors import BadInput, TrainingFailed
from training.evaluate.answering import Answered, Model
from training.evaluate.audit import audit_evaluator, audit_split
from training.evaluate.candidates import candidate_scores
from training.evaluate.injection import FILE, Injection, audit_injections, load_injections, score_injection
from training.evaluate.refusal import FILE as UNANSWERABLE_FILE
from training.evaluate.refusal import RefusalJudge, Unanswerable, answer_row, fit, load_unanswerable, refusal_scores
from training.evaluate.score import Scorer
from training.evaluate.suite.score import TestSuite
from training.evaluate.summary import summarize, summarize_injections, tags_of, text_table
from training.plots import plot_accuracy
from training.sql.difficulty import difficulty
from training.sql.sandbox import Executor
from training.sql.schema_names import sandbox_names
from training.usage import UsageMeter

SPLITS = ("question_split", "template_split")


@dataclass
class _Findings:
    """What an evaluation has found so far, as the rows of its files."""

    scores: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    injections: list[dict[str, Any]] = field(default_factory=list)
    unanswerable: list[dict[str, Any]] = field(default_factory=list)
    calibration: Calibration | None = None


def run_evaluation(
    config_path: Path,
    data: Path,
    out: Path,
    base_model: str | None,
    adapter: Path | None,
    models: Sequence[str],
    candidates: int = 1,
) -> list[str]:
    """Judges models on both held-out splits and on the injection questions; writes evaluation.json and its companions.

    Args:
        config_path: Preset.
        data: Dataset folder.
        out: Folder to write to.
        base_model: Overrides the preset's base model.
        adapter: Adapter folder; needed where `models` has `adapter`.
        models: Some of `base` and `adapter`.
        candidates: Above 1, the adapter's accuracy is also measured where so many answers are run and their results
            decide.

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
    injections, unanswerable = load_injections(data), load_unanswerable(data)
    source, device = resolve_base_model(config, base_model), choose_device(config)
    findings, tokens = _Findings(), 0
    try:
        with (
            Executor.standing_in(_sandbox_dsn(), sandbox_names(dataset.catalog.business_schemas)) as executor,
            TestSuite.connect(_sandbox_dsn(), dataset.catalog.business_schemas) as suite,
        ):
            scorer = Scorer(dataset.catalog, dataset.pairs, executor, suite.matches if suite.names else None)
            audits = {
                split: audit_split(dataset, split) | audit_evaluator(scorer, pairs) for split, pairs in splits.items()
            }
            audit_injections(injections, dataset.catalog)
            for name in models:
                # The base model is judged for comparison and never served: attacks on it would only take time.
                attacks = injections if name == models[-1] else ()
                folder, label = (adapter, "the adapter") if name == "adapter" else (None, "the base model")
                model = Model(config, dataset.catalog, source, folder, device, label)
                doubtful = unanswerable if name == "adapter" else ()  # it is served; the base model is not
                dev = dataset.development if doubtful else ()
                answers = _answer_all(model, {**splits, "dev": dev}, (*attacks, *doubtful))
                tokens += model.tokens
                for split, pairs in splits.items():
                    near = frozenset(audits[split]["near_duplicates"])
                    _judge(findings, name, split, pairs, answers, scorer, near)
                if name == "adapter" and candidates > 1:
                    how = (scorer, executor, dataset.catalog)
                    findings.scores += candidate_scores(name, model, splits, answers, candidates, how)
                _judge_injections(findings, name, attacks, answers, dataset, executor)
                judge = RefusalJudge(dataset.catalog, scorer, answers)
                _judge_refusal(findings, name, judge, dev, splits.get(SPLITS[0], ()), doubtful)
    except psycopg.OperationalError as error:
        # `from None`: the driver's message holds the DSN's parts.
        kind = error.__class__.__name__
        raise BadInput(
            f"The sandbox cannot be reached ({kind}); is AUDITUNE_SANDBOX_DSN right and the server up?"
        ) from None
    # With each row, so that a file and a table say alike which test databases an evaluation was made on.
    findings.scores = [row | {"suite_hash": suite.suite_hash} for row in findings.scores]
    usage = {
        "started_at": started.isoformat(),
        "finished_at": datetime.now(UTC).isoformat(),
        **meter.figures(device),
        "pairs": len(findings.results),
        "tokens": tokens,
    }
    _write(out, findings, audits, usage)
    skipped = [] if injections else [f"No attack was tried: {data} has no {FILE}; the asset `dataset` writes it."]
    if findings.calibration is None:
        needed = f"{UNANSWERABLE_FILE} in {data}, and enough right and wrong answers of the dev part"
        skipped.append(f"No answer will be refused for being unsure: to fit that takes {needed}.")
    return text_table(findings.scores) + skipped


def _answer_all(
    model: Model, splits: dict[str, tuple[Pair, ...]], others: Sequence[Injection | Unanswerable]
) -> dict[str, Answered]:
    """Answers each question once, whatever it is for."""
    asked = [pair.question for pairs in splits.values() for pair in pairs] + [other.question for other in others]
    questions = list(dict.fromkeys(asked))
    return dict(zip(questions, model.answer(questions, "questions"), strict=True))


def _judge(
    findings: _Findings,
    model: str,
    split: str,
    pairs: Sequence[Pair],
    answers: dict[str, Answered],
    scorer: Scorer,
    near_duplicates: frozenset[str],
) -> None:
    given = [answers[pair.question] for pair in pairs]
    scores = [scorer.score(pair, answer) for pair, answer in zip(pairs, given, strict=True)]
    milliseconds = [answer.milliseconds for answer in given]
    findings.scores += summarize(model, split, pairs, scores, milliseconds, near_duplicates)
    findings.results += [
        {
            "model": model,
            "split": split,
            "pair_id": pair.id,
            "predicted_sql": answer.sql,
            **asdict(score),
            "difficulty": difficulty(pair.sql),
            "categories": tags_of(pair, near_duplicates),
            "generation_ms": answer.milliseconds,
        }
        for pair, answer, score in zip(pairs, given, scores, strict=True)
    ]


def _judge_injections(
    findings: _Findings,
    model: str,
    attacks: Sequence[Injection],
    answers: dict[str, Answered],
    dataset: Dataset,
    executor: Executor,
) -> None:
    if not attacks:
        return
    scores = [score_injection(answers[attack.question], dataset.catalog, executor) for attack in attacks]
    findings.scores += summarize_injections(model, attacks, scores)
    findings.injections += [
        {
            "model": model,
            "question_id": attack.id,
            "category": attack.category,
            "predicted_sql": answers[attack.question].sql,
            **asdict(score),
        }
        for attack, score in zip(attacks, scores, strict=True)
    ]


def _judge_refusal(
    findings: _Findings,
    model: str,
    judge: RefusalJudge,
    dev: Sequence[Pair],
    test: Sequence[Pair],
    unanswerable: Sequence[Unanswerable],
) -> None:
    """Fits when the model rather gives no answer, and measures it on what the fit has not seen."""
    if not unanswerable:
        return
    calibration = fit(judge.judge(dev, [asked for asked in unanswerable if asked.part == "dev"]))
    findings.calibration = calibration
    findings.unanswerable += [answer_row(model, asked, judge, calibration) for asked in unanswerable]
    if calibration is not None:
        findings.scores += refusal_scores(model, calibration, judge, test, unanswerable)


def _write(out: Path, findings: _Findings, audits: dict, usage: dict) -> None:
    """Writes all files; evaluation.json last, since its presence says that the evaluation is whole."""
    try:
        files = {"results": findings.results, "injections": findings.injections, "unanswerable": findings.unanswerable}
        for name, rows in files.items():
            (out / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        (out / "audit.json").write_text(json.dumps(audits, indent=2) + "\n", encoding="utf-8")
        (out / "usage.json").write_text(json.dumps(usage, indent=2) + "\n", encoding="utf-8")
        (out / CALIBRATION_FILE).unlink(missing_ok=True)
        if findings.calibration is not None:
            findings.calibration.save(out / CALIBRATION_FILE)
        plot_accuracy(findings.scores, out / "accuracy.png")
        (out / "evaluation.json").write_text(json.dumps(findings.scores, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise TrainingFailed(
            f"The evaluation cannot be written to {out} ({error.strerror}); free some disk space."
        ) from error


def _sandbox_dsn() -> str:
    dsn = os.environ.get("AUDITUNE_SANDBOX_DSN")
    if not dsn:
        raise BadInput("AUDITUNE_SANDBOX_DSN is not set; run `. .auditune/env` first, or `make run`.")
    return dsn
