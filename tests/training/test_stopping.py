"""When a signal is heeded: what is to be done at once, what is not to be torn apart, and the end."""

import os
import signal

import pytest

from training.stopping import Interrupted, StopSignals


def test_what_to_do_at_once_waits_for_the_block_inside_and_the_end_for_the_block_around():
    done = []

    def train():
        with StopSignals() as stop:
            with stop.deferred(meanwhile=lambda: done.append("saved")):
                with stop.deferred():
                    os.kill(os.getpid(), signal.SIGTERM)
                    done.append("optimizer")
                done.append("rest of the step")
            done.append("next step")

    with pytest.raises(Interrupted):
        train()
    assert done == ["optimizer", "saved", "rest of the step"]


def test_without_a_signal_nothing_is_done():
    done = []
    with StopSignals() as stop, stop.deferred(meanwhile=lambda: done.append("saved")):
        done.append("step")
    assert done == ["step"]
