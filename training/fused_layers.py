"""A Llama layer with its LoRA adapter as few large operations, forward and backward. Used by model.py and frozen.py.

transformers and peft run about 60 small operations a layer, each of which reads and writes every activation; on a CPU
that is a fifth of a step in float32, and more where bfloat16 makes the products fast. Here the same is written as four
functions with gradients of their own: norm, projections of one input with their adapters, rotation, SwiGLU. They keep
less for the backward pass too. Loss and gradients are those of transformers to rounding.
"""

from dataclasses import dataclass

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from training.row_layout import Group


def can_fuse(model: PreTrainedModel) -> bool:
    """Whether all weights are plain: not in 4 bits, not sharded over processes, without biases.

    Args:
        model: A causal language model of the Llama architecture, with or without an adapter.

    Returns:
        True if `run_fused_layer` can run its layers.
    """
    if model.config.hidden_act != "silu":
        return False
    return all(type(layer) is LlamaDecoderLayer and _has_plain_weights(layer) for layer in model.model.layers)


def run_fused_layer(
    layer: LlamaDecoderLayer,
    hidden: torch.Tensor,
    angles: tuple[torch.Tensor, torch.Tensor],
    attend,
    groups: tuple[Group, ...],
    wanted: torch.Tensor | None = None,
) -> torch.Tensor:
    """Runs one layer.

    Args:
        layer: Its weights.
        hidden: `[T, hidden]`.
        angles: Cosine and sine of each token's rotation, `[T, D]`.
        attend: Attention over the row: query `[1, H, T, D]`, key and value `[1, K, T, D]` → `[1, T, H, D]`.
        groups: What the row holds.
        wanted: Rows of the output that are needed, `[N]`; None for all. Nobody reads the others of the last layer.

    Returns:
        `[T, hidden]`, or `[N, hidden]`.
    """
    attention, feed_forward = layer.self_attn, layer.mlp
    tokens, size = hidden.shape[0], attention.head_dim
    normalized = _norm(layer.input_layernorm, hidden)
    projected = _project(normalized, attention.q_proj, attention.k_proj, attention.v_proj)
    query, key, value = (states.view(tokens, -1, size) for states in projected)
    query, key = _Rotation.apply(query, *angles), _Rotation.apply(key, *angles)
    heads = [states.transpose(0, 1)[None] for states in (query, key, value)]
    attended = attend(attention, *heads, None, scaling=attention.scaling, groups=groups)[0].reshape(tokens, -1)
    if wanted is not None:
        hidden, attended = hidden[wanted], attended[wanted]
    hidden = hidden + _project(attended, attention.o_proj)[0]
    gate, up = _project(_norm(layer.post_attention_layernorm, hidden), feed_forward.gate_proj, feed_forward.up_proj)
    return hidden + _project(_SwiGlu.apply(gate, up), feed_forward.down_proj)[0]


class _Norm(torch.autograd.Function):
    """x / rms(x) · weight, the weight frozen; the root mean square is in float32."""

    @staticmethod
    def forward(ctx, hidden, weight, epsilon):
        square = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True, dtype=torch.float32).square_()
        inverse = square.div_(hidden.shape[-1]).add_(epsilon).rsqrt_()  # [T, 1]
        ctx.save_for_backward(hidden, weight, inverse)
        return (hidden * inverse).to(hidden.dtype).mul_(weight)

    @staticmethod
    def backward(ctx, grad):
        hidden, weight, inverse = ctx.saved_tensors
        grad = grad * weight
        # d(x·r)/dx = r - x·xᵀ·r³ / size
        along = (grad * hidden).sum(-1, keepdim=True, dtype=torch.float32).mul_(inverse.pow(3)).div_(hidden.shape[-1])
        return (grad * inverse).addcmul_(hidden, along, value=-1).to(hidden.dtype), None, None


