"""How a training ends early: SIGTERM (a spot interruption, a cancelled job) or Ctrl-C. Used by cli.py and loop.py."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Launchers send a signal twice: to the process group and to each worker. A person's second one comes later.
_SECONDS_OF_ONE_REQUEST = 1.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(BaseException):
    """SIGTERM or SIGINT arrived; the message says what is saved and how to go on.

    Like KeyboardInterrupt no Exception: a library's `except Exception` must not swallow it.
    """


class StopSignals:
    """While entered, the first signal raises `Interrupted` wherever the main thread is, and a second one ends at once.

    Attributes:
        arrived: Number of the signal that came, 0 before.
    """

    def __init__(self) -> None:
        self.arrived = 0
        self._deferrals = 0
        self._meanwhile: tuple[int, Callable[[], None]] | None = None  # with the depth of its block
        self._handlers: dict[int, Any] = {}
        self._ends: tuple[socket.socket, socket.socket] | None = None

    def __enter__(self) -> "StopSignals":
        self._handlers = {number: signal.signal(number, self._receive) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._ends:
            signal.set_wakeup_fd(-1)
            self._ends[1].close()  # ends the thread that waits at the other end

    @property
    def name(self) -> str:
        """The signal's name."""
        return signal.Signals(self.arrived).name

    @contextmanager
    def deferred(self, meanwhile: Callable[[], None] | None = None) -> Iterator[None]:
        """Puts the exception off to the end of the block, for what must happen whole or not at all.

        Args:
            meanwhile: What to do at once when a signal arrives in the block, or, where a block inside it puts that off
                too, at the end of that one. Only one block at a time may have such.
        """
        self._deferrals += 1
        if meanwhile is not None:
            self._meanwhile = (self._deferrals, meanwhile)
        try:
            yield
        finally:
            self._deferrals -= 1
            if meanwhile is not None:
                self._meanwhile = None
        self._heed()

    def _receive(self, number: int, _frame: Any) -> None:
        if self.arrived:
            return  # the thread ends the process, if this is a second request
        self.arrived = number
        self._end_at_the_next()
        self._heed()

    def _heed(self) -> None:
        """Does what a signal that has arrived asks for, as far as the present block lets it."""
        if self.arrived and not self._deferrals:
            self._raise()
        if self.arrived and self._meanwhile is not None and self._meanwhile[0] == self._deferrals:
            _, act = self._meanwhile
            self._meanwhile = None
            act()

    def _raise(self) -> None:
        raise Interrupted(f"{self.name} arrived before there was anything to save; start again with --resume.")

    def _end_at_the_next(self) -> None:
        """Lets a thread wait for the next signal: this one may be deep in a product of matrices for seconds."""
        self._ends = socket.socketpair()
        receiving, sending = self._ends
        sending.setblocking(False)
        signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=_exit_at_a_signal, args=(receiving,), daemon=True).start()


def _exit_at_a_signal(receiving: socket.socket) -> None:
    first = time.monotonic()
    with receiving:
        while number := receiving.recv(1):
            if time.monotonic() - first > _SECONDS_OF_ONE_REQUEST and number[0] in _SIGNALS:
                os._exit(128 + number[0])
