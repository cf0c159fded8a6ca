"""How many weights the presets train, on the real shapes of the Llamas (from their config.json, without weights)."""

from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import training
from training.config import TrainingConfig, load_config
from training.model import attach_lora

CONFIGS = Path(training.__file__).parent / "configs"
LLAMA_31_8B = {
    "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "tie_word_embeddings": False,
}  # fmt: skip
LLAMA_31_70B = LLAMA_31_8B | {
    "hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 80, "num_attention_heads": 64,
}  # fmt: skip
LLAMA_32_1B = LLAMA_31_8B | {
    "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "tie_word_embeddings": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "shapes", "billions", "percent"),
    [
        ("llama3.1-8b-gpu", LLAMA_31_8B, 8.03, 0.17),
        ("llama3.1-8b-qlora", LLAMA_31_8B, 8.03, 0.17),
        ("llama3.1-70b-fsdp", LLAMA_31_70B, 70.55, 0.09),
        ("llama3.2-1b-gpu", LLAMA_32_1B, 1.24, 0.28),
    ],
)
def test_the_part_of_the_weights_that_learns(preset, shapes, billions, percent):
    with torch.device("meta"):
        base = LlamaForCausalLM(LlamaConfig(**shapes)).requires_grad_(False)
        whole = base.num_parameters()
        model = attach_lora(base, load_config(CONFIGS / f"{preset}.yaml"))
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    # beside weights in 4 bits the adapter's own type is ours to choose; else it is the base's, here float32
    assert {weight.dtype for weight in weights} == {torch.bfloat16 if "qlora" in preset else torch.float32}
    learning = {name: weight.numel() for name, weight in model.named_parameters() if weight.requires_grad}
    assert whole / 1e9 == pytest.approx(billions, rel=0.01)
    assert 100 * sum(learning.values()) / whole == pytest.approx(percent, abs=0.005)
    assert {name.split(".")[-4] for name in learning} == {"q_proj", "k_proj", "v_proj", "o_proj"}


@pytest.mark.parametrize("preset", ["llama3.2-1b-gpu", "llama3.1-8b-gpu", "llama3.1-8b-qlora", "llama3.1-70b-fsdp"])
def test_the_llamas_are_trained_by_the_published_recipe(preset):
    config = load_config(CONFIGS / f"{preset}.yaml")
    for each in (config, TrainingConfig("defaults", "random:tiny")):
        assert (each.dtype, each.lora_targets, each.learning_rate, each.epochs) == ("bfloat16", "attention", 2e-4, 3)
        assert each.gradient_accumulation > 1
        assert each.batch_size * each.gradient_accumulation == 32
        assert each.validate_every < 1 <= each.patience
