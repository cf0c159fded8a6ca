"""What a run costs: wall, CPU and GPU seconds, peak memory. Used by commands.py and evaluate/run.py."""

import resource
import time
from typing import Any

import torch


class UsageMeter:
    """Measures from its creation on."""

    def __init__(self) -> None:
        self._wall = time.monotonic()
        self._cpu = time.process_time()

    @property
    def wall_seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._wall

    @property
    def cpu_seconds(self) -> float:
        """Seconds of processor time of this process, all threads, since the start."""
        return time.process_time() - self._cpu

    def figures(self, device: str, processes: int = 1) -> dict[str, Any]:
        """Returns what has been used so far, as run.json and usage.json hold it.

        Args:
            device: `cpu` or `cuda`.
            processes: Processes that shared the work, each with a GPU of its own where they used GPUs.
        """
        wall = self.wall_seconds
        return {
            "device": device,
            "seconds": round(wall, 1),
            "cpu_seconds": round(self.cpu_seconds * processes, 1),
            "gpu_seconds": round(wall * processes, 1) if device == "cuda" else 0.0,
            "peak_memory_mib": round(peak_memory_mib()),
        }


def peak_memory_mib() -> float:
    """Returns the most memory held so far: of the GPU if one is used, else of this process."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated() > 0:
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
