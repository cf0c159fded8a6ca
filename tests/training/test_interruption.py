"""Real training processes that are killed or terminated: what `--resume` makes of them is what would have been."""

import json
import os
import random
import resource
import signal
import time
from pathlib import Path

import pytest

from tests.training.small_dataset import pair_rows, write_dataset
from tests.training.training_process import start_training, wait_for, write_config
from training.checkpoint import load_checkpoint

SECONDS_TO_SAVE = 10


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("dataset") / "data", pair_rows(training=40))


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    """With a frozen layer, exchanged values and several passes a step: all that could depend on the past."""
    return write_config(tmp_path_factory.mktemp("config") / "c.yaml", lora_first_layer=1, tokens_per_pass=400)


@pytest.fixture(scope="module")
def uninterrupted(config, data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    _finish(start_training(config, data, out))
    return out


def _finish(process, status: int = 0) -> None:
    process.join(60)
    assert process.exitcode == status


def _kill(process) -> None:
    process.kill()
    process.join()


def _lines(out: Path) -> int:
    path = out / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _losses(out: Path) -> list[tuple]:
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [(row["step"], row["loss"], row["validation_loss"]) for row in rows]


def _assert_same(out: Path, expected: Path) -> None:
    adapter = "adapter/adapter_model.safetensors"
    assert (out / adapter).read_bytes() == (expected / adapter).read_bytes()
    assert _losses(out) == _losses(expected)
    runs = [json.loads((each / "run.json").read_text()) for each in (out, expected)]
    for figure in ("steps", "final_train_loss", "best_validation_loss", "pairs", "tokens"):
        assert runs[0][figure] == runs[1][figure]


def test_killed_again_and_again_it_ends_with_the_same_bits(config, data, uninterrupted, tmp_path):
    out, draw, kills = tmp_path / "run", random.Random(), 0
    for step in sorted(draw.sample(range(1, 15), 4)):
        process = start_training(config, data, out, "--resume")
        if wait_for(lambda at=step: _lines(out) >= at, process):
            time.sleep(draw.uniform(0, 0.03))
            _kill(process)
            kills += 1
    assert kills >= 2
    spent = load_checkpoint(out)["spent"]
    _finish(start_training(config, data, out, "--resume"))
    _assert_same(out, uninterrupted)
    run = json.loads((out / "run.json").read_text())
    assert run["started_at"] == spent["started_at"]  # the usage is that of all parts
    assert run["seconds"] >= round(spent["wall_seconds"], 1)


def test_killed_while_it_writes_a_checkpoint(config, data, uninterrupted, tmp_path):
    out = tmp_path / "run"
    partial = out / "checkpoint.partial"
    for _ in range(8):
        process = start_training(config, data, out, "--resume")
        wait_for(lambda: _lines(out) >= 3 and partial.exists(), process)
        _kill(process)
        if partial.exists():
            break
    assert partial.exists()
    _finish(start_training(config, data, out, "--resume"))
    _assert_same(out, uninterrupted)


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_broken_checkpoint_is_told_and_the_one_before_it_is_used(damage, config, data, uninterrupted, tmp_path):
    out = tmp_path / "run"
    process = start_training(config, data, out)
    wait_for(lambda: _lines(out) >= 4, process)
    _kill(process)
    content = bytearray((out / "checkpoint.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (out / "checkpoint.pt").write_bytes(content if damage == "flipped" else content[:1000])
    _finish(start_training(config, data, out, "--resume"))
    assert "checkpoint.pt is broken" in Path(f"{out}.stderr").read_text()
    _assert_same(out, uninterrupted)


@pytest.mark.parametrize(
    ("during", "steps"),
    [
        ("training.loop:_Run._finish_step", 1),
        ("training.model.run_layers", 0),
        ("training.frozen.run_layers", 0),
        ("training.commands.load_base", 0),
    ],
)
def test_sigterm_ends_it_soon_wherever_it_is(during, steps, data, tmp_path):
    """Behind the first step, in it, while it reads with the frozen layers, or loads; each would go on for much longer.

    Nothing but the signal makes it write a checkpoint.
    """
    rarely = {"checkpoint_minutes": 1000, "validate_every": 1000}
    config = write_config(tmp_path / "c.yaml", lora_first_layer=1, epochs=200, patience=200, **rarely)
    out = tmp_path / "run"
    process = start_training(config, data, out, mark=during)
    assert wait_for(Path(f"{out}.mark").exists, process)
    process.terminate()
    process.join(SECONDS_TO_SAVE)
    assert process.exitcode == 143
    told = Path(f"{out}.stderr").read_text().splitlines()[-1]
    saved = load_checkpoint(out)["state"]["step"] if (out / "checkpoint.pt").exists() else 0
    assert saved >= steps
    assert told.startswith(f"SIGTERM arrived: step {saved} of" if saved else "SIGTERM arrived before the")
    process = start_training(config, data, out, "--resume")
    assert wait_for(lambda: _lines(out) > saved + 2, process)
    _kill(process)
    assert [step for step, *_ in _losses(out)][: saved + 2] == list(range(1, saved + 3))


def test_sigterm_during_validation_resumes_with_that_validation(config, data, uninterrupted, tmp_path):
    out = tmp_path / "run"
    process = start_training(config, data, out, mark="training.loop:_Run._validation_loss")
    assert wait_for(Path(f"{out}.mark").exists, process)
    process.terminate()
    _finish(process, 143)
    _finish(start_training(config, data, out, "--resume"))
    _assert_same(out, uninterrupted)


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(config, data, uninterrupted, tmp_path):
    out = tmp_path / "run"
    process = start_training(config, data, out)
    assert wait_for(lambda: _lines(out) >= 3, process)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))  # as if no more than this were free
    _finish(process, 1)
    told = Path(f"{out}.stderr").read_text()
    assert "free some disk space, then go on with --resume" in told
    assert "Traceback" not in told
    _finish(start_training(config, data, out, "--resume"))
    _assert_same(out, uninterrupted)


def test_resume_with_another_preset_is_refused(config, data, tmp_path):
    out = tmp_path / "run"
    process = start_training(config, data, out)
    wait_for(lambda: _lines(out) >= 2, process)
    _kill(process)
    _finish(start_training(write_config(tmp_path / "other.yaml", seed=4), data, out, "--resume"), 2)
    assert "another preset, data set or base model" in Path(f"{out}.stderr").read_text()


def test_a_second_signal_ends_at_once(data, tmp_path):
    """Even where the first cannot be heeded: here the process hangs in a call that defers it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        from training.stopping import StopSignals

        with StopSignals() as stop, stop.deferred():
            os.write(writing, b"x")
            while True:
                time.sleep(1)
    os.read(reading, 1)
    os.kill(child, signal.SIGTERM)
    time.sleep(0.2)
    os.kill(child, signal.SIGTERM)  # a launcher's copy of the same request
    assert os.waitpid(child, os.WNOHANG) == (0, 0)
    time.sleep(1.2)
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 143
