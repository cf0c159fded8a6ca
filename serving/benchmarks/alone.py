"""Runs a contender in a process of its own, so that the memory it takes is its own. Called by `__main__`."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def alone(measure: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Calls a function in a new process.

    Args:
        measure: It, its arguments and what it returns can be pickled.
        arguments: For it.
        named: For it.

    Returns:
        What it returns; what it raises is raised.
    """
    new = multiprocessing.get_context("spawn")  # a fork would begin with all that this process holds
    with ProcessPoolExecutor(1, mp_context=new) as process:
        return process.submit(measure, *arguments, **named).result()


def peak_memory_mib(process: int | str = "self") -> int | None:
    """The most resident memory that a process has held so far, read from /proc (VmHWM); None where there is none.

    Args:
        process: Its id, or `self`.
    """
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(lines["VmHWM"].split()[0]) // 1024
