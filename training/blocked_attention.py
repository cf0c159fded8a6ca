"""Attention over `[prefix | pairs]` as matrix products over blocks of rows, on the CPU. Used by attention.py.

A block is a few rows that see the same keys: a piece of the prefix (it sees the prefix before it, and itself causally)
or some pairs (each sees the whole prefix, and itself causally). Its scores are two products, one with the keys that
all its rows share and one with its own, under one softmax. The backward pass computes the scores again instead of
keeping them, so memory grows with the tokens and not with their square.

In bfloat16 oneDNN's products make this 2.2 to 2.9 times as fast as PyTorch's flash kernels with the prefix expanded
over the pairs, forward and backward; in float32 it is about as fast (`python -m training.benchmarks attention`; two
AMD EPYC cores, prefixes of 130 to 2,000 tokens). Blocks of 128 rows and 4 pairs were the fastest of those tried there
(128 to 278 rows, 2 to 16 pairs), within 10 %.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch

from training.row_layout import Group, starts

_PREFIX_ROWS = 128
_PAIRS = 4


class BlockedAttention(torch.autograd.Function):
    """softmax(scale · q·kᵀ)·v over `[prefix | pairs]`, with its gradients."""

    @staticmethod
    def forward(ctx, query, key, value, scale, groups):
        """Computes the output.

        Args:
            ctx: autograd's.
            query: `[H, T, D]`, H a multiple of K.
            key: `[K, T, D]`.
            value: As key.
            scale: Factor on the scores.
            groups: What the row holds, T tokens in all.

        Returns:
            `[H, T, D]`.
        """
        key, value = key.contiguous(), value.contiguous()
        scaled = query * scale
        out = torch.empty_like(scaled, memory_format=torch.contiguous_format)
        softmaxes = []
        for block in _blocks(groups):
            rows, top, total = _attend(*block.inputs(scaled, key, value))
            block.put(out, rows)
            softmaxes.append((top, total))
        ctx.save_for_backward(scaled, key, value, out)
        ctx.softmaxes, ctx.groups, ctx.scale = softmaxes, groups, scale
        return out

    @staticmethod
    def backward(ctx, grad_out):
        """Computes the gradients of query, key and value."""
        scaled, key, value, out = ctx.saved_tensors
        grad_query = torch.empty_like(scaled)
        grad_key, grad_value = (torch.zeros_like(key, dtype=torch.float32) for _ in range(2))  # sums over blocks
        for block, (top, total) in zip(_blocks(ctx.groups), ctx.softmaxes, strict=True):
            inputs = block.inputs(scaled, key, value)
            grads = _gradients(block.rows(grad_out, key.shape[0]), block.rows(out, key.shape[0]), top, total, *inputs)
            block.put(grad_query, grads[0])
            grad_key[:, block.seen_start : block.seen_end] += grads[1]
            grad_value[:, block.seen_start : block.seen_end] += grads[2]
            grad_key[:, block.start : block.end] += block.without_padding(grads[3])
            grad_value[:, block.start : block.end] += block.without_padding(grads[4])
        return grad_query * ctx.scale, grad_key.to(key.dtype), grad_value.to(value.dtype), None, None


@dataclass(frozen=True)
class _Block:
    """Rows from `start` on in independent parts of `lengths`, which all see `seen_start` to `seen_end`.

    Here alone parts are padded, to the longest of the block: with zeros on the right, which no row sees.
    """

    start: int
    lengths: tuple[int, ...]
    seen_start: int
    seen_end: int

    @property
    def end(self) -> int:
        """One past the last row."""
        return self.start + sum(self.lengths)

    def inputs(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Cuts out the block: its queries, and keys and values of what all parts see and of each part's own."""
        own = [self._parts(t) for t in (key, value)]  # [K, B, L, D]
        seen = [t[:, self.seen_start : self.seen_end] for t in (key, value)]
        return self.rows(query, key.shape[0]), *seen, *own

    def rows(self, tensor: torch.Tensor, key_heads: int) -> torch.Tensor:
        """[H, T, D] → the block's rows, `[K, B, G, L, D]` with G query heads a key head."""
        return self._parts(tensor).unflatten(0, (key_heads, -1)).transpose(1, 2).contiguous()

    def put(self, tensor: torch.Tensor, rows: torch.Tensor) -> None:
        """Writes rows as `rows` gave them back into their place."""
        tensor[:, self.start : self.end] = self.without_padding(rows.transpose(1, 2).flatten(0, 1))

    def without_padding(self, parts: torch.Tensor) -> torch.Tensor:
        """[H, B, L, D] → [H, the block's rows, D]."""
        flat, places = parts.flatten(1, 2), _places(self.lengths)
        return flat if places is None else flat.index_select(1, places)

    def _parts(self, tensor: torch.Tensor) -> torch.Tensor:
        """[H, T, D] → [H, B, L, D]."""
        cut, places = tensor[:, self.start : self.end], _places(self.lengths)
        if places is not None:
            padded = cut.new_zeros(cut.shape[0], len(self.lengths) * max(self.lengths), cut.shape[2])
            cut = padded.index_copy_(1, places, cut)
        return cut.unflatten(1, (len(self.lengths), -1))


