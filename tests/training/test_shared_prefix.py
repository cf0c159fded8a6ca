"""The shared prefix must give exactly the loss and gradients of the padded batch."""

import pytest
import torch
from torch.nn import functional

from training import attention
from training.config import TrainingConfig
from training.data import Example, collate
from training.model import TINY, attach_lora, batch_loss, load_base

PREFIX = list(range(5, 45)) * 4  # 160 tokens: more than one block of rows


def _config(targets: str) -> TrainingConfig:
    return TrainingConfig("test", TINY, "float32", targets, 4, 8, 1e-3, 1, 4, 8)


def _examples() -> list[Example]:
    generator = torch.Generator().manual_seed(3)
    sizes = [(3, 9), (7, 4), (5, 5), (2, 14), (6, 1)]
    draw = lambda count: tuple(torch.randint(1, 250, (count,), generator=generator).tolist())  # noqa: E731
    return [Example(draw(prompt), draw(answer)) for prompt, answer in sizes]


def _model_with_lora(targets: str):
    base, _ = load_base(TINY, "float32")
    model = attach_lora(base, _config(targets))
    generator = torch.Generator().manual_seed(5)
    for weight in model.parameters():
        if weight.requires_grad:  # LoRA's B starts at zero, which would hide half of the gradients
            weight.data = torch.randn(weight.shape, generator=generator) * 0.1
    return model


def _padded_loss(model, examples: list[Example]) -> torch.Tensor:
    """The plain way: prefix and pair concatenated, right-padded with a mask, loss by transformers' own logits."""
    rows = [[*PREFIX, *example.prompt, *example.answer] for example in examples]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    total = torch.zeros(())
    for index, example in enumerate(examples):
        first = len(PREFIX) + len(example.prompt) - 1
        answer = torch.tensor(example.answer)
        total = total + functional.cross_entropy(logits[index, first : first + len(answer)], answer, reduction="sum")
    return total


def _gradients(model, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    loss.backward()
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}
    model.zero_grad()
    return gradients


def _assert_close(actual: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert actual.keys() == expected.keys()
    for name, gradient in expected.items():
        assert gradient.norm() > 0
        assert (actual[name] - gradient).norm() / gradient.norm() < 1e-5, name


@pytest.mark.parametrize("targets", ["attention", "all-linear"])
def test_loss_and_gradients_equal_the_padded_batch(targets):
    model, examples = _model_with_lora(targets), _examples()
    shared = batch_loss(model.get_base_model(), collate(PREFIX, examples, padding=0))
    shared_gradients = _gradients(model, shared)
    model.get_base_model().set_attn_implementation("sdpa")
    padded = _padded_loss(model, examples)
    torch.testing.assert_close(shared, padded, rtol=1e-5, atol=0)
    _assert_close(shared_gradients, _gradients(model, padded))


def test_what_other_devices_do_equals_the_blocks_of_the_cpu(monkeypatch):
    model, batch = _model_with_lora("all-linear"), collate(PREFIX, _examples(), padding=0)
    with_blocks = batch_loss(model.get_base_model(), batch)
    expected = _gradients(model, with_blocks)
    monkeypatch.setattr(attention.BlockedAttention, "apply", attention.expanded_attention)
    without = batch_loss(model.get_base_model(), batch)
    torch.testing.assert_close(without, with_blocks, rtol=1e-5, atol=0)
    _assert_close(_gradients(model, without), expected)


def test_what_stands_in_the_padding_changes_nothing():
    model = _model_with_lora("all-linear").get_base_model()
    losses = [batch_loss(model, collate(PREFIX, _examples(), padding=token)) for token in (0, 77)]
    assert losses[0].item() == losses[1].item()


def test_pairs_do_not_see_each_other():
    model, examples = _model_with_lora("all-linear").get_base_model(), _examples()
    together = batch_loss(model, collate(PREFIX, examples, padding=0))
    alone = sum(batch_loss(model, collate(PREFIX, [example], padding=0)) for example in examples)
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=0)
