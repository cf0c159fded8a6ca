"""A base model too large for one GPU: each process holds a part of each layer's weights (FSDP). Used by commands.py.

Only the frozen layers are cut; PyTorch puts a layer together just before it runs, and frees it after. The adapter,
the embeddings and the output layer are whole in each process (for Llama-3.1-70B 4 GiB in bfloat16), so the rest of
training knows nothing of this.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from accelerate import init_empty_weights
from huggingface_hub import snapshot_download
from safetensors import safe_open
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training import attention
from training.errors import BadInput
from training.parallel import World

_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"


def load_sharded(
    path_or_id: str, dtype: str, device: str, world: World
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Loads a Llama-architecture checkpoint, frozen and cut into parts, and its tokenizer.

    Each process reads its own rows from the files, so none ever holds the whole model.

    Args:
        path_or_id: Folder with safetensors files, or Hugging Face id.
        dtype: `float32` or `bfloat16`.
        device: `cpu` or `cuda`.
        world: The processes that share the model.

    Returns:
        The model with the shared-prefix attention, and its tokenizer. An adapter is attached after this.

    Raises:
        BadInput: There is only one process, or no such model in safetensors files, or it is no Llama.
    """
    if world.size == 1:
        raise BadInput("The preset divides the model among processes: start it with torchrun (training/README.md).")
    try:
        folder = Path(path_or_id)
        if not folder.is_dir():
            folder = Path(snapshot_download(path_or_id, allow_patterns=["*.safetensors", "*.json"]))
        config = AutoConfig.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise BadInput(f"The base model '{path_or_id}' cannot be loaded: {str(error).splitlines()[0]}") from error
    if config.model_type != "llama":
        raise BadInput(f"{path_or_id} is a '{config.model_type}' model; choose one of the Llama architecture.")
    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
    model.tie_weights()
    _cut(model, device, world)
    _read(model, folder, dtype, device, world)
    model.set_attn_implementation(attention.NAME)
    model.requires_grad_(False)
    return model.to(device).eval(), tokenizer


def _cut(model: PreTrainedModel, device: str, world: World) -> None:
    mesh = init_device_mesh(device, (world.size,))
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    whole = {weight for name, weight in model.named_parameters() if ".layers." not in name}
    fully_shard(model.model, mesh=mesh, ignored_params=whole)  # holds nothing itself; fetches the layers ahead


def _read(model: PreTrainedModel, folder: Path, dtype: str, device: str, world: World) -> None:
    """Fills the model's weights, for cut ones this process's rows only."""
    weights = dict(model.named_parameters())
    found = {}
    for name, rows in _slices(folder):
        weight = weights.get(name)
        if weight is None:
            continue
        count = weight.shape[0]
        share = -(-count // world.size) if isinstance(weight, DTensor) else count  # as torch.chunk divides
        first = min(world.rank * share, count) if isinstance(weight, DTensor) else 0
        part = rows[first : min(first + share, count)].to(device, getattr(torch, dtype))
        if isinstance(weight, DTensor):
            place = (weight.device_mesh, weight.placements)
            part = DTensor.from_local(part, *place, shape=weight.shape, stride=weight.stride())
        found[name] = part
    if missing := sorted(weights.keys() - found.keys()):
        raise BadInput(f"{folder} lacks the weight '{missing[0]}'; give a whole Llama checkpoint.")
    model.load_state_dict(found, strict=False, assign=True)
    model.tie_weights()


def _slices(folder: Path) -> Iterator[tuple[str, object]]:
    """Names each weight in the files; indexing what comes with the name reads those rows alone."""
    if (folder / _INDEX).is_file():
        files = sorted(set(json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values()))
    else:
        files = [_SINGLE]
    for file in files:
        if not (folder / file).is_file():
            raise BadInput(f"{folder} has no {file}; a divided model is read from safetensors files.")
        with safe_open(folder / file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118 - the file is no dict
                yield name, opened.get_slice(name)
