"""`python -m training.benchmarks text_to_sql --data DIR`, and `… ablations`: options, files, last line of JSON.

Called by `training/benchmarks/__main__.py`.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from training.benchmarks.text_to_sql.fold import FOLDS
from training.benchmarks.text_to_sql.source import SPLITS
from training.errors import BadInput, TrainingFailed

_FAILED, _BAD_INPUT, _TERMINATED, _INTERRUPTED = 1, 2, 143, 130
_CONFIG = Path(__file__).parents[2] / "configs" / "smollm2-135m-geoquery.yaml"


def main(name: str, arguments: Sequence[str]) -> int:
    """Runs one of the two benchmarks.

    Args:
        name: `text_to_sql` or `ablations`.
        arguments: What follows the name.

    Returns:
        The exit status: 0; 1 if a step failed; 2 if the input is wrong; 130 or 143 if a signal ended it.
    """
    options = _parser(name).parse_args(arguments)
    # From here on the server is stopped however this ends: a plain SIGTERM would leave it running.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    try:
        return _run(_ablations if name == "ablations" else _text_to_sql, options)
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(benchmark: Callable[[argparse.Namespace], dict[str, Any]], options: argparse.Namespace) -> int:
    from training.benchmarks.text_to_sql.run import CommandEnded  # torch takes seconds, and `--help` needs none

    try:
        result = benchmark(options)
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        return _BAD_INPUT
    except TrainingFailed as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    except CommandEnded as error:
        return error.status
    except KeyboardInterrupt:
        return _INTERRUPTED
    _say((options.out / "result.md").read_text(encoding="utf-8"))
    _say(json.dumps(result))
    return 0


def _text_to_sql(options: argparse.Namespace) -> dict[str, Any]:
    from training.benchmarks.text_to_sql.run import run_benchmark

    splits = SPLITS if options.split is None else (options.split,)
    what = (options.data, options.out, options.config, options.base_model, options.eval_split)
    return run_benchmark(*what, splits, _say, options.candidates)


def _ablations(options: argparse.Namespace) -> dict[str, Any]:
    from training.benchmarks.text_to_sql.ablations import run_ablations

    return run_ablations(options, _say)


def _parser(name: str) -> argparse.ArgumentParser:
    home = Path(os.environ.get("AUDITUNE_HOME", ".auditune"))
    parser = argparse.ArgumentParser(prog=f"python -m training.benchmarks {name}")
    parser.add_argument("--data", type=Path, required=True, help="folder with schema.sql, <table>.csv and pairs.jsonl")
    parser.add_argument("--config", type=Path, default=_CONFIG, help=f"preset (default: {_CONFIG.name})")
    parser.add_argument("--base-model", help="GGUF file, folder or Hugging Face id; default: the preset's")
    parser.add_argument(
        "--out",
        type=Path,
        default=home / "benchmarks" / name,
        help="folder for result.json, result.md and what led to them (default: %(default)s)",
    )
    if name == "ablations":
        parser.add_argument("--fold", type=int, choices=range(FOLDS), default=0, help="of the cross-validation")
        parser.add_argument("--epochs", type=int, default=4, help="of each training (default: 4)")
        parser.add_argument("--lever", action="append", help="only this one; may be given several times")
        return parser
    parser.add_argument("--eval-split", choices=("dev", "test"), default="dev", help="part to judge on (default: dev)")
    parser.add_argument("--split", choices=SPLITS, help="train and judge on this one only; default: both")
    parser.add_argument(
        "--candidates",
        type=int,
        choices=range(1, 17),
        default=1,
        metavar="K",
        help="measure as well what it gains to run K answers to each question and let their results decide",
    )
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()
