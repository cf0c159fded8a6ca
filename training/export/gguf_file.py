"""Writes a Llama model as a GGUF file that llama.cpp reads; used by `command`.

Names and layout are those of llama.cpp's own converter (`convert_hf_to_gguf.py`, class LlamaModel): its architecture
`llama` rotates neighbouring pairs of a head where transformers rotates halves, so the rows of q and k are reordered;
a tied output matrix is left out; Llama 3's stretched rotary frequencies stand in a tensor of their own.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, RopeScalingType
from transformers import LlamaConfig, PreTrainedModel
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.errors import BadInput
from training.export.gguf_tokenizer import add_tokenizer

GGUF_TYPES = {
    "f32": (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
    "f16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
    "bf16": (GGMLQuantizationType.BF16, LlamaFileType.MOSTLY_BF16),
    "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
}
_ROPE_FREQUENCIES = "rope_freqs.weight"


def write_gguf(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path, weight_type: str, name: str
) -> None:
    """Writes one GGUF file, a tensor at a time.

    Args:
        model: A plain Llama model, adapter merged.
        tokenizer: Its tokenizer.
        path: File to create.
        weight_type: Key of GGUF_TYPES, for the matrices; vectors stay f32.
        name: What the file says it is.

    Raises:
        BadInput: The tokenizer or the rotary embedding is of a kind that is not written here.
    """
    quantization, file_type = GGUF_TYPES[weight_type]
    writer = GGUFWriter(path, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.LLAMA])
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_hyperparameters(writer, model.config)
    add_tokenizer(writer, tokenizer, model.config.vocab_size)
    try:
        types = {}
        for tensor_name, tensor in _tensors(model):
            types[tensor_name] = _stored_type(tensor, quantization)
            _announce(writer, tensor_name, tensor, types[tensor_name])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor_name, tensor in _tensors(model):
            writer.write_tensor_data(gguf.quantize(tensor.float().numpy(), types[tensor_name]))
    finally:
        writer.close()


def _add_hyperparameters(writer: GGUFWriter, config: LlamaConfig) -> None:
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    kind = config.rope_parameters["rope_type"]
    if kind == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.rope_parameters["factor"])
    elif kind not in ("default", "llama3"):
        raise BadInput(f"A rotary embedding of type {kind} is not written to GGUF here: export a merged model instead.")


def _tensors(model: PreTrainedModel) -> Iterator[tuple[str, torch.Tensor]]:
    """Yields names and values as GGUF has them."""
    config = model.config
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    if config.rope_parameters["rope_type"] == "llama3":
        yield _ROPE_FREQUENCIES, _rope_divisors(config)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if ".q_proj." in name:
            tensor = _in_pairs(tensor, config.num_attention_heads)
        elif ".k_proj." in name:
            tensor = _in_pairs(tensor, config.num_key_value_heads)
        yield names.get_name(name, try_suffixes=(".weight", ".bias")), tensor


def _in_pairs(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Reorders the rows of each head from two halves (transformers) to neighbouring pairs (llama.cpp).

    Args:
        weight: `[heads * head_dim, ...]`: the matrix of q or k, or its bias.
        heads: Number of heads in it.
    """
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return halves.transpose(1, 2).reshape(weight.shape)


def _rope_divisors(config: LlamaConfig) -> torch.Tensor:
    """Computes by how much each rotary frequency is divided: `[head_dim / 2]`."""
    stretched, _ = ROPE_INIT_FUNCTIONS["llama3"](config, device="cpu")
    steps = torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim
    return config.rope_parameters["rope_theta"] ** -steps / stretched


def _stored_type(tensor: torch.Tensor, wanted: GGMLQuantizationType) -> GGMLQuantizationType:
    """Vectors stay exact; a row that is no multiple of the block is stored in f16, as llama.cpp does."""
    if tensor.dim() == 1:
        return GGMLQuantizationType.F32
    block, _ = gguf.GGML_QUANT_SIZES[wanted]
    return GGMLQuantizationType.F16 if tensor.shape[-1] % block else wanted


def _announce(writer: GGUFWriter, name: str, tensor: torch.Tensor, stored: GGMLQuantizationType) -> None:
    plain = {GGMLQuantizationType.F32: np.float32, GGMLQuantizationType.F16: np.float16}.get(stored)
    if plain is not None:
        writer.add_tensor_info(name, tuple(tensor.shape), np.dtype(plain), tensor.numel() * np.dtype(plain).itemsize)
        return
    shape = gguf.quant_shape_to_byte_shape(tuple(tensor.shape), stored)
    writer.add_tensor_info(name, shape, np.dtype(np.uint8), math.prod(shape), raw_dtype=stored)
