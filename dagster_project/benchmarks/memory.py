"""The peak memory of this process, its children and the server while something runs. Called by `warehouse.py`."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

_INTERVAL_SECONDS = 0.5


class Peak:
    """The largest sum seen so far, in MiB."""

    def __init__(self) -> None:
        self.mebibytes = 0.0


@contextmanager
def peak_memory(server_pid: int) -> Iterator[Peak]:
    """Samples the proportional set size (PSS: shared pages once) of this process, its children and the server's.

    Args:
        server_pid: The postmaster.

    Yields:
        The peak, final when the block is left.
    """
    peak, done = Peak(), threading.Event()

    def sample() -> None:
        while not done.wait(_INTERVAL_SECONDS):
            peak.mebibytes = max(peak.mebibytes, _total(server_pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield peak
    finally:
        done.set()
        sampler.join()


def _total(server_pid: int) -> float:
    total = 0
    for root in (psutil.Process(), psutil.Process(server_pid)):
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_full_info().pss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue  # it has just ended
    return total / 2**20
