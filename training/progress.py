"""What a long step shows while it runs: a bar on a terminal, else a line now and then. Used by loop.py and others."""

import sys
import time

_SECONDS_BETWEEN_LINES = 10.0  # where stderr is a file; a terminal's line is rewritten at each update
_BAR_WIDTH = 20


class Progress:
    """Counts a known number of items and writes how far it is and how long it will take."""

    def __init__(self, label: str, total: int, unit: str, is_shown: bool = True) -> None:
        """Starts the clock.

        Args:
            label: What is being done.
            total: How many items there are.
            unit: What an item is, in the plural.
            is_shown: False where another process shows the same.
        """
        self._label, self._total, self._unit, self._is_shown = label, total, unit, is_shown
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
        if not self._is_shown:
            return
        if not is_terminal and not is_last and now - self._written < _SECONDS_BETWEEN_LINES:
            return
        self._written = now
        left = (self._total - self._done) / max(1e-9, self.rate)
        filled = _BAR_WIDTH * self._done // max(1, self._total)
        bar = f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] " if is_terminal else ""
        parts = [
            f"{self._label}: {bar}{self._done}/{self._total} {self._unit}",
            detail,
            f"{self.rate:.1f} {self._unit}/s",
            f"{left:.0f} s left",
        ]
        line = ", ".join(part for part in parts if part)
        end = "\n" if is_last or not is_terminal else ""
        start = "\r\x1b[K" if is_terminal else ""
        sys.stderr.write(f"{start}{line}{end}")
        sys.stderr.flush()
