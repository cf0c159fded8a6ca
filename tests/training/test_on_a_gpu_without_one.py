"""What runs on a GPU keeps its tensors there: shown without one, with the meta device in its place.

Its tensors have no values, and torch takes the same ways with them as with those of any device that is no CPU. What a
GPU would refuse, operands on different devices, is refused here. FlexAttention's kernel needs a real GPU: it is left
out.
"""

from collections.abc import Iterator

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from training import attention
from training.config import TrainingConfig
from training.data import Example, collate
from training.decoder import LlamaDecoder
from training.frozen import FrozenLayers
from training.model import attach_lora, batch_loss
from training.row_cache import Span
from training.tiny_model import build_tiny_model

PREFIX, PAIRS = [1, 2, 3, 4], [Example((5, 6), (7, 8)), Example((5,), (9, 7, 8))]
MOVES = {torch.ops.aten._to_copy, torch.ops.aten.copy_}


class OneDevice(TorchDispatchMode):
    """Refuses operations whose operands lie on different devices, but for moves and for single numbers of the CPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        operands = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        devices = {operand.device.type for operand in operands if operand.dim() or operand.device.type != "cpu"}
        if len(devices) > 1 and func.overloadpacket not in MOVES:
            raise RuntimeError(f"{func} mixes {sorted(devices)}")
        return func(*args, **(kwargs or {}))


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.nn.Module]:
    """The tiny model on a device that is no CPU."""

    def kernel(query, key, value, scale, groups):
        assert {tensor.device.type for tensor in (query, key, value)} == {"meta"}
        return query * scale + key.sum() + value.sum()

    monkeypatch.setattr(attention, "flex_prefix_attention", kernel)
    with torch.device("meta"):
        built, _ = build_tiny_model(torch.bfloat16)
    built.set_attn_implementation(attention.NAME)
    with OneDevice():
        yield built.requires_grad_(False)


def test_operands_on_two_devices_are_noticed(model):
    with pytest.raises(RuntimeError, match="mixes"):
        model.lm_head.weight.index_select(0, torch.tensor([1, 2]))


def test_an_answer_is_generated_on_it(model):
    decoder = LlamaDecoder(model, PREFIX)
    cache = decoder.new_cache(rows=3, room=8)
    assert decoder.forward([Span([5, 6], 0)] * 3, cache).device.type == "meta"
    cache.move(source=2, target=1, length=2)  # the second answer is finished
    last = decoder.forward([Span([7], 2), Span([8, 9], 2)], cache)
    assert (last.device.type, last.shape) == ("meta", (2, model.config.hidden_size))


@pytest.mark.parametrize("is_fused", [True, False])
def test_a_step_is_learnt_on_it_above_frozen_layers(model, monkeypatch, is_fused):
    if not is_fused:  # as with weights in 4 bits, or divided among processes
        monkeypatch.setattr("training.frozen.can_fuse", lambda model: False)
    adapted = attach_lora(model, TrainingConfig("test", "random:tiny", lora_first_layer=1))
    frozen = FrozenLayers(model, 1, PREFIX, tokens_per_pass=64, is_shown=False)
    frozen.remember(PAIRS)
    loss = batch_loss(model, frozen.fill(collate(PREFIX, PAIRS), PAIRS))
    loss.backward()
    assert loss.device.type == "meta"
    learning = [weight for weight in adapted.parameters() if weight.requires_grad]
    assert {weight.grad.device.type for weight in learning} == {"meta"}
