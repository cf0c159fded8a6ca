"""Runs a registry operation in a process of its own and kills it (SIGKILL) before its n-th step; for test_kills.py.

A step is a statement sent to the database, or an operation on a file or folder of the registry: Python announces those
to audit hooks (`sys.addaudithook`), so none needs to be named here and none can be forgotten.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

_ON_FILES = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "shutil.rmtree")

# A server that has the imports done forks each child: a start costs milliseconds instead of a second.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__, "training.registry"])


def run_and_kill(operation: Callable[..., object], step: int, dsn: str, home: Path, arguments: tuple) -> bool:
    """Starts `operation(conn, home, *arguments)` and kills it before a step.

    Args:
        operation: A function of a module, so that the child can import it.
        step: Before which step to kill, from 1.
        dsn: The warehouse.
        home: AUDITUNE_HOME.
        arguments: More arguments of the operation.

    Returns:
        Whether it was killed; False if it had fewer steps and succeeded.
    """
    child = _processes.Process(target=_run, args=(operation, step, dsn, home, arguments), daemon=True)
    child.start()
    child.join(timeout=60)
    assert child.exitcode in (0, -signal.SIGKILL), f"the operation failed by itself: {child.exitcode}"
    return child.exitcode != 0


def _run(operation: Callable[..., object], step: int, dsn: str, home: Path, arguments: tuple) -> None:
    left = step

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    class CountingCursor(psycopg.Cursor):
        def execute(self, *parameters, **options):
            count()
            return super().execute(*parameters, **options)

    def heed(event: str, parameters: tuple) -> None:
        if event in _ON_FILES and parameters and str(home) in str(parameters[0]):
            count()

    with psycopg.connect(dsn, autocommit=True, cursor_factory=CountingCursor) as conn:
        sys.addaudithook(heed)
        operation(conn, home, *arguments)
    os._exit(0)
