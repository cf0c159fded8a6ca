"""What a long step shows while it runs: one line on stderr. Used by loop.py and evaluate/run.py."""

import sys
import time

_SECONDS_BETWEEN_LINES = 10.0  # where stderr is a file; a terminal's line is rewritten at each update


class Progress:
    """Counts a known number of items and writes how far it is and how long it will take."""

    def __init__(self, label: str, total: int, unit: str) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._done = 0
        self._started = self._written = time.monotonic()

    @property
    def rate(self) -> float:
        """Items per second so far."""
        return self._done / max(1e-9, time.monotonic() - self._started)

    def advance(self, items: int, detail: str = "") -> None:
        """Adds finished items and shows the line.

        Args:
            items: Items finished since the last call.
            detail: What else to show, such as the loss.
        """
        self._done += items
        now = time.monotonic()
        is_last = self._done >= self._total
        is_terminal = sys.stderr.isatty()
        if not is_terminal and not is_last and now - self._written < _SECONDS_BETWEEN_LINES:
            return
        self._written = now
        left = (self._total - self._done) / max(1e-9, self.rate)
        parts = [
            f"{self._label}: {self._done}/{self._total} {self._unit}",
            detail,
            f"{self.rate:.1f} {self._unit}/s",
            f"{left:.0f} s left",
        ]
        line = ", ".join(part for part in parts if part)
        end = "\n" if is_last or not is_terminal else ""
        start = "\r\x1b[K" if is_terminal else ""
        sys.stderr.write(f"{start}{line}{end}")
        sys.stderr.flush()
