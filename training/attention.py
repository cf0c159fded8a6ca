"""Attention of many pairs behind one shared prefix, exact and without a mask over the whole batch. Used by model.py.

All tokens of a step lie in one row: `[prefix (P) | pair 1 (L) | pair 2 (L) | …]`, each pair right-padded to L. So
every linear layer sees the prefix once, and only attention has to know about pairs: the prefix attends to itself; a
pair attends to the whole prefix and, causally, to itself. Both parts are merged by their log-sum-exp, which is what
one softmax over both would give.

Measured on two cores (bf16, prefix 450, 16 pairs of 80 tokens): no key or value is expanded over the batch and no T×T
mask exists.
"""

import torch
from torch.nn import functional
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

NAME = "shared_prefix"
# PyTorch's own CPU kernels, called directly because only they return the log-sum-exp that the merge needs.
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


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


class _MergedAttention(torch.autograd.Function):
    """`merged_attention` with its gradients.

    The backward pass gives each part's kernel the *merged* output and log-sum-exp: with those its probabilities are
    already the joint softmax's, so each part's gradients are exact and only the query's have to be added.
    """

    @staticmethod
    def forward(ctx, query, prefix_key, prefix_value, own_key, own_value, scale):
        out, lse = merged_attention(query, prefix_key, prefix_value, own_key, own_value, scale)
        ctx.save_for_backward(query, prefix_key, prefix_value, own_key, own_value, out, lse)
        ctx.scale = scale
        return out

    @staticmethod
    def backward(ctx, grad_out):
        query, prefix_key, prefix_value, own_key, own_value, out, lse = ctx.saved_tensors
        grad_out = grad_out.contiguous()
        flat = [_flatten_pairs(tensor) for tensor in (grad_out, query, out, lse.unsqueeze(-1))]
        grad_prefix_query, grad_prefix_key, grad_prefix_value = _flash_backward(
            flat[0], flat[1], prefix_key, prefix_value, flat[2], flat[3].squeeze(-1), 0.0, False, scale=ctx.scale
        )
        grad_query, grad_own_key, grad_own_value = _flash_backward(
            grad_out, query, own_key, own_value, out, lse.contiguous(), 0.0, True, scale=ctx.scale
        )
        grad_query = grad_query + _split_pairs(grad_prefix_query, query.shape[0])
        return grad_query, grad_prefix_key, grad_prefix_value, grad_own_key, grad_own_value, None


def shared_prefix_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,  # noqa: ARG001 - transformers passes it; see below
    scaling: float | None = None,
    prefix_length: int = 0,
    pair_length: int = 0,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Computes one layer's attention over `[prefix | pairs]`; transformers calls it by NAME.

    Args:
        module: The attention layer; only its number of query heads per key head is read.
        query: `[1, H, T, D]` with T = P + B·L.
        key: `[1, H / groups, T, D]`.
        value: As key.
        attention_mask: Always None: right padding needs none, since no real token attends to what is on its right.
        scaling: Factor on the scores.
        prefix_length: P, in tokens; 0 is not allowed.
        pair_length: L, in tokens; 0 if there is only the prefix.
        **_: Other arguments of transformers' interface.

    Returns:
        The output `[1, T, H, D]`, and None for the weights, which are never formed.
    """
    groups = module.num_key_value_groups
    key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    prefix = [tensor[:, :, :prefix_length].contiguous() for tensor in (query, key, value)]
    prefix_out = functional.scaled_dot_product_attention(*prefix, is_causal=True, scale=scaling)
    if pair_length == 0:
        return prefix_out.transpose(1, 2), None
    own = [
        _split_pairs(t[:, :, prefix_length:], (t.shape[2] - prefix_length) // pair_length) for t in (query, key, value)
    ]
    merge = _MergedAttention.apply if query.device.type == "cpu" else concatenated_attention
    own_out = merge(own[0], prefix[1], prefix[2], own[1], own[2], scaling)  # [B, H, L, D]
    return torch.cat([prefix_out, _flatten_pairs(own_out)], dim=2).transpose(1, 2), None


def concatenated_attention(query, prefix_key, prefix_value, own_key, own_value, scale):
    """The same output on any device, with the prefix expanded over the pairs and one small mask shared by them."""
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
