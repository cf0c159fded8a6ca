"""The forward pass of a Llama for generation, as few large operations. Used by generate.py.

transformers' own `generate` spends more time between the operations than in them: 23 tokens a second for one question
where this gives several times as many on two cores. Weights that read the same input are joined into one product, the
schema prefix's keys and values are held once for all rows, and all rows are always at the same position, so that no
attention mask exists.
"""

import torch
from torch.nn import functional
from transformers import LlamaForCausalLM

from training.attention import concatenated_attention, merged_attention

_PACKED_FOR_ROWS = 8  # a layout for few rows also serves the long prefix, which is read only once


class LlamaDecoder:
    """A frozen Llama with the prefix's keys and values in memory.

    Attributes:
        prefix_length: Tokens of the prefix.
    """

    def __init__(self, model: LlamaForCausalLM, prefix: list[int]) -> None:
        config = model.config
        self._heads, self._key_heads = config.num_attention_heads, config.num_key_value_heads
        self._head_size = config.head_dim
        self._epsilon = config.rms_norm_eps
        self._layers = [_Layer(layer) for layer in model.model.layers]
        self._embedding = model.model.embed_tokens.weight
        self._norm = model.model.norm.weight
        self._head = _Product(model.lm_head.weight)
        self._rotary = model.model.rotary_emb
        self._device = model.device
        self.prefix_length = len(prefix)
        self._prefix: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._prefix = self._read_prefix(prefix)

    def new_cache(self, rows: int, tokens: int) -> "RowCache":
        """Reserves room for the rows' own keys and values.

        Args:
            rows: Rows decoded together.
            tokens: Most tokens of a row behind the prefix.

        Returns:
            An empty cache.
        """
        shape = (len(self._layers), 2, rows, self._key_heads, tokens, self._head_size)
        return RowCache(torch.empty(shape, dtype=self._embedding.dtype, device=self._device))

    @torch.inference_mode()
    def forward(self, tokens: torch.Tensor, cache: "RowCache") -> torch.Tensor:
        """Reads the next tokens of every row.

        Args:
            tokens: `[B, T]`; T above 1 only while the cache is empty.
            cache: The rows' keys and values so far; extended by T.

        Returns:
            The logits that follow the last token, `[B, vocabulary]`.
        """
        rows, count = tokens.shape
        start = self.prefix_length + cache.length
        cos, sin = self._angles(start, count)
        hidden = functional.embedding(tokens.to(self._device), self._embedding)  # [B, T, hidden]
        for index, layer in enumerate(self._layers):
            query, key, value = self._project(layer, hidden, cos, sin)
            key, value = cache.extend(index, key, value)
            attended = self._attend(query, *self._prefix[index], key, value)  # [B, heads, T, D]
            hidden = hidden + layer.out(attended.transpose(1, 2).reshape(rows, count, -1))
            hidden = hidden + layer.feed_forward(hidden, self._epsilon)
        cache.length += count
        return self._head(self._normalize(hidden[:, -1], self._norm))

    def _read_prefix(self, prefix: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Runs the prefix once and keeps each layer's keys and values, `[1, key heads, P, D]`."""
        kept = []
        with torch.inference_mode():
            cos, sin = self._angles(0, len(prefix))
            hidden = functional.embedding(torch.tensor([prefix], device=self._device), self._embedding)
            for layer in self._layers:
                query, key, value = self._project(layer, hidden, cos, sin)
                kept.append((key.contiguous(), value.contiguous()))
                groups = self._heads // self._key_heads
                key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
                attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
                hidden = hidden + layer.out(attended.transpose(1, 2).flatten(2))
                hidden = hidden + layer.feed_forward(hidden, self._epsilon)
        return kept

    def _project(self, layer: "_Layer", hidden, cos, sin) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns rotated queries `[B, heads, T, D]`, and keys and values `[B, key heads, T, D]`."""
        rows, count, _ = hidden.shape
        joined = layer.query_key_value(self._normalize(hidden, layer.attention_norm))
        joined = joined.view(rows, count, -1, self._head_size).transpose(1, 2)
        rotated = self._heads + self._key_heads
        turned = joined[:, :rotated]
        half = self._head_size // 2
        swapped = torch.cat((-turned[..., half:], turned[..., :half]), dim=-1)
        turned = turned * cos + swapped * sin
        return turned[:, : self._heads], turned[:, self._heads :], joined[:, rotated:]

    def _attend(self, query, prefix_key, prefix_value, own_key, own_value) -> torch.Tensor:
        rows, heads, count, size = query.shape
        groups = heads // self._key_heads
        if self._device.type != "cpu":
            keys = [t.repeat_interleave(groups, dim=1) for t in (prefix_key, prefix_value, own_key, own_value)]
            return concatenated_attention(query, *keys, None)
        if count == 1:  # the heads that share a key lie side by side as if they were more queries: nothing is repeated
            grouped = query.reshape(rows, self._key_heads, groups, size)
            out, _ = merged_attention(grouped, prefix_key, prefix_value, own_key, own_value, None, is_causal=False)
            return out.reshape(rows, heads, 1, size)
        keys = [t.repeat_interleave(groups, dim=1) for t in (prefix_key, prefix_value, own_key, own_value)]
        return merged_attention(query, *keys, None)[0]

    def _angles(self, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        positions = torch.arange(start, start + count, device=self._device)[None]
        return self._rotary(self._embedding, positions)  # each [1, T, D], broadcast over rows and heads

    def _normalize(self, hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(hidden, weight.shape, weight, self._epsilon)


class RowCache:
    """Keys and values of rows behind the prefix.

    Attributes:
        length: Tokens held for each row.
    """

    def __init__(self, storage: torch.Tensor) -> None:
        self._storage = storage  # [layers, 2, B, key heads, room, D]
        self.length = 0

    def extend(self, layer: int, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Appends a layer's keys and values, `[B, key heads, T, D]`, and returns all of that layer's."""
        end = self.length + key.shape[2]
        keys, values = self._storage[layer, 0], self._storage[layer, 1]
        keys[:, :, self.length : end] = key
        values[:, :, self.length : end] = value
        return keys[:, :, :end], values[:, :, :end]

    def keep(self, rows: torch.Tensor) -> None:
        """Drops all rows but those given by index."""
        self._storage = self._storage.index_select(2, rows.to(self._storage.device))


class _Layer:
    """One layer's weights, those with a common input joined."""

    def __init__(self, layer: torch.nn.Module) -> None:
        attention, feed_forward = layer.self_attn, layer.mlp
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        self.query_key_value = _Product(torch.cat([projection.weight for projection in projections]))
        self.out = _Product(attention.o_proj.weight)
        self.gate_up = _Product(torch.cat([feed_forward.gate_proj.weight, feed_forward.up_proj.weight]))
        self.down = _Product(feed_forward.down_proj.weight)
        self.attention_norm = layer.input_layernorm.weight
        self.feed_forward_norm = layer.post_attention_layernorm.weight

    def feed_forward(self, hidden: torch.Tensor, epsilon: float) -> torch.Tensor:
        normalized = functional.rms_norm(hidden, self.feed_forward_norm.shape, self.feed_forward_norm, epsilon)
        gate, up = self.gate_up(normalized).chunk(2, dim=-1)
        return self.down(functional.silu(gate) * up)


class _Product:
    """A product with a frozen weight.

    In bfloat16 on the CPU the weight is laid out once as oneDNN wants it; the plain product lays it out anew at each
    call (measured on one core, 960 × 576 and one row: 226 µs instead of 126).
    """

    def __init__(self, weight: torch.Tensor) -> None:
        self._weight = weight.detach()
        self._is_packed = weight.device.type == "cpu" and weight.dtype == torch.bfloat16
        if self._is_packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight, _PACKED_FOR_ROWS)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        if self._is_packed:
            return torch.ops.mkldnn._linear_pointwise(rows, self._weight, None, "none", [], "")
        return functional.linear(rows, self._weight)
