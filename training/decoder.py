"""The forward pass of a Llama for generation, as few large operations. Used by running_batch.py.

transformers' own `generate` spends more time between the operations than in them. Here weights that read the same input
are joined into one product, the schema prefix's keys and values are held once for all rows, and rows need not be at the
same position: a step reads one token of one row and forty of another, packed without padding.
"""

from collections.abc import Sequence

import torch
from torch.nn import functional
from transformers import LlamaForCausalLM

from training.frozen_product import FrozenProduct
from training.row_cache import RowCache, Span, Step

# PyTorch's own CPU kernel, called directly because only it returns the log-sum-exp that joins prefix and own tokens.
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


class LlamaDecoder:
    """A frozen Llama with the prefix's keys and values in memory.

    Attributes:
        prefix_length: Tokens of the prefix.
    """

    def __init__(self, model: LlamaForCausalLM, prefix: list[int]) -> None:
        """Lays the weights out and reads the prefix.

        Args:
            model: A Llama, its adapter merged; it is not needed any more afterwards.
            prefix: Tokens that all rows begin with, at least one.
        """
        config = model.config
        self._heads, self._key_heads = config.num_attention_heads, config.num_key_value_heads
        self._head_size = config.head_dim
        self._epsilon = config.rms_norm_eps
        self._embedding = model.model.embed_tokens.weight.detach()
        self._norm = model.model.norm.weight.detach()
        self._layers = [_Layer(layer, self._head_size) for layer in model.model.layers]
        self._head_rows = model.lm_head.weight.detach()  # [vocabulary, hidden]
        self._head = FrozenProduct(model.lm_head.weight)
        self._rotary = model.model.rotary_emb
        self._device = model.device
        self._angles = torch.empty(0)
        self.prefix_length = len(prefix)
        with torch.inference_mode():
            self._prefix = self._read_prefix(prefix)

    def new_cache(self, rows: int, room: int) -> RowCache:
        """Reserves room for rows' own keys and values.

        Args:
            rows: Most rows decoded together.
            room: Most tokens of a row behind the prefix.
        """
        shape = (2 * self._key_heads, self._head_size)
        return RowCache(len(self._layers), rows, room, shape, self._embedding.dtype, self._device)

    @torch.inference_mode()
    def forward(self, spans: Sequence[Span], cache: RowCache) -> torch.Tensor:
        """Reads the next tokens of the cache's first rows.

        Args:
            spans: One for each row: its next tokens, at least one, and how many it has read behind the prefix.
            cache: The rows' keys and values so far; what is read is added.

        Returns:
            The hidden states behind each row's last token and before its guesses, row by row, `[W, hidden]`, ready for
            `score`.
        """
        step = Step(spans, cache.room, self._heads // self._key_heads, self._device)
        hidden = functional.embedding(step.tokens, self._embedding)  # [N, hidden]
        angles = self._angles_at(self.prefix_length + step.positions, self.prefix_length + cache.room)
        for index, layer in enumerate(self._layers):
            joined = self._project(layer, hidden, angles)  # [N, heads + 2·key heads, D]
            query = joined[:, : self._heads].unflatten(1, (self._key_heads, -1))  # [N, key heads, G, D]
            own = cache.extend(index, joined[:, self._heads :], step)
            attend = self._attend if self._device.type == "cpu" else self._attend_padded
            hidden.add_(layer.out(attend(query, self._prefix[index], own, step)))
            hidden.add_(layer.feed_forward(hidden, self._epsilon))
        last = hidden if step.is_single else hidden.index_select(0, step.wanted)
        return functional.rms_norm(last, self._norm.shape, self._norm, self._epsilon)

    @torch.inference_mode()
    def score(self, hidden: torch.Tensor, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Computes logits.

        Args:
            hidden: `[N, hidden]`, of `forward`.
            tokens: `[K]`: compute those of these tokens only; None for the whole vocabulary.

        Returns:
            `[N, vocabulary]` or `[N, K]` in float32, on the CPU, where they are chosen from row by row.
        """
        if tokens is None:
            return self._head(hidden).float().cpu()
        return functional.linear(hidden, self._head_rows.index_select(0, tokens.to(self._device))).float().cpu()

    def _read_prefix(self, prefix: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Runs the prefix once and keeps each layer's keys and values, `[1, key heads, P, D]`."""
        kept = []
        positions = torch.arange(len(prefix), device=self._device)
        angles = self._angles_at(positions, len(prefix))
        hidden = functional.embedding(torch.tensor(prefix, device=self._device), self._embedding)
        for layer in self._layers:
            joined = self._project(layer, hidden, angles).transpose(0, 1)[None]  # [1, heads + 2·key heads, P, D]
            query, key, value = joined.split((self._heads, self._key_heads, self._key_heads), dim=1)
            kept.append((key.contiguous(), value.contiguous()))
            key, value = self._repeated(key), self._repeated(value)
            attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            hidden = hidden + layer.out(attended[0].transpose(0, 1).flatten(1))
            hidden = hidden + layer.feed_forward(hidden, self._epsilon)
        return kept

    def _project(self, layer: "_Layer", hidden: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
        """Returns rotated queries and keys, then values: `[N, heads + 2·key heads, D]`."""
        normalized = functional.rms_norm(hidden, layer.attention_norm.shape, layer.attention_norm, self._epsilon)
        joined = layer.query_key_value(normalized).view(len(hidden), -1, self._head_size)
        turned = joined[:, : self._heads + self._key_heads]
        pairs = turned.float().unflatten(-1, (-1, 2))  # in float32 a view, so that the product is made in place
        torch.view_as_complex(pairs).mul_(angles)
        if pairs.dtype != joined.dtype:
            turned.copy_(pairs.flatten(-2))
        return joined

    def _attend(self, query: torch.Tensor, prefix: tuple, own: tuple, step: Step) -> torch.Tensor:
        """Attention in two parts, joined by their log-sum-exp to what one softmax over both gives; on the CPU.

        The queries of the heads that share a key lie side by side as if they were more tokens: nothing is repeated.
        """
        count, key_heads, groups, size = query.shape
        spread = query.transpose(0, 1).reshape(1, key_heads, count * groups, size)
        prefix_out, prefix_sum = _flash(spread, *prefix, 0.0, False)
        prefix_out = prefix_out.view(key_heads, count, groups, size).transpose(0, 1)
        prefix_sum = prefix_sum.view(key_heads, count, groups).transpose(0, 1)
        own_out, own_sum = self._attend_own(query, *own, step)
        weight = torch.sigmoid(prefix_sum - own_sum).unsqueeze(-1)  # the prefix's part of the joint softmax
        return torch.lerp(own_out.float(), prefix_out.float(), weight).to(query.dtype).reshape(count, -1)

    def _attend_own(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, step: Step) -> tuple:
        """Attention to the rows' own tokens: `[N, key heads, G, D]` and its log-sum-exp `[N, key heads, G]`."""
        if step.is_single:
            return _flash(query, key, value, 0.0, False, attn_mask=step.last_mask)
        out = torch.empty_like(query)
        total = torch.empty(query.shape[:3], dtype=torch.float32, device=query.device)
        if step.has_single:  # all rows' last tokens at once; rows with more tokens are done again below
            last = query.index_select(0, step.last)
            last_out, last_total = _flash(last, key, value, 0.0, False, attn_mask=step.last_mask)
            out[step.last], total[step.last] = last_out, last_total
        for row, begin, end, length, mask in step.longer:
            part = query[begin:end].transpose(0, 1).flatten(1, 2)[None]  # [1, key heads, T·G, D]
            own = key[row : row + 1, :, :length], value[row : row + 1, :, :length]
            part_out, part_total = _flash(part, *own, 0.0, False, attn_mask=mask)
            shape = (len(part[0]), end - begin, -1)
            out[begin:end] = part_out[0].view(*shape, part.shape[-1]).transpose(0, 1)
            total[begin:end] = part_total[0].view(shape).transpose(0, 1)
        return out, total

    def _attend_padded(self, query: torch.Tensor, prefix: tuple, own: tuple, step: Step) -> torch.Tensor:
        """The same on any device: rows padded to one length, the prefix expanded over them, one mask."""
        rows, length = step.padding.shape
        padded = query.flatten(1, 2)[step.padding].transpose(1, 2)  # [B, heads, T, D]
        keys, values = (
            self._repeated(torch.cat([shared.expand(rows, -1, -1, -1), mine], dim=2))
            for shared, mine in zip(prefix, own, strict=True)
        )
        mask = functional.pad(step.padded_mask, (self.prefix_length, 0), value=True)[:, None]  # [B, 1, T, P + K]
        out = functional.scaled_dot_product_attention(padded, keys, values, attn_mask=mask)
        return out.transpose(1, 2).reshape(rows * length, -1)[step.unpadding]

    def _repeated(self, keys: torch.Tensor) -> torch.Tensor:
        """Keys or values `[B, key heads, K, D]`, each for every head that reads it."""
        return keys.repeat_interleave(self._heads // self._key_heads, dim=1)

    def _angles_at(self, positions: torch.Tensor, most: int) -> torch.Tensor:
        """The rotation of each position as complex numbers, `[N, 1, D / 2]`; computed once up to the `most`-th."""
        if len(self._angles) < most:
            every = torch.arange(most, device=self._device)[None]
            cos, sin = self._rotary(torch.empty(0, dtype=torch.float32, device=self._device), every)  # [1, most, D]
            half = self._head_size // 2
            self._angles = torch.complex(cos[0, :, :half], sin[0, :, :half])[:, None]
        return self._angles.index_select(0, positions)


class _Layer:
    """One layer's weights, those with a common input joined."""

    def __init__(self, layer: torch.nn.Module, head_size: int) -> None:
        attention, feed_forward = layer.self_attn, layer.mlp
        # Rotation turns dimension i with i + D/2. Laid beside each other they are one complex number; scores are sums
        # over the dimensions and do not change.
        turned = [_interleave(part.weight, head_size) for part in (attention.q_proj, attention.k_proj)]
        self.query_key_value = FrozenProduct(torch.cat([*turned, attention.v_proj.weight]))
        self.out = FrozenProduct(attention.o_proj.weight)
        self.gate_up = FrozenProduct(torch.cat([feed_forward.gate_proj.weight, feed_forward.up_proj.weight]))
        self.down = FrozenProduct(feed_forward.down_proj.weight)
        self.attention_norm = layer.input_layernorm.weight.detach()
        self.feed_forward_norm = layer.post_attention_layernorm.weight.detach()

    def feed_forward(self, hidden: torch.Tensor, epsilon: float) -> torch.Tensor:
        normalized = functional.rms_norm(hidden, self.feed_forward_norm.shape, self.feed_forward_norm, epsilon)
        gate, up = self.gate_up(normalized).chunk(2, dim=-1)
        return self.down(functional.silu(gate).mul_(up))


def _interleave(weight: torch.Tensor, head_size: int) -> torch.Tensor:
    """Orders each head's outputs 0, D/2, 1, D/2 + 1 and so on."""
    outputs, inputs = weight.shape
    return weight.view(-1, 2, head_size // 2, inputs).transpose(1, 2).reshape(outputs, inputs)
