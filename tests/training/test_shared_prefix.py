"""The shared prefix must give exactly the loss and gradients of the padded batch."""

import pytest
import torch
from torch.nn import functional
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

from training import frozen
from training import model as model_module
from training.blocked_attention import BlockedAttention
from training.config import TrainingConfig
from training.data import Batch, Example, collate, join
from training.flex_prefix import flex_prefix_attention, prefix_block_mask
from training.fused_layers import can_fuse
from training.model import TINY, attach_lora, batch_loss, load_base
from training.row_layout import Group

# Three schemas, of more than one block of rows, of less than one, and of one token.
PREFIXES = [list(range(5, 45)) * 4, list(range(50, 110)), [7]]
PREFIX = PREFIXES[0]
SEVERAL = (Group(160, (4, 13, 9, 13, 7)), Group(60, (9, 9, 9)), Group(1, (150, 40)))
LONG = (Group(1000, tuple(range(33, 81, 3))),)

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="NOT TESTED HERE: needs an NVIDIA GPU")


def _config(targets: str) -> TrainingConfig:
    return TrainingConfig("test", TINY, "float32", targets, 4, 8, 1e-3, 1, 4, 8)


def _examples(seed: int = 3) -> list[Example]:
    generator = torch.Generator().manual_seed(seed)
    sizes = [(3, 9), (7, 4), (5, 5), (2, 14), (6, 1)][: seed + 2]
    draw = lambda count: tuple(torch.randint(1, 250, (count,), generator=generator).tolist())  # noqa: E731
    return [Example(draw(prompt), draw(answer)) for prompt, answer in sizes]


def _rows_and_batches() -> tuple[list[tuple[list[int], Example]], list[Batch]]:
    """Examples of three schemas: each with its prefix, and as batches of one prefix each."""
    groups = [(prefix, _examples(seed)) for seed, prefix in enumerate(PREFIXES)]
    rows = [(prefix, example) for prefix, examples in groups for example in examples]
    return rows, [collate(prefix, examples) for prefix, examples in groups]


def _model_with_lora(targets: str, device: str = "cpu"):
    base, _ = load_base(TINY, "float32", device=device)
    model = attach_lora(base, _config(targets))
    generator = torch.Generator().manual_seed(5)
    for weight in model.parameters():
        if weight.requires_grad:  # LoRA's B starts at zero, which would hide half of the gradients
            weight.data = (torch.randn(weight.shape, generator=generator) * 0.1).to(device)
    return model


def _padded_loss(model, rows: list[tuple[list[int], Example]]) -> torch.Tensor:
    """The plain way: prefix and pair concatenated, right-padded with a mask, loss by transformers' own logits."""
    model.get_base_model().set_attn_implementation("sdpa")
    whole = [[*prefix, *example.prompt, *example.answer] for prefix, example in rows]
    longest = max(map(len, whole))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in whole], device=model.device)
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in whole], device=model.device)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    total = torch.zeros((), device=model.device)
    for index, (prefix, example) in enumerate(rows):
        first = len(prefix) + len(example.prompt) - 1
        answer = torch.tensor(example.answer, device=model.device)
        total = total + functional.cross_entropy(logits[index, first : first + len(answer)], answer, reduction="sum")
    return total


def _gradients(model, *losses: torch.Tensor) -> dict[str, torch.Tensor]:
    for loss in losses:
        loss.backward()
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}
    model.zero_grad()
    return gradients


