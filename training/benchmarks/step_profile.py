"""Where the processor's time goes in a training step of a preset: matrix products, attention, the rest.

The weights are random and of the preset's shapes, the pairs are drawn; the steps are the product's own: the frozen
layers read the pairs, then forward, backward and optimizer. Only shares are reported, since seconds depend on what else
runs on the same cores. There run it with OMP_NUM_THREADS=1: threads that wait for each other are counted as work of the
operation that they wait in, which is most in the many short ones of attention. Called by `__main__`.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from training import attention
from training.benchmarks.hardware import hardware
from training.benchmarks.profile_shares import longest_operations, matrix_product_share, time_shares
from training.benchmarks.shared_prefix_task import MODELS, Task, build_model, draw_batches
from training.config import TrainingConfig, load_config
from training.data import Example, collate, cut_by_tokens
from training.errors import BadInput
from training.frozen import FrozenLayers
from training.model import attach_lora, batch_loss
from training.optimizer import AdapterOptimizer
from training.processor import usable_dtype

_DEFAULT = Path(__file__).parents[1] / "configs" / "smollm2-135m-cpu.yaml"
_NAMED = 6  # operations of each kind that is no matrix product


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declares the benchmark's options."""
    parser.add_argument("--config", type=Path, default=_DEFAULT, help="preset (default: smollm2-135m-cpu)")
    parser.add_argument("--model", choices=MODELS, default="smollm2-135m", help="shapes (default: smollm2-135m)")
    parser.add_argument("--schema-length", type=int, default=500, help="tokens of the schema (default: 500)")
    parser.add_argument("--steps", type=int, default=3, help="steps of the optimizer to profile (default: 3)")


def measure_step_profile(options: argparse.Namespace, report: Callable[[str], None]) -> dict[str, Any]:
    """Profiles some steps on the CPU, after one that warms up.

    Args:
        options: What `add_options` declared.
        report: Called with a line of text per kind of work.

    Returns:
        Shares of the processor's time that add up to 1, with the longest operations besides matrix products.

    Raises:
        BadInput: The preset does not exist, needs a GPU, or its adapter is on no layer of the model.
    """
    config = load_config(options.config)
    if config.quantization != "none" or config.shard_base:
        raise BadInput(f"The preset '{config.name}' needs GPUs; this profile is of the processor.")
    pairs = config.batch_size * config.gradient_accumulation
    dtype = usable_dtype(config.dtype, "cpu")
    task = Task(options.model, options.schema_length, pairs, pairs, options.steps, "cpu", dtype)
    prefix, (first, *batches) = draw_batches(task)
    steps = _Steps(task, config, prefix)
    steps.run([first])
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        steps.run(batches)
    events = profile.events()
    shares = time_shares(events)
    for kind, share in shares.items():
        report(f"{kind.replace('_', ' ')}: {share:.1%}")
    return {
        "matrix_product_share": round(matrix_product_share(events), 3),
        "shares": {kind: round(share, 3) for kind, share in shares.items()},
        "longest_operations": {
            kind: {name: round(share, 3) for name, share in longest_operations(events, kind, _NAMED).items()}
            for kind in ("attention_other", "rest")
        },
        "preset": config.name,
        "model": f"{options.model}, random weights",
        "dtype": dtype,
        "schema_length": options.schema_length,
        "pairs_a_step": pairs,
        "steps": options.steps,
        "hardware": hardware(),
    }


class _Steps:
    """What an epoch of loop.py does with its pairs."""

    def __init__(self, task: Task, config: TrainingConfig, prefix: list[int]) -> None:
        self._config, self._prefix = config, prefix
        self._base = build_model(task)
        self._base.set_attn_implementation(attention.NAME)
        self._optimizer = AdapterOptimizer(attach_lora(self._base, config), config, task.steps + 1)
        self._frozen = FrozenLayers(self._base, config.lora_first_layer, prefix, config.tokens_per_pass, is_shown=False)
        self._done = 0

    def run(self, batches: Sequence[list[Example]]) -> None:
        """Reads all pairs with the frozen layers, then learns a step from each batch."""
        self._frozen.remember([example for examples in batches for example in examples])
        for examples in batches:
            answers = sum(len(example.answer) for example in examples)
            size = self._config.batch_size
            for start in range(0, len(examples), size):
                for part in self._passes(examples[start : start + size]):
                    (batch_loss(self._base, part) / answers).backward()
            self._optimizer.step(self._done)
            self._done += 1

    def _passes(self, examples: list[Example]):
        for cut in cut_by_tokens([example.length for example in examples], self._config.tokens_per_pass):
            chosen = [examples[place] for place in cut]
            batch = collate(self._prefix, chosen)
            yield self._frozen.fill(batch, chosen) if self._frozen.count else batch
