"""What a run costs: wall, CPU and GPU seconds, peak memory. Used by commands.py, loop.py and evaluate/run.py."""

import resource
import time
from datetime import UTC, datetime
from typing import Any

import torch


class UsageMeter:
    """Measures from its creation on; what an interrupted run used before can be added."""

    def __init__(self) -> None:
        self.started_at = datetime.now(UTC).isoformat()
        self._wall = time.monotonic()
        self._cpu = time.process_time()
        self._peak_before = 0.0

    @property
    def wall_seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._wall

    @property
    def cpu_seconds(self) -> float:
        """Seconds of processor time of this process, all threads, since the start."""
        return time.process_time() - self._cpu

    def spent(self) -> dict[str, Any]:
        """Returns what has been used so far, for a checkpoint."""
        return {
            "started_at": self.started_at,
            "wall_seconds": self.wall_seconds,
            "cpu_seconds": self.cpu_seconds,
            "peak_memory_mib": self.peak_memory_mib,
        }

    def add(self, spent: dict[str, Any]) -> None:
        """Adds what a run used before it was interrupted; the time in between costs nothing.

        Args:
            spent: What `spent` returned then.
        """
        self.started_at = spent["started_at"]
        self._wall -= spent["wall_seconds"]
        self._cpu -= spent["cpu_seconds"]
        self._peak_before = spent["peak_memory_mib"]

    @property
    def peak_memory_mib(self) -> float:
        """The most memory held so far, also before an interruption."""
        return max(self._peak_before, peak_memory_mib())

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
            "peak_memory_mib": round(self.peak_memory_mib),
        }


def peak_memory_mib() -> float:
    """Returns the most memory held so far: of the GPU if one is used, else of this process."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated() > 0:
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
