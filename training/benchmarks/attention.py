"""Blocked attention against PyTorch's own kernels with the prefix expanded over the pairs, forward and backward.

The shapes are those of one layer of SmolLM2-135M and 16 pairs of 57 tokens. Called by `__main__`.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch.nn import functional

from training.attention import concatenated_attention
from training.benchmarks.hardware import hardware
from training.blocked_attention import BlockedAttention
from training.row_layout import Group

_HEADS, _KEY_HEADS, _SIZE = 9, 3, 64
_PAIRS, _PAIR_LENGTH = 16, 57
_PREFIXES = (130, 500, 1000, 2000)
_TYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declares the benchmark's options."""
    parser.add_argument("--repeats", type=int, default=10, help="timed repetitions of each side (default: 10)")


def measure_attention(options: argparse.Namespace, report: Callable[[str], None]) -> dict[str, Any]:
    """Times both sides in turn.

    Args:
        options: What `add_options` declared.
        report: Called with a line of text per shape.

    Returns:
        Median milliseconds of blocked attention, and the ratio of the baseline's to it, by type and prefix length.
    """
    result: dict[str, Any] = {"baseline": "scaled_dot_product_attention, prefix expanded", "hardware": hardware()}
    for name, dtype in _TYPES.items():
        for prefix in _PREFIXES:
            inputs = _inputs(prefix, dtype)
            times: dict[str, list[float]] = {"blocked": [], "expanded": []}
            for repeat in range(options.repeats + 2):
                for side, attend in (("blocked", BlockedAttention.apply), ("expanded", _expanded_attention)):
                    seconds = _seconds(attend, inputs, prefix)
                    if repeat >= 2:  # the first two warm up
                        times[side].append(seconds)
            blocked, expanded = median(times["blocked"]), median(times["expanded"])
            result.setdefault("blocked_ms", {}).setdefault(name, {})[str(prefix)] = round(blocked * 1000, 1)
            result.setdefault("ratio", {}).setdefault(name, {})[str(prefix)] = round(expanded / blocked, 2)
            report(f"{name} prefix {prefix}: blocked {blocked * 1000:.1f} ms, expanded {expanded * 1000:.1f} ms")
    return result


def _inputs(prefix: int, dtype: torch.dtype) -> list[torch.Tensor]:
    """Query [H, T, D], key and value [K, T, D], and the output's gradient [H, T, D]."""
    tokens = prefix + _PAIRS * _PAIR_LENGTH
    chance = torch.Generator().manual_seed(1)
    heads = (_HEADS, _KEY_HEADS, _KEY_HEADS, _HEADS)
    return [torch.randn(count, tokens, _SIZE, generator=chance).to(dtype) for count in heads]


def _seconds(attend: Callable[..., torch.Tensor], inputs: list[torch.Tensor], prefix: int) -> float:
    *leaves, gradient = [tensor.detach().requires_grad_() for tensor in inputs]
    started = time.perf_counter()
    attend(*leaves, _SIZE**-0.5, (Group(prefix, (_PAIR_LENGTH,) * _PAIRS),)).backward(gradient.detach())
    return time.perf_counter() - started


def _expanded_attention(query, key, value, scale, groups) -> torch.Tensor:
    """What BlockedAttention computes for one group, with the prefix's keys and values expanded over the pairs."""
    (group,) = groups
    repeats = query.shape[0] // key.shape[0]
    heads = query[None], *(t.repeat_interleave(repeats, dim=0)[None] for t in (key, value))
    prefix = [tensor[:, :, : group.prefix_length] for tensor in heads]
    prefix_out = functional.scaled_dot_product_attention(*prefix, is_causal=True, scale=scale)
    own = [t[0, :, group.prefix_length :].unflatten(1, (group.pairs, -1)).transpose(0, 1) for t in heads]
    own_out = concatenated_attention(own[0], prefix[1], prefix[2], own[1], own[2], scale)  # [B, H, L, D]
    return torch.cat([prefix_out[0], own_out.transpose(0, 1).flatten(1, 2)], dim=1)
