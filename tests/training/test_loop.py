"""The training loop: it learns, and a run that is stopped or killed ends with the weights of one that is not."""

import json
import os
import signal

import pytest
import torch

from tests.training.small_dataset import pair_rows, write_dataset
from training import loop
from training.checkpoint import load_checkpoint, save_checkpoint
from training.config import TrainingConfig
from training.data import load_dataset
from training.errors import TrainingFailed
from training.loop import Interrupted, train
from training.model import TINY, attach_lora, load_base
from training.optimizer import rate_factor
from training.parallel import World

CONFIG = TrainingConfig(
    "test", TINY, "float32", "all-linear", 4, 8, 1e-2, 3, 8, 8, validate_every=0.5, gradient_accumulation=2
)


@pytest.fixture
def dataset(tmp_path):
    return load_dataset(write_dataset(tmp_path / "data", pair_rows(training=40)))


class FirstOfTwo(World):
    """The first of two processes, of which the other has nothing to say."""

    def sum(self, *numbers):
        return list(numbers)

    def sum_gradients(self, weights):
        pass

    def from_first(self, value):
        return value


def _train(dataset, folder, *, resume=False, config=CONFIG, world=None):
    folder.mkdir(exist_ok=True)
    base, tokenizer = load_base(TINY, config.dtype)
    model = attach_lora(base, config)
    result = train(model, tokenizer, dataset, config, folder, should_resume=resume, world=world)
    weights = {name: weight.detach().clone() for name, weight in model.named_parameters() if weight.requires_grad}
    return result, weights, [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def _stop_after(monkeypatch, steps: int, act) -> None:
    """Calls `act` in place of the step after so many."""
    real, done = loop.batch_loss, []

    def counted(*arguments):
        if torch.is_grad_enabled():
            done.append(1)
            if len(done) == steps * CONFIG.gradient_accumulation + 1:
                act()
        return real(*arguments)

    monkeypatch.setattr(loop, "batch_loss", counted)


def _assert_same(actual: dict, expected: dict) -> None:
    assert all(torch.equal(actual[name], weight) for name, weight in expected.items())


def test_it_learns(dataset, tmp_path):
    config = TrainingConfig(**CONFIG.to_dict() | {"epochs": 10, "learning_rate": 2e-2, "patience": 9})
    result, _, metrics = _train(dataset, tmp_path / "run", config=config)
    assert (result.examples, result.epochs, result.steps) == (40, 10.0, 30)
    assert metrics[-1]["loss"] < metrics[0]["loss"] - 0.3
    assert result.best_validation_loss == min(row["validation_loss"] for row in metrics if row["validation_loss"])


def test_bfloat16_learns_as_float32_does(dataset, tmp_path):
    config = TrainingConfig(**CONFIG.to_dict() | {"dtype": "bfloat16"})
    exact, _, _ = _train(dataset, tmp_path / "exact")
    rounded, _, _ = _train(dataset, tmp_path / "rounded", config=config)
    assert rounded.best_validation_loss == pytest.approx(exact.best_validation_loss, rel=0.02)


def test_sigterm_saves_and_resume_ends_with_the_same_weights(dataset, tmp_path, monkeypatch):
    _, expected, whole = _train(dataset, tmp_path / "whole")
    with monkeypatch.context() as patch:
        _stop_after(patch, 4, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(Interrupted, match="step 4 of 9"):
            _train(dataset, tmp_path / "run")
    result, weights, metrics = _train(dataset, tmp_path / "run", resume=True)
    _assert_same(weights, expected)
    assert result.steps == 9
    assert [(row["step"], row["loss"]) for row in metrics] == [(row["step"], row["loss"]) for row in whole]


def test_the_first_of_several_saves_at_once_and_leaves_at_the_end_of_the_step(dataset, tmp_path, monkeypatch):
    found = []

    def terminate():
        os.kill(os.getpid(), signal.SIGTERM)
        found.append(load_checkpoint(tmp_path / "run"))  # the step has not gone on yet

    _stop_after(monkeypatch, 1, terminate)
    with pytest.raises(Interrupted, match="step 2 of 9"):
        _train(dataset, tmp_path / "run", world=FirstOfTwo(rank=0, size=2))
    assert found[0]["state"]["step"] == 1
    assert load_checkpoint(tmp_path / "run")["state"]["step"] == 2


def test_kill_loses_only_the_steps_behind_the_checkpoint(dataset, tmp_path, monkeypatch):
    _, expected, whole = _train(dataset, tmp_path / "whole")

    def die():
        raise KeyboardInterrupt  # as abrupt as a kill: nothing is written behind it

    with monkeypatch.context() as patch:
        _stop_after(patch, 5, die)
        with pytest.raises(KeyboardInterrupt):
            _train(dataset, tmp_path / "run")
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"half a checkpoint")
    _, weights, metrics = _train(dataset, tmp_path / "run", resume=True)
    _assert_same(weights, expected)
    assert [row["step"] for row in metrics] == [row["step"] for row in whole]


def test_early_stop_keeps_the_best_weights(dataset, tmp_path, monkeypatch):
    losses = iter([3.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    snapshots = []

    def validate(run):
        loss = next(losses)
        snapshots.append((loss, run._optimizer.weights()))
        return loss

    monkeypatch.setattr(loop._Run, "_validation_loss", validate)
    result, weights, _ = _train(dataset, tmp_path / "run", config=TrainingConfig(**CONFIG.to_dict() | {"patience": 2}))
    assert [loss for loss, _ in snapshots] == [3.0, 1.0, 2.0, 2.0]
    assert result.best_validation_loss == 1.0
    _assert_same(weights, snapshots[1][1])


def test_failed_write_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, {"step": 1})

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingFailed, match="disk space"):
        save_checkpoint(tmp_path, {"step": 2})
    assert load_checkpoint(tmp_path) == {"step": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_rate_rises_then_falls_to_zero():
    factors = [rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[:10] == sorted(factors[:10])
    assert factors[9] == 1.0
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert 0 < factors[-1] < 0.01
