"""The layers below the adapter, run once. Used by batches.py where the preset puts LoRA on the upper layers only.

Those layers are frozen, so what they make of a pair never changes: the hidden states of the schema prefix and of each
pair are computed before its epoch and kept (about 60 kB a pair for SmolLM2-135M), and each step runs the upper layers
alone. Loss and gradients are exactly those of the whole model. Measured on two cores,
batch 16: 4.3 s a step of 1,000 tokens through all 30 layers, 2.2 s through the upper 15.
"""

from collections import ChainMap
from collections.abc import Sequence
from dataclasses import replace

import torch
from transformers import PreTrainedModel

from training.attention import shared_prefix_attention
from training.data import Batch, Example, collate, cut_by_tokens
from training.fused_layers import can_fuse, run_fused_layer
from training.progress import Progress

# Without gradients a pass may hold more tokens than one of training, and the prefix is run with each pass.
_PASSES_OF_TRAINING = 3


def run_layers(
    model: PreTrainedModel,
    hidden: torch.Tensor,
    batch: Batch,
    first: int,
    last: int,
    wanted: torch.Tensor | None = None,
) -> torch.Tensor:
    """Runs some of the decoder's layers.

    Args:
        model: The causal language model.
        hidden: What enters layer `first`, `[1, T, hidden]`.
        batch: Says where the tokens stand.
        first: The first layer to run.
        last: One past the last.
        wanted: Places in the row whose output is needed, `[N]`; None for all.

    Returns:
        What leaves layer `last - 1`, `[1, T, hidden]` or `[1, N, hidden]`, not normalized.
    """
    decoder = model.model
    positions = batch.position_ids.to(hidden.device)
    angles = decoder.rotary_emb(hidden, position_ids=positions)
    layers = decoder.layers[first:last]
    if can_fuse(model):
        rows, row_angles = hidden[0], (angles[0][0], angles[1][0])
        for index, layer in enumerate(layers, start=1):
            places = wanted if index == len(layers) else None
            rows = run_fused_layer(layer, rows, row_angles, shared_prefix_attention, batch.groups, places)
        return rows[None]
    for layer in layers:
        hidden = layer(
            hidden,
            attention_mask=None,
            position_ids=positions,
            position_embeddings=angles,
            groups=batch.groups,
        )
    return hidden if wanted is None else hidden[:, wanted]


class FrozenLayers:
    """Hidden states at the lower border of the adapter, for a fixed prefix.

    Attributes:
        count: Number of frozen layers.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        count: int,
        prefix: Sequence[int],
        tokens_per_pass: int,
        is_shown: bool = True,
    ) -> None:
        """Takes what all readings share.

        Args:
            model: The causal language model.
            count: Number of frozen layers; with 0 there is nothing to read.
            prefix: Tokens of the schema prefix.
            tokens_per_pass: Most tokens behind the prefix in one pass; bounds the memory.
            is_shown: Whether to show the progress.
        """
        self.count = count
        self._model, self._prefix = model, prefix
        self._tokens_per_pass, self._is_shown = tokens_per_pass * _PASSES_OF_TRAINING, is_shown
        self._of_prefix: torch.Tensor | None = None  # [P, hidden]
        self._of_epoch: dict[Example, torch.Tensor] = {}  # each [length, hidden]
        self._of_all_epochs: dict[Example, torch.Tensor] = {}

    def remember(self, examples: Sequence[Example]) -> None:
        """Keeps the hidden states of an epoch's examples, and forgets those of the epoch before.

        All are read anew where any is new, though a third of them is often known: rounding depends a little on what is
        read together, and a resumed run, which knows none, must give the same bits.
        """
        if self.count and not all(example in self._of_epoch for example in examples):
            self._of_epoch = self._read(examples)

    def remember_always(self, examples: Sequence[Example]) -> None:
        """Keeps the hidden states of examples that each epoch needs, such as those of validation."""
        if self.count and not self._of_all_epochs:
            self._of_all_epochs = self._read(examples)

    @torch.no_grad()
    def _read(self, examples: Sequence[Example]) -> dict[Example, torch.Tensor]:
        """Runs the frozen layers over the prefix and each example."""
        if self._of_prefix is None:  # by itself, so that its bits do not depend on which pairs come first
            self._of_prefix = self._run(collate(self._prefix, []))
        found: dict[Example, torch.Tensor] = {}
        new = sorted(dict.fromkeys(examples), key=lambda example: example.length)
        progress = Progress("reading with the frozen layers", len(new), "pairs", self._is_shown)
        for group in cut_by_tokens([example.length for example in new], self._tokens_per_pass):
            chosen = [new[index] for index in group]
            batch = collate(self._prefix, chosen)
            hidden = self._run(batch)[len(self._prefix) :]
            (layout,) = batch.groups
            parts = hidden.split(layout.pair_lengths)
            found |= {example: part.clone() for example, part in zip(chosen, parts, strict=True)}
            progress.advance(len(chosen))
        return found

    def _run(self, batch: Batch) -> torch.Tensor:
        embedded = self._model.model.embed_tokens(batch.input_ids.to(self._model.device))
        return run_layers(self._model, embedded, batch, 0, self.count)[0]

    def fill(self, batch: Batch, examples: Sequence[Example]) -> Batch:
        """Gives a batch the hidden states of its tokens.

        Args:
            batch: What `collate` made of the examples.
            examples: Examples that were remembered, in the batch's order.

        Returns:
            The batch with `hidden` and `first_layer` set.
        """
        known = ChainMap(self._of_all_epochs, self._of_epoch)
        hidden = torch.cat([self._of_prefix, *(known[example] for example in examples)])
        return replace(batch, hidden=hidden[None], first_layer=self.count)
