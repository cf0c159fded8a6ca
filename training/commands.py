"""What `train` and `evaluate` do, from arguments to files. Called by cli.py."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors import SafetensorError

from training import learnt_sql
from training.checkpoint import remove_checkpoints
from training.config import TrainingConfig, load_config
from training.data import Dataset, load_dataset
from training.errors import BadInput, TrainingFailed
from training.loop import train
from training.model import attach_lora, load_base
from training.parallel import World, open_world
from training.plots import plot_loss
from training.processor import usable_dtype
from training.sharding import load_sharded
from training.usage import UsageMeter

_MINIMUM_FREE_MIB = 500  # adapter, two checkpoints and pictures of the largest CPU preset, with room


def run_training(config_path: Path, data: Path, out: Path, base_model: str | None, should_resume: bool) -> dict | None:
    """Trains an adapter and writes adapter/, run.json, learnt_sql.json, metrics.jsonl and loss.png.

    Args:
        config_path: Preset.
        data: Dataset folder.
        out: Run folder; its name is the run's id.
        base_model: Overrides the preset's base model.
        should_resume: Go on from the folder's checkpoint.

    Returns:
        The content of run.json; None in all but the first of several processes.

    Raises:
        BadInput: Something given is missing or wrong.
        TrainingFailed: A step failed.
        Interrupted: A signal stopped the run after a checkpoint.
    """
    config, dataset = load_config(config_path), load_dataset(data)
    device = choose_device(config)
    with open_world(device) as world:
        if world.is_first:
            prepare_folder(out)
        return _train_in(world, device, config, dataset, out, resolve_base_model(config, base_model), should_resume)


def _train_in(
    world: World, device: str, config: TrainingConfig, dataset: Dataset, out: Path, source: str, should_resume: bool
) -> dict | None:
    meter = UsageMeter()
    dtype = usable_dtype(config.dtype, device)
    if config.shard_base:
        base, tokenizer = load_sharded(source, dtype, device, world)
    else:
        base, tokenizer = load_base(source, dtype, config.quantization, device)
    total_parameters = base.num_parameters()
    model = attach_lora(base, config)
    result = train(model, tokenizer, dataset, config, out, should_resume=should_resume, world=world, meter=meter)
    if not world.is_first:
        return None
    try:
        model.save_pretrained(out / "adapter")
        learnt_sql.save((pair.sql for pair in dataset.training), out)
        plot_loss(out / "metrics.jsonl", out / "loss.png")
        run = {
            "run_id": out.resolve().name,
            "started_at": meter.started_at,
            "finished_at": datetime.now(UTC).isoformat(),
            "status": "succeeded",
            "base_model": base_model_name(source),
            "dataset_hash": dataset.dataset_hash,
            "catalog_hash": dataset.catalog.hash,
            "config": config.to_dict(),
            "examples": result.examples,
            "epochs": result.epochs,
            "steps": result.steps,
            "pairs_per_second": round(result.pairs_seen / result.seconds, 2),
            "trainable_parameters": result.trainable_parameters,
            "trainable_fraction": result.trainable_parameters / (total_parameters + result.trainable_parameters),
            "final_train_loss": result.final_train_loss,
            "best_validation_loss": result.best_validation_loss,
            "dtype": dtype,
            **meter.figures(device, processes=world.size),
            "pairs": result.pairs_seen,
            "tokens": result.tokens_seen,
        }
        (out / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TrainingFailed(
            f"The run cannot be written to {out} ({reason}); free some disk space, then go on with --resume."
        ) from error
    remove_checkpoints(out)
    return run


def prepare_folder(folder: Path) -> None:
    """Creates an output folder and checks that the disk has room.

    Raises:
        BadInput: The folder cannot be written, or the disk is nearly full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free / 2**20
    except OSError as error:
        raise BadInput(f"The folder {folder} cannot be created ({error.strerror}); give another --out.") from error
    if free < _MINIMUM_FREE_MIB:
        raise BadInput(f"Only {free:.0f} MiB are free at {folder}; free at least {_MINIMUM_FREE_MIB} MiB.")


def resolve_base_model(config: TrainingConfig, override: str | None) -> str:
    """Chooses the base model: the command line's, else the preset's; its `default` is AUDITUNE_BASE_MODEL."""
    if override:
        return override
    if config.base_model == "default":
        home = os.environ.get("AUDITUNE_HOME", ".auditune")
        return os.environ.get("AUDITUNE_BASE_MODEL", f"{home}/models/SmolLM2-135M-Instruct.Q4_1.gguf")
    return config.base_model


def base_model_name(source: str) -> str:
    """Names a base model without the folders of this machine."""
    return Path(source).name if Path(source).exists() else source


def choose_device(config: TrainingConfig) -> str:
    """Chooses the GPU if there is one; QLoRA cannot do without.

    Raises:
        BadInput: The preset needs a GPU and there is none.
    """
    if torch.cuda.is_available():
        return "cuda"
    if config.quantization != "none":
        raise BadInput(f"The preset '{config.name}' needs an NVIDIA GPU; without one use smollm2-135m-cpu.")
    return "cpu"