@lru_cache(maxsize=64)  # every layer of a pass asks for the same
def _places(lengths: tuple[int, ...]) -> torch.Tensor | None:
    """Where the rows of parts lie among parts padded to the longest; None if all are as long."""
    if len(set(lengths)) == 1:
        return None
    is_row = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]  # [B, L]
    return is_row.flatten().nonzero()[:, 0]


def _blocks(groups: tuple[Group, ...]) -> Iterator[_Block]:
    for group, first in zip(groups, starts(groups), strict=True):
        behind_prefix = first + group.prefix_length
        for start in range(first, behind_prefix, _PREFIX_ROWS):
            yield _Block(start, (min(_PREFIX_ROWS, behind_prefix - start),), first, start)
        for pair, start in enumerate(group.pair_starts[:-1]):
            if pair % _PAIRS == 0:
                yield _Block(first + start, group.pair_lengths[pair : pair + _PAIRS], first, behind_prefix)


def _attend(query, seen_key, seen_value, own_key, own_value) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Attention of one block.

    Args:
        query: `[K, B, G, L, D]`, scaled.
        seen_key: `[K, S, D]`; S may be 0.
        seen_value: As seen_key.
        own_key: `[K, B, L, D]`.
        own_value: As own_key.

    Returns:
        The output as query, and of each row's scores the largest and the sum of exp(score - largest), `[K, B, G, L]`.
    """
    own = _own_scores(query, own_key)
    top = own.amax(-1)
    seen = torch.bmm(query.flatten(1, 3), seen_key.mT)  # [K, B·G·L, S]
    if seen_key.shape[1]:
        top = torch.maximum(top, seen.amax(-1).view_as(top))
    own = own.sub_(top[..., None]).exp_()
    seen = seen.sub_(top.flatten(1)[..., None]).exp_()
    total = own.sum(-1, dtype=torch.float32) + seen.sum(-1, dtype=torch.float32).view_as(top)
    out = _own_product(own, own_value).float() + torch.bmm(seen, seen_value).view_as(query)
    return out.div_(total[..., None]).to(query.dtype), top, total


def _gradients(grad_out, out, top, total, query, seen_key, seen_value, own_key, own_value) -> tuple[torch.Tensor, ...]:
    """Gradients of `_attend`'s five inputs, in their shapes; the scores are computed again.

    The rows' division by `total` is moved from the probabilities, which are many, to the output's gradient.
    """
    weight = total.reciprocal()[..., None]
    mean = (grad_out.float() * out).sum(-1, keepdim=True).mul_(weight).to(query.dtype)
    grad_out = (grad_out * weight).to(query.dtype)

    own = _own_scores(query, own_key).sub_(top[..., None]).exp_()
    seen = torch.bmm(query.flatten(1, 3), seen_key.mT).sub_(top.flatten(1)[..., None]).exp_()
    grad_own_value = _per_part(own).mT @ _per_part(grad_out)
    grad_seen_value = torch.bmm(seen.mT, grad_out.flatten(1, 3))
    grad_own = _own_product(grad_out, own_value.mT).sub_(mean).mul_(own)
    grad_seen = torch.bmm(grad_out.flatten(1, 3), seen_value.mT).sub_(mean.flatten(1, 3)).mul_(seen)
    grad_query = _own_product(grad_own, own_key) + torch.bmm(grad_seen, seen_key).view_as(query)
    grad_own_key = _per_part(grad_own).mT @ _per_part(query)
    grad_seen_key = torch.bmm(grad_seen.mT, query.flatten(1, 3))
    return grad_query, grad_seen_key, grad_seen_value, grad_own_key, grad_own_value


def _own_scores(query: torch.Tensor, own_key: torch.Tensor) -> torch.Tensor:
    """Scores of each part's rows among themselves, `[K, B, G, L, L]`, minus infinity where a key is ahead."""
    length = own_key.shape[2]
    ahead = torch.ones(length, length, dtype=torch.bool).triu_(1)
    return _own_product(query, own_key.mT).masked_fill_(ahead, -torch.inf)


def _own_product(rows: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """[K, B, G, L, X] by each part's own [K, B, X, Y] → [K, B, G, L, Y]."""
    return (_per_part(rows) @ own).unflatten(2, (rows.shape[2], -1))


def _per_part(rows: torch.Tensor) -> torch.Tensor:
    """[K, B, G, L, X] → [K, B, G·L, X]."""
    return rows.flatten(2, 3)
