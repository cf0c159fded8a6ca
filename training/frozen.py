"""The layers below the adapter, run once. Used by loop.py where the preset puts LoRA on the upper layers only.

Those layers are frozen, so what they make of a pair never changes: the hidden states of the schema prefix and of each
pair are computed when it first comes up and kept for later epochs (about 60 kB a pair for SmolLM2-135M), and each
step runs the upper layers alone. Loss and gradients are exactly those of the whole model. Measured on two cores,
batch 16: 4.3 s a step of 1,000 tokens through all 30 layers, 2.2 s through the upper 15.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from transformers import PreTrainedModel

from training.attention import shared_prefix_attention
from training.data import Batch, Example, bucketed_batches, collate
from training.fused_layers import can_fuse, run_fused_layer
from training.progress import Progress

_BATCH = 96  # the prefix is run with each batch


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

    def __init__(self, model: PreTrainedModel, count: int, prefix: Sequence[int], padding: int) -> None:
        self.count = count
        self._model, self._prefix, self._padding = model, prefix, padding
        self._of_prefix: torch.Tensor | None = None  # [P, hidden]
        self._of_example: dict[Example, torch.Tensor] = {}  # each [length, hidden]

    @torch.no_grad()
    def remember(self, examples: Sequence[Example]) -> None:
        """Runs the frozen layers over the prefix and each new example; keeps what comes out, and forgets all others."""
        known = self._of_example
        self._of_example = {example: known[example] for example in examples if example in known}
        new = [example for example in dict.fromkeys(examples) if example not in known]
        progress = Progress("reading with the frozen layers", len(new), "pairs")
        for group in bucketed_batches([example.length for example in new], _BATCH, seed=None):
            chosen = [new[index] for index in group]
            batch = collate(self._prefix, chosen, self._padding)
            embedded = self._model.model.embed_tokens(batch.input_ids.to(self._model.device))
            hidden = run_layers(self._model, embedded, batch, 0, self.count)[0]  # [P + B·L, hidden]
            (layout,) = batch.groups
            self._of_prefix = hidden[: layout.prefix_length].clone()
            for place, example in enumerate(chosen):
                start = layout.prefix_length + place * layout.pair_length
                self._of_example[example] = hidden[start : start + example.length].clone()
            progress.advance(len(chosen))

    def fill(self, batch: Batch, examples: Sequence[Example]) -> Batch:
        """Gives a batch the hidden states of its tokens.

        Args:
            batch: What `collate` made of the examples.
            examples: Examples that were remembered, in the batch's order.

        Returns:
            The batch with `hidden` and `first_layer` set; padding is zero, and nothing attends to it.
        """
        (group,) = batch.groups
        hidden = self._of_prefix.new_zeros(group.tokens, self._of_prefix.shape[1])
        hidden[: group.prefix_length] = self._of_prefix
        for place, example in enumerate(examples):
            start = group.prefix_length + place * group.pair_length
            hidden[start : start + example.length] = self._of_example[example]
        return replace(batch, hidden=hidden[None], first_layer=self.count)
