"""An adapter on the upper layers only: the frozen ones below are run once, and nothing else changes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training.config import load_config
from training.data import Example, collate
from training.errors import BadInput
from training.frozen import FrozenLayers
from training.model import TINY, attach_lora, batch_loss, load_base

CONFIG = Path(__file__).parents[2] / "training" / "configs" / "tiny-random.yaml"
PREFIX = [5, 6, 7, 8, 9]
EXAMPLES = [Example((1, 2, 3), (4, 5, 6)), Example((7,), (8, 9)), Example((10, 11), (12, 13, 14, 15))]


def _model(first_layer: int):
    model, _ = load_base(TINY, "float32")
    peft_model = attach_lora(model, replace(load_config(CONFIG), lora_first_layer=first_layer))
    generator = torch.Generator().manual_seed(3)
    for weight in peft_model.parameters():
        if weight.requires_grad:  # B starts at zero, where A gets no gradient
            weight.data = torch.randn(weight.shape, generator=generator) * 0.1
    return peft_model


def _gradients(model) -> dict[str, torch.Tensor]:
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def test_loss_and_gradients_are_those_of_the_whole_model():
    model = _model(first_layer=1)
    batch = collate(PREFIX, EXAMPLES)
    whole = batch_loss(model.get_base_model(), batch)
    whole.backward()
    expected = _gradients(model)
    model.zero_grad()

    frozen = FrozenLayers(model.get_base_model(), 1, PREFIX, tokens_per_pass=2048)
    frozen.remember(EXAMPLES)
    upper = batch_loss(model.get_base_model(), frozen.fill(batch, EXAMPLES))
    upper.backward()

    torch.testing.assert_close(upper, whole, rtol=1e-5, atol=0)
    for name, gradient in _gradients(model).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6, msg=name)


def test_no_weight_below_the_first_layer_is_trained():
    trained = [name for name, weight in _model(first_layer=1).named_parameters() if weight.requires_grad]
    assert trained
    assert not [name for name in trained if ".layers.0." in name]


def test_a_first_layer_above_the_last_is_refused_in_one_sentence():
    with pytest.raises(BadInput, match="layers"):
        _model(first_layer=99)
