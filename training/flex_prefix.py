"""Attention over `[prefix | pairs]` on a GPU, by PyTorch's FlexAttention. Used by attention.py.

A token sees two ranges of keys: the prefix of its group, and its own segment (a prefix or a pair) up to itself. The
kernel gets these four bounds a token and the list of 128 × 128 blocks that anything is seen in, both made here
directly: no T×T mask exists at any time, and no key or value is repeated.
"""

from functools import lru_cache

import torch
from torch.nn.attention.flex_attention import BlockMask, flex_attention

from training.row_layout import Group, starts

_BLOCK = 128  # FlexAttention's default; its kernels are tuned for it


def flex_prefix_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float, groups: tuple[Group, ...]
) -> torch.Tensor:
    """Computes what BlockedAttention computes.

    Args:
        query: `[H, T, D]`, H a multiple of K.
        key: `[K, T, D]`.
        value: As key.
        scale: Factor on the scores.
        groups: What the row holds, T tokens in all.

    Returns:
        `[H, T, D]`. On a CPU it carries no gradient, since FlexAttention has none there.
    """
    # Only the compiled kernel works block by block; on the CPU the plain function is enough for a test.
    attend = _compiled() if query.is_cuda else flex_attention
    mask = prefix_block_mask(groups, query.device)
    return attend(query[None], key[None], value[None], block_mask=mask, scale=scale, enable_gqa=True)[0]


@lru_cache(maxsize=4)  # every layer of a pass asks for the same
def prefix_block_mask(groups: tuple[Group, ...], device: torch.device) -> BlockMask:
    """Describes who sees whom.

    Args:
        groups: What the row holds.
        device: Where the attention runs.

    Returns:
        FlexAttention's mask of the whole row; its memory grows with T and with (T / 128)².
    """
    seen_start, seen_end, own_start = (torch.tensor(column) for column in zip(*_bounds(groups), strict=True))
    tokens = len(own_start)
    partial, full = _blocks(seen_start, seen_end, own_start)
    seen_start, seen_end, own_start = (column.to(device) for column in (seen_start, seen_end, own_start))

    def sees(_batch, _head, row, column):
        is_own = (column >= own_start[row]) & (column <= row)
        return is_own | ((column >= seen_start[row]) & (column < seen_end[row]))

    lists = [tensor.to(device)[None, None] for blocks in (partial, full) for tensor in _listed(blocks)]
    return BlockMask.from_kv_blocks(*lists, BLOCK_SIZE=_BLOCK, mask_mod=sees, seq_lengths=(tokens, tokens))


def _bounds(groups: tuple[Group, ...]) -> list[tuple[int, int, int]]:
    """Of each token: where the part of the prefix that it sees starts and ends, and where its own segment starts."""
    bounds = []
    for group, first in zip(groups, starts(groups), strict=True):
        behind = first + group.prefix_length
        bounds += [(first, place + 1, first) for place in range(first, behind)]
        for start, length in zip(group.pair_starts, group.pair_lengths, strict=False):
            bounds += [(first, behind, first + start)] * length
    return bounds


def _blocks(seen_start, seen_end, own_start) -> tuple[torch.Tensor, torch.Tensor]:
    """Sorts the blocks, `[T / 128, T / 128]` each: those that some rows see in part, and those that all see whole."""
    tokens = len(own_start)
    count = -(-tokens // _BLOCK)
    first_key = torch.arange(count) * _BLOCK
    last_key = first_key + _BLOCK - 1
    rows = torch.arange(count * _BLOCK).clamp(max=tokens - 1).view(count, _BLOCK)
    seen_start, seen_end, own_start = (column[rows] for column in (seen_start, seen_end, own_start))

    def touched(start, end):  # a little too much where groups meet in a block: the kernel asks the mask there
        return (start.amin(1)[:, None] <= last_key) & (first_key < end.amax(1)[:, None])

    def covered(start, end):
        return (start.amax(1)[:, None] <= first_key) & (last_key < end.amin(1)[:, None])

    full = covered(seen_start, seen_end) | covered(own_start, rows + 1)
    full &= (last_key < tokens)[:, None]  # FlexAttention's own masks never call an incomplete block whole
    return (touched(seen_start, seen_end) | touched(own_start, rows + 1)) & ~full, full


def _listed(blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turns `[Q, K]` flags into FlexAttention's lists: how many blocks each row has, and which, those first."""
    order = blocks.int().argsort(dim=1, descending=True, stable=True)
    return blocks.sum(1, dtype=torch.int32), order.to(torch.int32)


@lru_cache(maxsize=1)
def _compiled():
    # One kernel serves any length (ten lengths took four compilations). Should that end some day, `fullgraph` makes it
    # an error: without it torch would go on uncompiled, and hold the T×T scores.
    return torch.compile(flex_attention, fullgraph=True)
