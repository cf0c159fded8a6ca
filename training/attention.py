"""Attention of many pairs behind one shared prefix, exact and without a mask over the whole batch. Used by model.py.

All tokens of a step lie in one row: `[prefix | pair 1 | pair 2 | …]`, without padding. So
every linear layer sees the prefix once, and only attention has to know about pairs: the prefix attends to itself; a
pair attends to the whole prefix and, causally, to itself. A row may hold several such groups (row_layout.py).

Training on the CPU does this as plain matrix products over blocks of rows (blocked_attention.py), on a GPU through
FlexAttention (flex_prefix.py); generation uses `merged_attention`, two of PyTorch's flash kernels merged by their
log-sum-exp, which is what one softmax over both would give. No key or value is expanded over the batch and no T×T
mask exists.
"""

import torch
from torch.nn import functional
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from training.blocked_attention import BlockedAttention
from training.flex_prefix import flex_prefix_attention
from training.row_layout import Group

NAME = "shared_prefix"
# PyTorch's own CPU kernel, called directly because only it returns the log-sum-exp that the merge needs.
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


def merged_attention(
    query: torch.Tensor,
    prefix_key: torch.Tensor,
    prefix_value: torch.Tensor,
    own_key: torch.Tensor,
    own_value: torch.Tensor,
    scale: float | None,
    is_causal: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Computes softmax([q·k_prefix, q·k_own]) · [v_prefix, v_own] in two parts, on the CPU.

    Args:
        query: `[B, H, L, D]`.
        prefix_key: `[1, H, P, D]`, seen by every row.
        prefix_value: As prefix_key.
        own_key: `[B, H, K, D]`, seen by its own row; K = L where causal.
        own_value: As own_key.
        scale: Factor on the scores; None for 1/√D.
        is_causal: Whether a query sees only own keys up to its place.

    Returns:
        The output `[B, H, L, D]` and the log-sum-exp of the scores `[B, H, L]` in float32.
    """
    prefix_out, prefix_lse = _flash(_flatten_pairs(query), prefix_key, prefix_value, 0.0, False, scale=scale)
    own_out, own_lse = _flash(query, own_key, own_value, 0.0, is_causal, scale=scale)
    pairs = query.shape[0]
    prefix_out = _split_pairs(prefix_out, pairs)
    prefix_lse = _split_pairs(prefix_lse.unsqueeze(-1), pairs).squeeze(-1)
    lse = torch.logaddexp(prefix_lse, own_lse)
    weight = (prefix_lse - lse).exp().unsqueeze(-1)  # the prefix's part of the joint softmax
    return torch.lerp(own_out.float(), prefix_out.float(), weight).to(query.dtype), lse


def shared_prefix_attention(
    module: torch.nn.Module,  # noqa: ARG001 - transformers passes it
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,  # noqa: ARG001 - transformers passes it; see below
    scaling: float | None = None,
    groups: tuple[Group, ...] = (),
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Computes one layer's attention over a row of groups; transformers calls it by NAME.

    Args:
        module: The attention layer.
        query: `[1, H, T, D]`.
        key: `[1, K, T, D]`, H a multiple of K.
        value: As key.
        attention_mask: Always None: the groups say who sees whom.
        scaling: Factor on the scores.
        groups: What the row holds, at least one group and T tokens in all.
        **_: Other arguments of transformers' interface.

    Returns:
        The output `[1, T, H, D]`, and None for the weights, which are never formed.
    """
    attend = BlockedAttention.apply if query.device.type == "cpu" else flex_prefix_attention
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    out = attend(query[0], key[0], value[0], scale, groups)  # [H, T, D]
    return out.transpose(0, 1)[None], None


def concatenated_attention(query, prefix_key, prefix_value, own_key, own_value, scale):
    """As merged_attention on any device: the prefix expanded over the pairs, one small mask shared by them."""
    pairs, length, prefix_length = (
        query.shape[0],
        query.shape[2],
        prefix_key.shape[2] + own_key.shape[2] - query.shape[2],
    )
    keys = torch.cat([prefix_key.expand(pairs, -1, -1, -1), own_key], dim=2)
    values = torch.cat([prefix_value.expand(pairs, -1, -1, -1), own_value], dim=2)
    positions = torch.arange(prefix_length + length, device=query.device)
    mask = positions[None, :] <= positions[prefix_length:, None]  # [L, P + L]
    return functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask, scale=scale)


def _flatten_pairs(tensor: torch.Tensor) -> torch.Tensor:
    """[B, H, L, X] → [1, H, B·L, X]."""
    pairs, heads, length, width = tensor.shape
    return tensor.transpose(0, 1).reshape(1, heads, pairs * length, width)


def _split_pairs(tensor: torch.Tensor, pairs: int) -> torch.Tensor:
    """[1, H, B·L, X] → [B, H, L, X]."""
    _, heads, total, width = tensor.shape
    return tensor.reshape(heads, pairs, total // pairs, width).transpose(0, 1).contiguous()


AttentionInterface.register(NAME, shared_prefix_attention)
# Tells transformers to build no mask for this attention.
AttentionMaskInterface.register(NAME, lambda *_args, **_kwargs: None)
