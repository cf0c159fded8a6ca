"""What every contestant of the shared-prefix benchmark trains: model, batches, adapter. Used by its workers."""

import random
from dataclasses import dataclass

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from training.config import TrainingConfig
from training.data import Example

# Shapes alone decide the speed, so weights are random and nothing is downloaded.
_SHAPES = {
    "smollm2-135m": {
        "vocab_size": 49152,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "tie_word_embeddings": True,
    },
    "llama-3.1-8b": {
        "vocab_size": 128256,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "tie_word_embeddings": False,
    },
    "tiny": {
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
}
MODELS = tuple(_SHAPES)
# Tokens of questions and of answers: uniform between these, 57 a pair on average as in GeoQuery.
_PROMPT_TOKENS, _ANSWER_TOKENS = (12, 30), (18, 54)
# The step that warms up has so much of the schema: it is there for threads, allocators and lazy imports, and a whole
# one of TRL at 2,000 tokens takes nine minutes on two cores with AVX2.
_WARM_UP_PREFIX = 130


@dataclass(frozen=True)
class Task:
    """One contestant's job, handed to its process as JSON.

    Attributes:
        model: One of MODELS.
        schema_length: Tokens of the shared prefix.
        batch: Pairs a step.
        pairs_per_pass: Pairs a forward pass; fewer than `batch` where memory forbids more.
        steps: Timed steps; one more goes before them to warm up, with a short prefix.
        device: `cpu` or `cuda`.
        dtype: `bfloat16` or `float32`.
    """

    model: str
    schema_length: int
    batch: int
    pairs_per_pass: int
    steps: int
    device: str
    dtype: str


def build_model(task: Task) -> LlamaForCausalLM:
    """Builds the frozen model, with the same random weights for every contestant."""
    config = LlamaConfig(
        **_SHAPES[task.model], max_position_embeddings=8192, bos_token_id=0, eos_token_id=0, pad_token_id=0
    )
    torch.manual_seed(0)
    torch.set_default_dtype(getattr(torch, task.dtype))
    try:
        with torch.device(task.device):
            model = LlamaForCausalLM(config)
    finally:
        torch.set_default_dtype(torch.float32)
    return model.requires_grad_(False)


def training_config(task: Task) -> TrainingConfig:
    """Returns the settings: LoRA of rank 16 on the attention projections."""
    return TrainingConfig(
        name="shared_prefix",
        base_model=task.model,
        dtype=task.dtype,
        lora_targets="attention",
        lora_rank=16,
        lora_alpha=32,
        learning_rate=2e-4,
        epochs=1,
        batch_size=task.batch,
        max_new_tokens=1,
    )


def warm_up_prefix(prefix: list[int]) -> list[int]:
    """Returns the part of the schema prefix that the warm-up step has before its pairs."""
    return prefix[:_WARM_UP_PREFIX]


def draw_batches(task: Task) -> tuple[list[int], list[list[Example]]]:
    """Draws the schema prefix, and the examples of the warm-up and of each timed step, each step's by length."""
    draw = random.Random(task.schema_length)  # noqa: S311 - tokens of a benchmark, not a secret
    vocabulary = _SHAPES[task.model]["vocab_size"]

    def tokens(count: int) -> tuple[int, ...]:
        return tuple(draw.randrange(1, vocabulary) for _ in range(count))

    def example() -> Example:
        return Example(tokens(draw.randint(*_PROMPT_TOKENS)), tokens(draw.randint(*_ANSWER_TOKENS)))

    batches = [sorted((example() for _ in range(task.batch)), key=lambda e: e.length) for _ in range(task.steps + 1)]
    return list(tokens(task.schema_length)), batches


def useful_operations(model: LlamaForCausalLM, prefix_length: int, examples: list[Example], rank: int) -> float:
    """Counts a step's floating-point operations that are needed: no padding, no second prefix, no recomputation.

    A frozen product costs 2 operations a weight and token forward and 2 backward (the input's gradient, which the
    first layer does not need), a trainable one 2 more; attention costs 4·H·D a visible pair of tokens forward and
    twice that backward. Behind the last layer's attention only the rows that predict an answer count.

    Args:
        model: The model, without its adapter.
        prefix_length: Tokens of the prefix.
        examples: The step's pairs.
        rank: Of the adapter on the attention projections.

    Returns:
        The number of operations.
    """
    config, layer = model.config, model.model.layers[0]
    attention, feed_forward = layer.self_attn, layer.mlp
    inputs = [attention.q_proj, attention.k_proj, attention.v_proj]
    outputs = [attention.o_proj]

    def adapter(modules: list[torch.nn.Linear]) -> int:
        return sum(rank * (module.in_features + module.out_features) for module in modules)

    def frozen(modules: list[torch.nn.Linear]) -> int:
        return sum(module.weight.numel() for module in modules)

    before = 4 * frozen(inputs) + 6 * adapter(inputs)  # operations a token, before and behind a layer's attention
    behind = 4 * frozen([*outputs, feed_forward.gate_proj, feed_forward.up_proj, feed_forward.down_proj]) + 6 * adapter(
        outputs
    )
    tokens = prefix_length + sum(example.length for example in examples)
    answers = sum(len(example.answer) for example in examples)
    visible = prefix_length * (prefix_length + 1) / 2
    visible += sum(example.length * (prefix_length + (example.length + 1) / 2) for example in examples)
    layers = config.num_hidden_layers
    return (
        tokens * (layers * before - 2 * frozen(inputs) + (layers - 1) * behind)
        + answers * (behind + 4 * config.vocab_size * config.hidden_size)
        + 12 * layers * config.num_attention_heads * config.head_dim * visible
    )
