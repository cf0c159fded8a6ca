"""The settings of one training and evaluation, read from a YAML file. Used by cli.py; stored whole in run.json."""

from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from training.errors import BadInput

LORA_TARGETS = ("attention", "all-linear")
DTYPES = ("float32", "bfloat16")
QUANTIZATIONS = ("none", "nf4")


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides the outcome of a run, apart from the data; the defaults are the published recipe.

    Attributes:
        name: Name of the preset, shown in reports.
        base_model: Hugging Face id, folder, GGUF file, or `random:tiny`; `--base-model` and AUDITUNE_BASE_MODEL
            override it.
        dtype: Type of the frozen weights and of the matrix products (processor.py says where float32 takes the place
            of bfloat16); the adapter's own weights are kept in float32.
        quantization: `none`, or `nf4` for QLoRA on a GPU (needs bitsandbytes).
        shard_base: Whether several processes divide the frozen weights among them (FSDP), for a model larger than one
            GPU.
        lora_targets: `attention` (q, k, v, o projections) or `all-linear`.
        lora_first_layer: The adapter is on this layer (from 0) and all above; those below are run once for all epochs.
        lora_rank: Rank of each adapter matrix.
        lora_alpha: Scale of the adapter; its output is multiplied by alpha / rank.
        learning_rate: Peak rate of AdamW.
        epochs: Passes over the training pairs.
        batch_size: Pairs per batch; they share one copy of the schema prefix.
        gradient_accumulation: Batches per optimizer step.
        tokens_per_pass: Most tokens behind the prefix in one forward pass; bounds the memory. A
            batch with more (one very long pair is enough) is run in several passes, with the same gradient.
        warmup_fraction: Part of all steps during which the rate rises linearly; it falls as a cosine to zero after
            that.
        weight_decay: AdamW's decay of the adapter weights.
        clip_norm: Largest norm of the gradient.
        validate_every: Epochs between two validations; each validation also writes a checkpoint. Fractions are allowed.
        checkpoint_minutes: Most minutes of work that a kill can lose: a checkpoint is written at least this often.
        exchange_values: Whether each epoch asks about other values (cities, years, numbers) where a pair allows it.
        patience: Validations without a better loss after which training stops.
        recombined_share: Part of the pairs that each epoch recombines (recombine.py); 0 for none.
        seed: Seed of the adapter's start and of the batch order.
        max_new_tokens: Longest answer that evaluation and serving generate, in tokens.
        generation_batch: Questions that evaluation decodes at once.
        memory_mib: Most memory that a process of the run is meant to hold, in MiB; the GPU's where one is used. Dagster
            warns above it. 0 where the preset promises nothing.
    """

    name: str
    base_model: str
    dtype: str = "bfloat16"
    lora_targets: str = "attention"
    lora_rank: int = 16
    lora_alpha: int = 32
    learning_rate: float = 2e-4
    epochs: int = 3
    batch_size: int = 16
    max_new_tokens: int = 256
    quantization: str = "none"
    shard_base: bool = False
    lora_first_layer: int = 0
    gradient_accumulation: int = 2
    tokens_per_pass: int = 2048
    warmup_fraction: float = 0.05
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    validate_every: float = 0.5
    checkpoint_minutes: float = 2.0
    patience: int = 3
    exchange_values: bool = True
    recombined_share: float = 0.0
    seed: int = 17
    generation_batch: int = 32
    memory_mib: int = 0

    def __post_init__(self) -> None:
        """Refuses values that could only fail later, in the middle of a run."""
        _require_one_of("lora_targets", self.lora_targets, LORA_TARGETS)
        _require_one_of("dtype", self.dtype, DTYPES)
        _require_one_of("quantization", self.quantization, QUANTIZATIONS)
        if self.lora_first_layer < 0:
            raise BadInput(f"The setting 'lora_first_layer' is {self.lora_first_layer}; the lowest layer is 0.")
        if self.shard_base and (self.quantization != "none" or self.lora_first_layer):
            raise BadInput("The setting 'shard_base' goes with neither 'quantization' nor 'lora_first_layer'.")
        if self.memory_mib < 0:
            raise BadInput(f"The setting 'memory_mib' is {self.memory_mib}; give it MiB, or 0 for no promise.")
        positive = ("lora_rank", "lora_alpha", "learning_rate", "epochs", "batch_size", "max_new_tokens")
        for name in (
            *positive,
            "gradient_accumulation",
            "tokens_per_pass",
            "clip_norm",
            "validate_every",
            "checkpoint_minutes",
            "patience",
            "generation_batch",
        ):
            if getattr(self, name) <= 0:
                raise BadInput(f"The setting '{name}' is {getattr(self, name)}; give it a value above zero.")

    def to_dict(self) -> dict[str, Any]:
        """Returns the settings as plain values, for run.json."""
        return asdict(self)


def load_config(path: Path) -> TrainingConfig:
    """Reads a preset.

    Args:
        path: YAML file with the fields of TrainingConfig at its top level.

    Returns:
        The checked settings.

    Raises:
        BadInput: The file is missing, is no YAML mapping, or has unknown, missing or mistyped settings.
    """
    if not path.is_file():
        raise BadInput(f"There is no config file {path}; the presets are in training/configs/.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is no valid YAML ({error.__class__.__name__}); compare it with a preset.") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path} holds no settings; compare it with a preset in training/configs/.")
    return config_from_dict(content, source=str(path))


def config_from_dict(content: dict[str, Any], source: str) -> TrainingConfig:
    """Checks the names and types of settings and builds the config from them.

    Args:
        content: Settings by name.
        source: What to name in error messages.

    Returns:
        The checked settings.

    Raises:
        BadInput: A setting is unknown, missing or of the wrong type.
    """
    known = {field.name: field for field in fields(TrainingConfig)}
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise BadInput(f"{source} has the unknown setting '{unknown[0]}'; known are: {', '.join(known)}.")
    missing = [name for name, field in known.items() if field.default is MISSING and name not in content]
    if missing:
        raise BadInput(f"{source} lacks the setting '{missing[0]}'; compare it with a preset in training/configs/.")
    return TrainingConfig(**{name: _typed(name, value, known[name].type, source) for name, value in content.items()})


def _typed(name: str, value: Any, kind: Any, source: str) -> Any:
    """Returns the value in the field's type; an integer is a fine float, nothing else is converted."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise BadInput(f"{source}: the setting '{name}' must be of type {kind.__name__}, but is {value!r}.")
    return value


def _require_one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadInput(f"The setting '{name}' is '{value}'; it must be one of: {', '.join(allowed)}.")
