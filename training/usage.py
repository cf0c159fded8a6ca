"""What a run costs: wall seconds, CPU seconds, peak memory. Used by loop.py and evaluate/run.py."""

import resource
import time

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


def peak_memory_mib() -> float:
    """Returns the most memory held so far: of the GPU if one is used, else of this process."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated() > 0:
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
