"""One contestant of the shared-prefix benchmark, in a process of its own. Started by shared_prefix.py.

Run as: `python -m training.benchmarks.shared_prefix_worker CONTESTANT TASK`, TASK being a Task as JSON. The last line
on stdout is JSON: what was measured, or `{"out_of_memory": true}`.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from training import attention
from training.benchmarks.profile_shares import matrix_product_share
from training.benchmarks.shared_prefix_task import (
    Task,
    build_model,
    draw_batches,
    training_config,
    useful_operations,
    warm_up_prefix,
)
from training.benchmarks.shared_prefix_trl import train_with_trl
from training.data import Example, collate
from training.loss import summed_cross_entropy
from training.model import attach_lora, batch_loss
from training.optimizer import AdapterOptimizer
from training.usage import peak_memory_mib

_MEMORY_FOR_OTHERS = 1.0e9  # bytes left alone, so that a contestant fails by itself and not by the system's killer


@dataclass(frozen=True)
class Measured:
    """A contestant's figures.

    Attributes:
        seconds: Of each timed step.
        losses: Loss per answer token of each step, the warm-up's first: before any learning the same for all.
        peak_memory_mib: Of the process, or of the GPU if one is used.
        matrix_product_share: Part of a step's processor time that is spent in matrix products; None if not profiled.
        useful_rate: Useful operations a second, at the median step; None if not counted.
        matrix_rate: Operations a second of one large matrix product in the same process; None if not counted.
    """

    seconds: list[float]
    losses: list[float]
    peak_memory_mib: float
    matrix_product_share: float | None = None
    useful_rate: float | None = None
    matrix_rate: float | None = None


def main(arguments: list[str]) -> int:
    """Runs the contestant and prints its figures.

    Args:
        arguments: The contestant's name and the task as JSON.

    Returns:
        The exit status.
    """
    name, task = arguments[0], Task(**json.loads(arguments[1]))
    _limit_memory()
    try:
        result: dict[str, Any] = asdict(_CONTESTANTS[name](task))
    except (RuntimeError, MemoryError) as error:  # torch raises a plain RuntimeError on the CPU
        if not isinstance(error, torch.OutOfMemoryError | MemoryError) and "allocate memory" not in str(error):
            raise
        result = {"out_of_memory": True}
    sys.stdout.write(f"\n{json.dumps(result)}\n")
    return 0


def _train_ours(task: Task) -> Measured:
    """The product's own step."""
    loop = _OwnLoop(task, shared_loss)
    seconds, losses = loop.run()
    return Measured(
        seconds,
        losses,
        peak_memory_mib(),
        loop.matrix_product_share(),
        loop.useful_operations() / sorted(seconds)[len(seconds) // 2],
        _matrix_rate(task),
    )


def _train_padded(task: Task) -> Measured:
    """The same loop with padded batches, a mask and PyTorch's own attention."""
    return Measured(*_OwnLoop(task, _padded_loss).run(), peak_memory_mib())


class _OwnLoop:
    """What loop.py does in a step, with a loss of choice."""

    def __init__(self, task: Task, loss: Callable[..., torch.Tensor]) -> None:
        self._task, self._loss = task, loss
        self._prefix, self._batches = draw_batches(task)
        self._base, config = build_model(task), training_config(task)
        self._operations = useful_operations(self._base, len(self._prefix), self._batches[-1], config.lora_rank)
        self._base.set_attn_implementation(attention.NAME if loss is shared_loss else "sdpa")
        model = attach_lora(self._base, config)
        self._optimizer = AdapterOptimizer(model, config, len(self._batches))

    def run(self) -> tuple[list[float], list[float]]:
        """Returns the seconds of the timed steps, and the loss per answer token of all."""
        ends, losses = [], []
        for number, examples in enumerate(self._batches):
            prefix = self._prefix if number else warm_up_prefix(self._prefix)
            losses.append(self._step(number, prefix, examples))
            ends.append(_now(self._task.device))
        return [end - start for start, end in zip(ends, ends[1:], strict=False)], losses

    def useful_operations(self) -> float:
        """Of the last step's batch."""
        return self._operations

    def matrix_product_share(self) -> float | None:
        """Profiles one more step; None on a GPU, where the processor only waits."""
        if self._task.device != "cpu":
            return None
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            self._step(len(self._batches) - 1, self._prefix, self._batches[-1])
        return matrix_product_share(profile.events())

    def _step(self, number: int, prefix: list[int], examples: list[Example]) -> float:
        answers = sum(len(example.answer) for example in examples)
        loss = 0.0
        for part in _cut(examples, self._task.pairs_per_pass):
            part_sum = self._loss(self._base, prefix, part)
            (part_sum / answers).backward()
            loss += part_sum.item()
        self._optimizer.step(number)
        return loss / answers


def shared_loss(model, prefix: list[int], examples: list[Example]) -> torch.Tensor:
    """The summed loss of a pass with the prefix computed once."""
    return batch_loss(model, collate(prefix, examples))


def _padded_loss(model, prefix: list[int], examples: list[Example]) -> torch.Tensor:
    """The summed loss of a pass with the prefix before each pair; the vocabulary is computed for answers alone."""
    rows = [torch.tensor([*prefix, *example.prompt, *example.answer[:-1]]) for example in examples]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(model.device)
    lengths = torch.tensor([len(row) for row in rows], device=model.device)
    mask = (torch.arange(ids.shape[1], device=model.device) < lengths[:, None]).long()
    hidden = model.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state  # [B, T, hidden]
    firsts = [len(prefix) + len(example.prompt) - 1 for example in examples]
    answers = [
        hidden[row, first : first + len(example.answer)]
        for row, (first, example) in enumerate(zip(firsts, examples, strict=True))
    ]
    targets = torch.tensor([token for example in examples for token in example.answer], device=model.device)
    return summed_cross_entropy(torch.cat(answers), model.lm_head.weight, targets)


def _train_trl(task: Task) -> Measured:
    return Measured(*train_with_trl(task, recomputes=False), peak_memory_mib())


def _train_trl_recomputing(task: Task) -> Measured:
    return Measured(*train_with_trl(task, recomputes=True), peak_memory_mib())


def _cut(examples: list[Example], size: int) -> Iterator[list[Example]]:
    for start in range(0, len(examples), size):
        yield examples[start : start + size]


def _matrix_rate(task: Task) -> float:
    """Operations a second of a large product in the task's type, the best of a few."""
    size = 8192 if task.device == "cuda" else 2048
    left, right = (torch.randn(size, size, dtype=getattr(torch, task.dtype), device=task.device) for _ in range(2))
    best = float("inf")
    for _ in range(6):
        started = _now(task.device)
        functional.linear(left, right)
        best = min(best, _now(task.device) - started)
    return 2 * size**3 / best


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def _limit_memory() -> None:
    """Lets no more be allocated than the machine has left."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists() and not torch.cuda.is_available():  # CUDA reserves far more address space than it uses
        fields = dict(line.split(":") for line in meminfo.read_text().splitlines())
        available = int(fields["MemAvailable"].split()[0]) * 1024
        limit = int(available - _MEMORY_FOR_OTHERS)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


_CONTESTANTS = {
    "ours": _train_ours,
    "padded": _train_padded,
    "trl": _train_trl,
    "trl_recomputing": _train_trl_recomputing,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
