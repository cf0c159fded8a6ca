"""What runs on a GPU keeps its tensors there: shown without one, by tensors that have a device and no values.

torch's fake tensors refuse an operation whose operands lie on different devices, as a GPU would. The kernel of
FlexAttention needs a real one and is left out.
"""

from collections.abc import Iterator

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from training import attention
from training.config import TrainingConfig
from training.data import Example, collate
from training.decoder import LlamaDecoder
from training.fused_layers import can_fuse
from training.model import attach_lora, batch_loss
from training.tiny_model import build_tiny_model

PREFIX, PAIRS = [1, 2, 3, 4], [Example((5, 6), (7, 8)), Example((5,), (9, 7, 8))]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.nn.Module]:
    """The tiny model on a GPU that is not there."""

    def kernel(query, key, value, scale, groups):
        assert {tensor.device.type for tensor in (query, key, value)} == {"cuda"}
        return query * scale

    monkeypatch.setattr(attention, "flex_prefix_attention", kernel)
    with FakeTensorMode(allow_non_fake_inputs=True):
        with torch.device("cuda"):
            built, _ = build_tiny_model(torch.bfloat16)
        built.set_attn_implementation(attention.NAME)
        yield built.requires_grad_(False)


def test_the_fake_gpu_notices_what_a_real_one_would(model):
    with pytest.raises(RuntimeError, match="device"):
        model.lm_head.weight @ torch.ones(64, dtype=torch.bfloat16)


def test_an_answer_is_generated_on_it(model):
    decoder = LlamaDecoder(model, PREFIX)
    cache = decoder.new_cache(rows=3, tokens=8)
    assert decoder.forward(torch.tensor([[5, 6]] * 3), cache).device.type == "cuda"
    cache.keep(torch.tensor([0, 2]))  # one answer is finished
    assert decoder.forward(torch.tensor([[7], [8]]), cache).shape == (2, model.config.vocab_size)


@pytest.mark.parametrize("is_fused", [True, False])
def test_a_step_is_learnt_on_it(model, monkeypatch, is_fused):
    if not is_fused:  # as with weights in 4 bits, or divided among processes
        monkeypatch.setattr("training.model.can_fuse", lambda model: False)
        monkeypatch.setattr("training.frozen.can_fuse", lambda model: False)
    assert can_fuse(model)
    adapted = attach_lora(model, TrainingConfig("test", "random:tiny"))
    loss = batch_loss(adapted.get_base_model(), collate(PREFIX, PAIRS, padding=0))
    loss.backward()
    assert loss.device.type == "cuda"
    learning = [weight for weight in adapted.parameters() if weight.requires_grad]
    assert {weight.grad.device.type for weight in learning} == {"cuda"}
