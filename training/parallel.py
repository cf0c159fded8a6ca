"""Several processes that train one adapter, as `torchrun` or `accelerate launch` start them. Used by loop.py.

Each process holds the whole adapter and takes a part of each step's pairs. The adapter's gradients are summed over the
processes once a step, so each applies the same update and the first can write a checkpoint without asking the others.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed


@dataclass(frozen=True)
class World:
    """The processes of a run, and which of them this is.

    Attributes:
        rank: This process's number, from 0.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """The one process that writes files and shows the progress."""
        return self.rank == 0

    def share(self, items: Sequence[int], rank: int | None = None) -> list[int]:
        """Returns a process's part of some items: each belongs to one process, and near ones to different ones."""
        return list(items[self.rank if rank is None else rank :: self.size])

    def sum(self, *numbers: float) -> list[float]:
        """Sums numbers over the processes, each by itself."""
        if self.size == 1:
            return list(numbers)
        total = torch.tensor(numbers, dtype=torch.float64, device=_device())
        distributed.all_reduce(total)
        return total.tolist()

    def sum_gradients(self, weights: Sequence[torch.nn.Parameter]) -> None:
        """Sums the gradients of weights over the processes, in float32 and in one message."""
        if self.size == 1:
            return
        joint = torch.cat([weight.grad.float().flatten() for weight in weights])
        distributed.all_reduce(joint)
        for weight, total in zip(weights, joint.split([weight.numel() for weight in weights]), strict=True):
            weight.grad = total.view_as(weight).to(weight.dtype)

    def from_first(self, value: Any) -> Any:
        """Returns what the first process gave; the others' values are ignored."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0, device=_device())
        return box[0]


@contextmanager
def open_world(device: str) -> Iterator[World]:
    """Joins the processes that the launcher started; alone where there is no launcher.

    Args:
        device: `cpu` or `cuda`; on the GPU each process of a machine takes its own.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World()
        return
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield World(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()


def _device() -> str:
    return "cuda" if distributed.get_backend() == "nccl" else "cpu"
