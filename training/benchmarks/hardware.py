"""The machine that a benchmark ran on, in one line, for its result file."""

import platform
from pathlib import Path

import torch


def hardware() -> str:
    """Returns the processor's name, the threads in use, and torch's version."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {torch.get_num_threads()} threads, torch {torch.__version__}"
