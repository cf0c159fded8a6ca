"""The machine that a benchmark ran on, in one line, for its result file."""

import platform
from pathlib import Path


def processor() -> str:
    """Returns the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def hardware() -> str:
    """Returns the processor's name, the threads in use, and torch's version."""
    import torch  # here, so that a benchmark without torch can name its processor

    return f"{processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
