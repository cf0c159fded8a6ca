"""Keys and values of the rows in work, and where a step's tokens belong in them. Used by decoder.py."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch


class Span(NamedTuple):
    """What a row reads in a step.

    Attributes:
        tokens: Its next tokens.
        start: How many it has read before, behind the prefix.
        guessed: How many of `tokens`, the last ones, are guesses: what follows is wanted behind each of them.
    """

    tokens: Sequence[int]
    start: int
    guessed: int = 0


class Step:
    """The places of a step's tokens, computed once for all layers. N tokens of B rows, T at most of one row.

    Attributes:
        tokens: `[N]`, the rows' tokens one behind another.
        positions: `[N]`, each token's place behind the prefix.
        places: `[N]`, its place in the cache, rows one behind another.
        last: `[B]`, the index of each row's last token.
        wanted: `[W]`, the indexes of the tokens that something is to be written behind: each row's last one, and those
            before its guesses, row by row.
        length: Tokens of the longest row, K.
        is_single: Whether each row reads one token.
        has_single: Whether some row does.
        last_mask: `[B, 1, G, K]`, added to the scores of the rows' last tokens; None where one row reads one.
        longer: Rows that read several: row, first token, behind the last token, length, mask `[1, 1, T·G, length]`.
    """

    def __init__(self, spans: Sequence[Span], room: int, groups: int, device: torch.device) -> None:
        """Computes the places.

        Args:
            spans: One for each of the cache's first rows.
            room: Places of a row in the cache.
            groups: Queries that share a key, G.
            device: Where the tensors go.
        """
        self._spans, self._device = spans, device
        counts = [len(span.tokens) for span in spans]
        positions = [span.start + index for span in spans for index in range(len(span.tokens))]
        ends = [span.start + count for span, count in zip(spans, counts, strict=True)]
        rows = [row for row, count in enumerate(counts) for _ in range(count)]
        self.tokens = torch.tensor([token for span in spans for token in span.tokens], device=device)
        self.positions = torch.tensor(positions, device=device)
        places = [row * room + position for row, position in zip(rows, positions, strict=True)]
        self.places = torch.tensor(places, device=device)
        behind = torch.tensor(counts).cumsum(0)
        self.last = self.wanted = (behind - 1).to(device)
        if any(span.guessed for span in spans):
            ends_and_guesses = zip(behind.tolist(), (span.guessed for span in spans), strict=True)
            wanted = [index for end, guessed in ends_and_guesses for index in range(end - 1 - guessed, end)]
            self.wanted = torch.tensor(wanted, device=device)
        self.length = max(ends)
        self.is_single = max(counts) == 1
        self.has_single = min(counts) == 1
        self.last_mask, self.longer = None, []
        if device.type != "cpu":
            self._pad(counts)
            return
        if self.has_single and len(spans) > 1:
            visible = torch.arange(self.length) < torch.tensor(ends)[:, None]  # [B, K]
            self.last_mask = _added(visible)[:, None, None].expand(-1, 1, groups, -1)
        for row, (count, end) in enumerate(zip(counts, ends, strict=True)):
            if count > 1:
                visible = torch.arange(end) <= torch.arange(end - count, end)[:, None]  # [T, length]
                mask = _added(visible).repeat_interleave(groups, dim=0)[None, None]
                stop = int(behind[row])
                self.longer.append((row, stop - count, stop, end, mask))

    def _pad(self, counts: Sequence[int]) -> None:
        """For attention over padded rows: `padding` `[B, T]` of tokens, `unpadding` `[N]` back, and the mask."""
        longest = max(counts)
        firsts = [sum(counts[:row]) for row in range(len(counts))]
        inside = [[min(index, count - 1) for index in range(longest)] for count in counts]
        padding = [[first + index for index in line] for first, line in zip(firsts, inside, strict=True)]
        unpadding = [row * longest + index for row, count in enumerate(counts) for index in range(count)]
        seen = [[span.start + index for index in line] for span, line in zip(self._spans, inside, strict=True)]
        self.padding = torch.tensor(padding, device=self._device)
        self.unpadding = torch.tensor(unpadding, device=self._device)
        keys = torch.arange(self.length, device=self._device)
        self.padded_mask = keys <= torch.tensor(seen, device=self._device)[..., None]  # [B, T, K]


class RowCache:
    """Keys and values of rows behind the prefix, reserved once. The rows in work are the first ones.

    Attributes:
        room: Most tokens of a row.
    """

    def __init__(
        self, layers: int, rows: int, room: int, shape: tuple[int, int], dtype: torch.dtype, device: torch.device
    ) -> None:
        """Reserves the memory; the system gives it when it is first written.

        Args:
            layers: Of the model.
            rows: Most rows.
            room: Most tokens of a row.
            shape: What a token holds in a layer: keys then values, `[2·key heads, D]`.
            dtype: Of the model.
            device: Of the model.
        """
        self.room = room
        self._storage = _zeros((layers, rows, room, *shape), dtype, device)

    def extend(self, layer: int, joined: torch.Tensor, step: Step) -> tuple[torch.Tensor, torch.Tensor]:
        """Adds a layer's keys and values, `[N, 2·key heads, D]`.

        Returns:
            All of that layer's for the rows in work, keys and values, each `[B, key heads, K, D]`.
        """
        held = self._storage[layer]
        held.view(-1, *held.shape[2:]).index_copy_(0, step.places, joined)
        keys, values = held[: len(step.last), : step.length].transpose(1, 2).chunk(2, dim=1)
        return keys, values

    def move(self, source: int, target: int, length: int) -> None:
        """Copies a row's first tokens over another row."""
        self._storage[:, target, :length] = self._storage[:, source, :length]

    def grow(self, room: int, rows: int) -> None:
        """Gives every row more room; the first `rows` are kept."""
        layers, all_rows, _, *shape = self._storage.shape
        larger = _zeros((layers, all_rows, room, *shape), self._storage.dtype, self._storage.device)
        larger[:, :rows, : self.room] = self._storage[:, :rows]
        self._storage, self.room = larger, room


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Zeros, since what lies behind a row's end is masked by adding minus infinity: it must be a number.

    NumPy's come from the system as they are written, so that rows that are never used take no memory; torch writes all.
    """
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    size = torch.Size(shape).numel() * dtype.itemsize
    return torch.from_numpy(np.zeros(size, dtype=np.uint8)).view(dtype).view(shape)


def _added(visible: torch.Tensor) -> torch.Tensor:
    """Zero where visible, else minus infinity; float32, which the kernel takes with any type."""
    return torch.zeros(visible.shape).masked_fill_(~visible, -torch.inf)
