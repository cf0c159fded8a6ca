"""The base model, its LoRA adapter, and one forward pass over a batch. Used by loop.py, evaluate/run.py and serving."""

import os
import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, GgufConfig, PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from training import attention
from training.config import TrainingConfig
from training.data import Batch
from training.errors import BadInput, TrainingFailed
from training.frozen import run_layers
from training.fused_layers import can_fuse
from training.loss import summed_cross_entropy
from training.processor import usable_dtype
from training.tiny_model import build_tiny_model

# peft asks transformers by a name that is going, whenever it puts an adapter on a model.
warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)

TINY = "random:tiny"
_TARGETS = {
    "attention": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "all-linear": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}


def load_base(
    path_or_id: str, dtype: str, quantization: str = "none", device: str = "cpu"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Loads a Llama-architecture checkpoint, frozen, and its tokenizer.

    A GGUF file is dequantized once; the copy in `<file>.dequantized/` beside it makes later loads take a second
    instead of half a minute.

    Args:
        path_or_id: GGUF file, folder, Hugging Face id, or `random:tiny`.
        dtype: `float32` or `bfloat16`; a processor without products in bfloat16 gets float32.
        quantization: `none`, or `nf4` (needs a GPU and bitsandbytes).
        device: Where the weights go, `cpu` or `cuda`.

    Returns:
        The model with the shared-prefix attention, and its tokenizer.

    Raises:
        BadInput: There is no such model, or it is no Llama.
    """
    dtype = usable_dtype(dtype, device) if quantization == "none" else dtype
    transformers_logging.disable_progress_bar()  # its bars would break up our own progress line
    if path_or_id == TINY:
        model, tokenizer = build_tiny_model(getattr(torch, dtype))
    else:
        source = _dequantized(Path(path_or_id)) if path_or_id.endswith(".gguf") else path_or_id
        model, tokenizer = _from_pretrained(str(source), dtype, quantization)
    if model.config.model_type != "llama":
        raise BadInput(f"{path_or_id} is a '{model.config.model_type}' model; choose one of the Llama architecture.")
    model.set_attn_implementation(attention.NAME)
    model.requires_grad_(False)
    return (model if quantization == "nf4" else model.to(device)).eval(), tokenizer


def attach_lora(model: PreTrainedModel, config: TrainingConfig) -> PeftModel:
    """Adds a new adapter, the only trainable weights.

    Args:
        model: The frozen base model.
        config: Rank, scale, targets and seed.

    Returns:
        The model with its adapter; it computes exactly what the base does until trained.

    Raises:
        BadInput: The first layer is above the last.
    """
    layers = range(config.lora_first_layer, model.config.num_hidden_layers)
    if not layers:
        raise BadInput(
            f"lora_first_layer is {config.lora_first_layer}, but the model has {model.config.num_hidden_layers} layers."
        )
    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        target_modules=_TARGETS[config.lora_targets],
        layers_to_transform=list(layers) if config.lora_first_layer else None,
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(config.seed)
    # The adapter multiplies in the base's type (its float32 originals are with the optimizer): float32 here would
    # convert every activation there and back.
    adapted = get_peft_model(model, lora, autocast_adapter_dtype=False).train()
    if config.quantization != "none":  # beside weights in 4 bits peft leaves its own in float32
        for weight in adapted.parameters():
            if weight.requires_grad:
                weight.data = weight.data.to(getattr(torch, config.dtype))
    return adapted


def load_adapter(model: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """Merges a trained adapter into the base model.

    Args:
        model: The base model that the adapter was trained on; changed in place.
        folder: What peft's save_pretrained wrote.

    Returns:
        A plain model with the adapter's weights added in.

    Raises:
        BadInput: The folder is no adapter, or not of this base model.
    """
    if not (folder / "adapter_model.safetensors").is_file():
        raise BadInput(
            f"{folder} is no adapter: it has no adapter_model.safetensors; give the folder that `train` wrote."
        )
    try:
        return PeftModel.from_pretrained(model, str(folder)).merge_and_unload().eval()
    except RuntimeError as error:
        raise BadInput(
            f"The adapter in {folder} does not fit this base model; give the one it was trained on."
        ) from error


def batch_loss(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Runs one batch and sums the loss over its answer tokens.

    Args:
        model: The causal language model (for a peft model, its `get_base_model()`).
        batch: Prefix and pairs in one row.

    Returns:
        The negative log-likelihood in nats, summed over `batch.targets`.
    """
    device = model.device
    answers = batch.answer_positions.to(device)  # [N]: the vocabulary is computed nowhere else
    if batch.hidden is None and not can_fuse(model):
        hidden = model.model(
            input_ids=batch.input_ids.to(device),
            position_ids=batch.position_ids.to(device),
            use_cache=False,
            groups=batch.groups,
        ).last_hidden_state[:, answers]  # [1, N, hidden]
    else:
        entering = model.model.embed_tokens(batch.input_ids.to(device)) if batch.hidden is None else batch.hidden
        layers = len(model.model.layers)
        hidden = model.model.norm(run_layers(model, entering, batch, batch.first_layer, layers, answers))
    return summed_cross_entropy(hidden[0], model.lm_head.weight, batch.targets.to(device))


def _from_pretrained(source: str, dtype: str, quantization: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    extra = {}
    if quantization == "nf4":
        extra["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=getattr(torch, dtype)
        )
    try:
        model = AutoModelForCausalLM.from_pretrained(source, dtype=getattr(torch, dtype), **extra)
        return model, AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError, ImportError) as error:
        first_line = str(error).splitlines()[0]
        raise BadInput(f"The base model '{source}' cannot be loaded: {first_line}") from error


def _dequantized(gguf: Path) -> Path:
    """Returns the folder with the plain copy of a GGUF file, written first if it is not there."""
    target = gguf.with_name(f"{gguf.name}.dequantized")
    if target.is_dir():
        return target
    if not gguf.is_file():
        raise BadInput(f"There is no base model {gguf}; run `make setup`, or set AUDITUNE_BASE_MODEL.")
    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(
        **where, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    tokenizer = AutoTokenizer.from_pretrained(**where)
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{gguf.name}.", dir=gguf.parent))
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        os.replace(partial, target)
    except OSError as error:
        if target.is_dir():  # another process was faster; its copy is the same
            shutil.rmtree(partial, ignore_errors=True)
            return target
        raise TrainingFailed(
            f"The unpacked base model cannot be written to {gguf.parent} ({error.strerror})."
        ) from error
    return target