def _assert_close(actual: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert actual.keys() == expected.keys()
    for name, gradient in expected.items():
        assert gradient.norm() > 0
        assert (actual[name] - gradient).norm() / gradient.norm() < 1e-5, name


def _assert_equals_padded(model, losses: list[torch.Tensor], rows: list[tuple[list[int], Example]]) -> None:
    gradients = _gradients(model, *losses)
    padded = _padded_loss(model, rows)
    torch.testing.assert_close(sum(losses), padded, rtol=1e-5, atol=0)
    _assert_close(gradients, _gradients(model, padded))


@pytest.mark.parametrize("targets", ["attention", "all-linear"])
def test_one_prefix(targets):
    model, examples = _model_with_lora(targets), _examples()
    loss = batch_loss(model.get_base_model(), collate(PREFIX, examples))
    _assert_equals_padded(model, [loss], [(PREFIX, example) for example in examples])


@pytest.mark.parametrize("targets", ["attention", "all-linear"])
def test_several_prefixes_in_one_batch(targets):
    model, (rows, batches) = _model_with_lora(targets), _rows_and_batches()
    batch = join(batches)
    assert (batch.pairs, len(batch.groups)) == (9, 3)
    _assert_equals_padded(model, [batch_loss(model.get_base_model(), batch)], rows)


def test_layers_of_transformers(monkeypatch):
    """What weights in 4 bits, or shared out among processes, are run with."""
    for module in (model_module, frozen):
        monkeypatch.setattr(module, "can_fuse", lambda model: False)
    model, (rows, batches) = _model_with_lora("all-linear"), _rows_and_batches()
    _assert_equals_padded(model, [batch_loss(model.get_base_model(), join(batches))], rows)


def test_own_layers_are_used_where_weights_are_plain():
    model = _model_with_lora("all-linear").get_base_model()
    assert can_fuse(model)
    model.model.layers[1].mlp.up_proj.base_layer = torch.nn.Linear(64, 128, bias=True)
    assert not can_fuse(model)


def test_accumulated_over_several_batches():
    model, (rows, batches) = _model_with_lora("attention"), _rows_and_batches()
    passes = [join(batches[:2]), batches[2], collate(PREFIX, _examples())]
    rows += [(PREFIX, example) for example in _examples()]
    _assert_equals_padded(model, [batch_loss(model.get_base_model(), batch) for batch in passes], rows)


@needs_gpu
@pytest.mark.parametrize("targets", ["attention", "all-linear"])
def test_several_prefixes_on_a_gpu(targets):
    model, (rows, batches) = _model_with_lora(targets, device="cuda"), _rows_and_batches()
    for batch, wanted in ((join(batches), rows), (join(batches[:2]), rows[:-4])):  # two shapes: compiled for any
        model.get_base_model().set_attn_implementation("shared_prefix")
        _assert_equals_padded(model, [batch_loss(model.get_base_model(), batch)], wanted)


@pytest.mark.parametrize("groups", [SEVERAL, SEVERAL[:1], LONG, (Group(128, (64,) * 4),), (Group(3, ()),)])
def test_attention_of_a_gpu_equals_the_blocks_of_the_cpu(groups):
    """The same function as on a GPU, though not its kernel: mask, scale and grouped heads, without gradients."""
    tokens = sum(group.tokens for group in groups)
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn(heads, tokens, 16, generator=generator) for heads in (4, 2, 2))
    blocked = BlockedAttention.apply(query, key, value, 0.3, groups)
    torch.testing.assert_close(flex_prefix_attention(query, key, value, 0.3, groups), blocked, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_compiled_attention_reads_the_listed_blocks_alone_and_for_any_shape():
    """The compiler's kernel for a CPU goes by the same lists of blocks as the one for a GPU."""
    attend = torch.compile(flex_attention)
    generator = torch.Generator().manual_seed(1)
    for groups in (SEVERAL[:1], SEVERAL):
        tokens = sum(group.tokens for group in groups)
        query, key, value = (torch.randn(heads, tokens, 32, generator=generator) for heads in (4, 2, 2))
        mask = prefix_block_mask(groups, torch.device("cpu"))
        compiled = attend(query[None], key[None], value[None], block_mask=mask, scale=0.3, enable_gqa=True)[0]
        blocked = BlockedAttention.apply(query, key, value, 0.3, groups)
        torch.testing.assert_close(compiled, blocked, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("groups", [SEVERAL, LONG, (Group(128, (64,) * 4),)])
def test_blocks_of_a_gpu_are_those_that_the_whole_mask_gives(groups):
    mask = prefix_block_mask(groups, torch.device("cpu"))
    tokens = sum(group.tokens for group in groups)
    whole = create_block_mask(mask.mask_mod, None, None, tokens, tokens, device="cpu")
    torch.testing.assert_close(mask.full_kv_num_blocks, whole.full_kv_num_blocks)
    too_many = mask.to_dense() - whole.to_dense()
    assert too_many.min() == 0
    assert too_many.sum() <= 2 * (len(groups) - 1)  # where two groups meet in a block


def test_pairs_do_not_see_each_other():
    model, examples = _model_with_lora("all-linear").get_base_model(), _examples()
    together = batch_loss(model, collate(PREFIX, examples))
    alone = sum(batch_loss(model, collate(PREFIX, [example])) for example in examples)
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=0)
