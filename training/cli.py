"""The command `python -m training train|evaluate|draft|export|registry …`; Dagster runs it too, through Pipes."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from training.errors import BadInput, TrainingFailed
from training.stopping import Interrupted, StopSignals

_FAILED, _BAD_INPUT, _INTERRUPTED = 1, 2, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: Arguments after `python -m training`; None takes the process's own.

    Returns:
        Exit status: 0; 1 if a step failed; 2 if the input is wrong; 143 if a signal stopped it after a checkpoint.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["registry"]:
        from training.registry.cli import main as registry_main  # the registry needs no torch, training no database

        return registry_main(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        if options.command == "train":
            with StopSignals():
                return _train(options)
        if options.command == "export":
            return _export(options)
        return _draft(options) if options.command == "draft" else _evaluate(options)
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        return _BAD_INPUT
    except TrainingFailed as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    except Interrupted as error:
        sys.stderr.write(f"{error}\n")
        return _INTERRUPTED


# The commands are imported where they run, so that `--help` and a wrong option answer at once: torch takes seconds.


def _train(options: argparse.Namespace) -> int:
    from training.commands import run_training

    run = run_training(options.config, options.data, options.out, options.base_model, options.resume)
    if run is not None:
        sys.stdout.write(
            f"Trained {run['examples']} pairs for {run['epochs']} epochs in {run['seconds']:.0f} s "
            f"({run['pairs_per_second']} pairs/s); the adapter is in {options.out / 'adapter'}.\n"
        )
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from training.evaluate.run import run_evaluation

    models = ("base", "adapter") if options.model is None else (options.model,)
    what = (options.config, options.data, options.out, options.base_model, options.adapter, models)
    lines = run_evaluation(*what, candidates=options.candidates)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _draft(options: argparse.Namespace) -> int:
    from training.draft import run_drafting

    count = run_drafting(options.questions, options.out, options.base_model)
    sys.stdout.write(f"{count} answers are in {options.out}.\n")
    return 0


def _export(options: argparse.Namespace) -> int:
    from training.export.command import run_export

    done = run_export(options.format, options.adapter, options.out, options.type, options.base_model)
    sys.stdout.write(f"{done}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train and judge adapters.")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train an adapter on a dataset")
    evaluate = commands.add_parser("evaluate", help="judge the base model and an adapter on the held-out pairs")
    for command in (train, evaluate):
        command.add_argument(
            "--config", type=Path, required=True, help="preset, such as training/configs/smollm2-135m-cpu.yaml"
        )
        command.add_argument("--data", type=Path, required=True, help="dataset folder")
        command.add_argument("--out", type=Path, required=True, help="folder to write to")
        command.add_argument("--base-model", help="GGUF file, folder or Hugging Face id; overrides the preset")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    evaluate.add_argument("--adapter", type=Path, help="adapter folder that `train` wrote")
    evaluate.add_argument("--model", choices=("base", "adapter"), help="judge only this one; default: both")
    evaluate.add_argument(
        "--candidates",
        type=int,
        choices=range(1, 17),
        default=1,
        metavar="K",
        help="measure as well what it gains to run K answers to each question and let their results decide",
    )
    draft = commands.add_parser("draft", help="let the base model say drafted questions in other words")
    draft.add_argument("--questions", type=Path, required=True, help="JSON lines with id and messages")
    draft.add_argument("--out", type=Path, required=True, help="file to write: JSON lines with id and text")
    draft.add_argument("--base-model", required=True, help="GGUF file, folder or Hugging Face id")
    export = commands.add_parser("export", help="write an adapter for vLLM, transformers, llama.cpp or plain peft")
    export.add_argument("--format", required=True, choices=("merged", "gguf", "peft"), help="what to write")
    export.add_argument("--adapter", required=True, help="folder of an adapter or run, or an id or alias (champion)")
    export.add_argument("--out", type=Path, required=True, help="folder to write; for gguf a file ending in .gguf")
    export.add_argument("--type", choices=("f32", "f16", "bf16", "q8_0"), help="of the weights; default: bf16")
    export.add_argument("--base-model", help="base model to merge with; for peft the Hugging Face id to name")
    commands.add_parser("registry", help="released adapters: list, show, promote, roll back, verify, change the key")
    return parser