class _Projections(torch.autograd.Function):
    """Products of one input with several frozen weights and their adapters: x·Wᵀ + scale·(x·Aᵀ)·Bᵀ for each."""

    @staticmethod
    def forward(ctx, hidden, scales, *weights):
        # hidden [T, in]; weights are W [out, in], A [r, in] and B [out, r] of each, A and B None without an adapter
        down = [a for a in weights[1::3] if a is not None]
        low = (hidden @ torch.cat(down).T).split([len(a) for a in down], dim=1) if down else ()  # each [T, r]
        outputs, parts = [], iter(low)
        for weight, a, b, scale in zip(weights[::3], weights[1::3], weights[2::3], scales, strict=True):
            output = hidden @ weight.T
            outputs.append(output if a is None else output.addmm_(next(parts), b.T, alpha=scale))
        ctx.scales, ctx.count = scales, len(weights)
        # Frozen weights alone need no input for their gradient.
        ctx.save_for_backward(*weights, *([hidden, *low] if down else []))
        return tuple(outputs)

    @staticmethod
    def backward(ctx, *grads):
        weights, kept = ctx.saved_tensors[: ctx.count], ctx.saved_tensors[ctx.count :]
        grad_weights: list[torch.Tensor | None] = [None] * ctx.count
        parts, grad_low, places = iter(kept[1:]), [], []
        for index, (grad, scale) in enumerate(zip(grads, ctx.scales, strict=True)):
            _, a, b = weights[3 * index : 3 * index + 3]
            if a is None:
                continue
            grad_weights[3 * index + 2] = (grad.T @ next(parts)).mul_(scale)
            grad_low.append((grad @ b).mul_(scale))
            places.append(3 * index + 1)
        if places:
            down = [weights[place] for place in places]
            grad_down = torch.cat(grad_low, dim=1).T @ kept[0]
            for place, gradient in zip(places, grad_down.split([len(a) for a in down]), strict=True):
                grad_weights[place] = gradient
        grad_hidden = None
        if ctx.needs_input_grad[0]:
            grad_hidden = torch.cat(grad_low, dim=1) @ torch.cat(down) if places else None
            for grad, weight in zip(grads, weights[::3], strict=True):
                grad_hidden = grad @ weight if grad_hidden is None else grad_hidden.addmm_(grad, weight)
        return grad_hidden, None, *grad_weights


class _Rotation(torch.autograd.Function):
    """Rotary position embedding of `[T, heads, D]`; its gradient is the rotation back."""

    @staticmethod
    def forward(ctx, states, cosine, sine):
        ctx.save_for_backward(cosine, sine)
        return _rotate(states, cosine, sine)

    @staticmethod
    def backward(ctx, grad):
        cosine, sine = ctx.saved_tensors
        return _rotate(grad, cosine, -sine), None, None


def _rotate(states: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    half = states.shape[-1] // 2
    rotated = states * cosine[:, None]
    rotated[..., :half].addcmul_(states[..., half:], sine[:, None, :half], value=-1)
    rotated[..., half:].addcmul_(states[..., :half], sine[:, None, half:])
    return rotated


class _SwiGlu(torch.autograd.Function):
    """silu(gate) · up; the silu is computed again in the backward pass."""

    @staticmethod
    def forward(ctx, gate, up):
        ctx.save_for_backward(gate, up)
        return torch.nn.functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx, grad):
        gate, up = ctx.saved_tensors
        grad_up = torch.nn.functional.silu(gate).mul_(grad)
        return torch.ops.aten.silu_backward(grad * up, gate), grad_up


@dataclass(frozen=True)
class _Projection:
    """A frozen weight and, if there is one, its adapter."""

    weight: torch.Tensor
    down: torch.Tensor | None = None
    up: torch.Tensor | None = None
    scale: float = 1.0


def _project(hidden: torch.Tensor, *modules: torch.nn.Module) -> tuple[torch.Tensor, ...]:
    parts = [_projection(module) for module in modules]
    weights = [tensor for part in parts for tensor in (part.weight, part.down, part.up)]
    return _Projections.apply(hidden, tuple(part.scale for part in parts), *weights)


def _projection(module: torch.nn.Module) -> _Projection:
    if not isinstance(module, LoraLinear):
        return _Projection(module.weight)
    if module.disable_adapters or module.merged or not module.active_adapters:
        return _Projection(module.base_layer.weight)
    (name,) = module.active_adapters
    return _Projection(
        module.base_layer.weight, module.lora_A[name].weight, module.lora_B[name].weight, module.scaling[name]
    )


def _norm(module: torch.nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    return _Norm.apply(hidden, module.weight, module.variance_epsilon)


def _has_plain_weights(layer: LlamaDecoderLayer) -> bool:
    attention, feed_forward = layer.self_attn, layer.mlp
    modules = [attention.q_proj, attention.k_proj, attention.v_proj, attention.o_proj]
    modules += [feed_forward.gate_proj, feed_forward.up_proj, feed_forward.down_proj]
    bases = [module.base_layer if isinstance(module, LoraLinear) else module for module in modules]
    return all(
        type(base) is torch.nn.Linear and base.bias is None and not isinstance(base.weight, DTensor) for base in bases
    )
