"""What tests ask about processes that are not their own children."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
