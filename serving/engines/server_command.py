"""Starts vLLM on this machine with the released adapters. Run as: `python -m serving engine [--print] [options]`.

The adapters that `champion` and `challenger` point to are decrypted into a private folder in memory; vLLM gets one LoRA
module each, named by the adapter's id, and may load more while it runs, for an API that follows the aliases.
"""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Sequence

import psycopg

from serving.base_model import find_base_model
from serving.engines.adapter_folder import AdapterFolder, open_folder
from serving.settings import Settings
from serving.startup import StartupError
from training.registry import CHALLENGER, CHAMPION
from training.registry.aliases import list_aliases

_USED_BY = "serving: engine command"
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # those that vLLM takes as --max-lora-rank
# Champion, challenger, and the one that is loaded beside them while an alias moves.
_ADAPTERS_AT_A_TIME = 3
_ENVIRONMENT = {
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def serve_engine(settings: Settings, argv: Sequence[str]) -> int:
    """Become vLLM, or print the line that starts it.

    Args:
        settings: Settings of the API.
        argv: Arguments after `python -m serving engine`; what stands behind `--` goes to vLLM.

    Returns:
        Exit status 0 where the line was printed; else this process is vLLM from now on.

    Raises:
        StartupError: There is no champion, its base model is not here, or vLLM is not installed.
    """
    arguments = _parser().parse_args(argv)
    opened = [open_folder(settings, name, used_by=_USED_BY) for name in _served_aliases(settings)]
    base_model = arguments.base_model or find_base_model(opened[0].record.base_model, settings)
    line = build_line(
        opened,
        base_model,
        host=arguments.host,
        port=arguments.port,
        more=[part for part in arguments.vllm if part != "--"],
    )
    if arguments.print:
        variables = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
        sys.stdout.write(f"{' '.join(variables)} {shlex.join(line)}\n")
        return 0
    if shutil.which(line[0]) is None:
        raise StartupError("vLLM is not installed: `pip install vllm` on a machine with a GPU, or use --print.")
    os.execvpe(line[0], line, {**os.environ, **_ENVIRONMENT})  # noqa: S606 -- no shell is what is wanted


def build_line(
    adapters: Sequence[AdapterFolder], base_model: str, *, host: str, port: int, more: Sequence[str] = ()
) -> list[str]:
    """Write vLLM's command line.

    Args:
        adapters: Decrypted adapters of one base model, the champion first.
        base_model: What vLLM loads: a folder or a Hugging Face id.
        host: Address to listen on.
        port: Port to listen on.
        more: Further arguments, as they are.

    Returns:
        Program and arguments.

    Raises:
        StartupError: vLLM takes no such rank, or no such base model.
    """
    if base_model.endswith(".gguf") or base_model.startswith("random:"):
        raise StartupError(
            f"vLLM takes no {base_model}: give with --base-model the folder or the Hugging Face id of the same model."
        )
    rank = max(adapter.rank for adapter in adapters)
    taken = next((candidate for candidate in _RANKS if candidate >= rank), None)
    if taken is None:
        raise StartupError(f"vLLM takes LoRA ranks up to {_RANKS[-1]}, not {rank}: train with a smaller lora_rank.")
    modules = [f"{adapter.record.adapter_id}={adapter.folder}" for adapter in adapters]
    options = {
        "--host": host,
        "--port": str(port),
        "--max-loras": str(_ADAPTERS_AT_A_TIME),
        "--max-lora-rank": str(taken),
        "--structured-outputs-config.backend": "guidance",
        # Among what the grammar allows, as a model in this process tells them and the calibration was fitted on.
        "--logprobs-mode": "processed_logprobs",
    }
    flat = [part for option in options.items() for part in option]
    # The schema is the long beginning of every prompt: its keys and values are computed once.
    return [
        "vllm",
        "serve",
        base_model,
        *flat,
        "--enable-prefix-caching",
        "--enable-lora",
        "--lora-modules",
        *modules,
        *more,
    ]


def _served_aliases(settings: Settings) -> list[str]:
    """The champion, and the challenger where it is another adapter of the same kind."""
    try:
        with psycopg.connect(settings.api_dsn, autocommit=True, connect_timeout=5) as conn:
            aliases = list_aliases(conn)
    except psycopg.OperationalError as error:
        raise StartupError("The warehouse cannot be reached: start it (`make up`), or correct the DSN.") from error
    has_challenger = settings.canary > 0 and aliases.get(CHALLENGER) not in (None, aliases.get(CHAMPION))
    return [CHAMPION, CHALLENGER] if has_challenger else [CHAMPION]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving engine", description="vLLM with the released adapters.")
    parser.add_argument("--base-model", help="folder or Hugging Face id; default: the one the adapters were trained on")
    parser.add_argument("--host", default="127.0.0.1", help="who reaches it may load adapters; default: 127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="default: 8001")
    parser.add_argument("--print", action="store_true", help="decrypt, and write the line instead of running it")
    parser.add_argument("vllm", nargs=argparse.REMAINDER, help="-- and further arguments for vLLM")
    return parser
