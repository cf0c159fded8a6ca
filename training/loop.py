"""The training loop: schema prefix once a step, best checkpoint by validation loss. Called by commands.py."""

import math
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.batches import Batches
from training.checkpoint import load_checkpoint, remove_checkpoints, save_checkpoint
from training.config import TrainingConfig
from training.data import Dataset
from training.errors import BadInput
from training.metrics import append_step, keep_steps_up_to
from training.model import batch_loss
from training.optimizer import AdapterOptimizer
from training.parallel import World
from training.progress import Progress
from training.stopping import Interrupted, StopSignals
from training.usage import UsageMeter


@dataclass(frozen=True)
class TrainingResult:
    """The figures of a finished training, for run.json. Its seconds are those of the loop, over all interruptions."""

    examples: int
    epochs: float
    steps: int
    pairs_seen: int
    tokens_seen: int
    seconds: float
    trainable_parameters: int
    final_train_loss: float
    best_validation_loss: float | None


@dataclass
class _State:
    """Where the run is; part of each checkpoint. A step is finished once its validation and its metrics are done."""

    step: int = 0
    finished_step: int = 0
    step_loss: float = math.nan
    epoch_loss: float = 0.0
    epoch_tokens: int = 0
    last_epoch_loss: float = math.nan
    tokens_seen: int = 0
    seconds: float = 0.0
    best_loss: float | None = None
    validations_without_gain: int = 0


def train(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    dataset: Dataset,
    config: TrainingConfig,
    folder: Path,
    *,
    should_resume: bool,
    world: World | None = None,
    meter: UsageMeter | None = None,
) -> TrainingResult:
    """Trains the adapter; the model holds the best weights afterwards.

    Args:
        model: The base model with a fresh adapter.
        tokenizer: Its tokenizer.
        dataset: Pairs and catalog.
        config: The settings.
        folder: Receives metrics.jsonl and checkpoints.
        should_resume: Go on from the folder's checkpoint, if it has one.
        world: The processes that share the work; None for this one alone.
        meter: What the run uses, which goes into checkpoints and is read from one; None for a new one.

    Returns:
        The figures of the run.

    Raises:
        Interrupted: A signal asked for the end; a checkpoint is written.
        BadInput: The folder's checkpoint is of another preset, data set or base model.
        TrainingFailed: The disk is full, or every checkpoint is broken.
    """
    with StopSignals() as stop:
        run = _Run(model, tokenizer, dataset, config, folder, world or World(), stop, meter or UsageMeter())
        return run.run(should_resume)


class _Run:
    """One training run. Its parts are read in the order of `run`."""

    def __init__(
        self,
        model: PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        dataset: Dataset,
        config: TrainingConfig,
        folder: Path,
        world: World,
        stop: StopSignals,
        meter: UsageMeter,
    ) -> None:
        self._counted_at = time.monotonic()
        self._base, self._config, self._folder = model.get_base_model(), config, folder
        self._world, self._stop, self._meter = world, stop, meter
        self._batches = Batches(self._base, tokenizer, dataset, config, world)
        self._steps_per_epoch = math.ceil(self._batches.pairs / (config.batch_size * config.gradient_accumulation))
        self._total_steps = self._steps_per_epoch * config.epochs
        self._validate_every = max(1, round(self._steps_per_epoch * config.validate_every))
        self._optimizer = AdapterOptimizer(model, config, self._total_steps)
        self._state = _State()
        self._best_weights: dict[str, torch.Tensor] | None = None
        self._made_from = {
            "config": config.to_dict(),
            "dataset_hash": dataset.dataset_hash,
            "base_model": Path(self._base.config.name_or_path).name,
        }
        self._saved_at = time.monotonic()

    def run(self, should_resume: bool) -> TrainingResult:
        with self._stop.deferred():
            self._start(should_resume)
        state = self._state
        epochs_left = self._config.epochs - state.step / self._steps_per_epoch
        pairs_left = round(epochs_left * self._batches.pairs)
        progress = Progress("training", pairs_left, "pairs", self._world.is_first)
        try:
            # The processes of a run talk in the middle of a step, so none may leave there; the first can save there.
            is_one_of_several = self._world.size > 1
            with self._stop.deferred(meanwhile=self._save_at_once) if is_one_of_several else nullcontext():
                while True:
                    if self._someone_stops():
                        raise Interrupted
                    if state.finished_step < state.step:
                        self._finish_step(progress)
                    if state.step == self._total_steps or self._is_out_of_patience():
                        break
                    self._learn(progress)
        except Interrupted:
            raise Interrupted(self._saved_before_leaving()) from None
        if self._best_weights is not None:
            self._optimizer.set_weights(self._best_weights)
        return self._result()

    def _start(self, should_resume: bool) -> None:
        """Goes on from the checkpoint, or makes the folder ready for a new run."""
        checkpoint = load_checkpoint(self._folder) if should_resume and self._world.is_first else None
        checkpoint = self._world.from_first(checkpoint)
        if checkpoint is not None:
            if checkpoint["made_from"] != self._made_from:
                raise BadInput(
                    f"The checkpoint in {self._folder} is of another preset, data set or base model; give another "
                    "--out, or train without --resume."
                )
            self._state = _State(**checkpoint["state"])
            self._optimizer.load_state(checkpoint["optimizer"])
            self._best_weights = checkpoint["best"]
            self._meter.add(checkpoint["spent"])
        if self._world.is_first:
            if checkpoint is None:
                remove_checkpoints(self._folder)
            keep_steps_up_to(self._folder, self._state.finished_step)

    def _learn(self, progress: Progress) -> None:
        """Runs one step of the optimizer."""
        state = self._state
        step = self._batches.of_step(*divmod(state.step, self._steps_per_epoch))
        loss = 0.0
        for each in step.passes:
            batch_sum = batch_loss(self._base, each.batch) * each.weight
            (batch_sum / step.answer_tokens).backward()
            loss += batch_sum.item()
        (loss,) = self._world.sum(loss)
        self._world.sum_gradients(self._optimizer.learning)
        with self._stop.deferred():
            self._optimizer.step(state.step)
            state.step += 1
            state.step_loss = loss / step.answer_tokens
            state.epoch_loss, state.epoch_tokens = state.epoch_loss + loss, state.epoch_tokens + step.answer_tokens
            state.tokens_seen += step.tokens + self._batches.prefix_length * len(step.passes) * self._world.size
            if state.step % self._steps_per_epoch == 0:
                state.last_epoch_loss = state.epoch_loss / state.epoch_tokens
                state.epoch_loss, state.epoch_tokens = 0.0, 0
        progress.advance(step.pairs, f"step {state.step}/{self._total_steps}, loss {state.step_loss:.3f}")

    def _finish_step(self, progress: Progress) -> None:
        """Validates where it is due, writes the step's metrics, and a checkpoint now and then."""
        state = self._state
        is_due = state.step % self._validate_every == 0 or state.step == self._total_steps
        loss = self._validation_loss() if is_due and self._batches.has_validation else None
        with self._stop.deferred():
            if loss is not None:
                self._judge(loss)
            if self._world.is_first:
                append_step(self._folder, state.step, state.step_loss, loss, progress.rate)
            state.finished_step = state.step
            if is_due or time.monotonic() - self._saved_at >= self._config.checkpoint_minutes * 60:
                self._save()

    def _validation_loss(self) -> float:
        """Measures the loss per answer token of the validation pairs."""
        total, tokens = 0.0, 0
        with torch.no_grad():
            for each in self._batches.of_validation():
                total += batch_loss(self._base, each.batch).item() * each.weight
                tokens += len(each.batch.targets) * each.weight
        total, tokens = self._world.sum(total, tokens)
        return total / tokens

    def _judge(self, validation_loss: float) -> None:
        """Keeps the weights if they are the best, and counts towards early stopping."""
        if self._state.best_loss is None or validation_loss < self._state.best_loss:
            self._state.best_loss, self._state.validations_without_gain = validation_loss, 0
            self._best_weights = self._optimizer.weights()
        else:
            self._state.validations_without_gain += 1

    def _is_out_of_patience(self) -> bool:
        return self._state.validations_without_gain >= self._config.patience

    def _someone_stops(self) -> bool:
        """Asks all processes, so that they leave at the same step; one alone has been stopped by the exception."""
        return self._world.size > 1 and self._world.sum(float(self._stop.arrived > 0)) != [0.0]

    def _saved_before_leaving(self) -> str:
        """Writes the last checkpoint of a run that is asked to end; returns what to tell."""
        name = self._stop.name if self._stop.arrived else "A signal to another process"
        if self._state.step == 0:
            return f"{name} arrived before the first step; start again with --resume."
        self._save()
        return f"{name} arrived: step {self._state.step} of {self._total_steps} is saved; go on with --resume."

    def _save_at_once(self) -> None:
        """Saves the step before the one that a signal interrupts: its end may come too late, where a step is long."""
        if self._state.step:
            self._save()

    def _save(self) -> None:
        if self._world.is_first:
            self._count_seconds()
            state = {"state": vars(self._state), "optimizer": self._optimizer.state(), "best": self._best_weights}
            save_checkpoint(self._folder, {"made_from": self._made_from, "spent": self._meter.spent(), **state})
        self._saved_at = time.monotonic()

    def _count_seconds(self) -> None:
        now = time.monotonic()
        self._state.seconds += now - self._counted_at
        self._counted_at = now

    def _result(self) -> TrainingResult:
        self._count_seconds()
        epochs = self._state.step / self._steps_per_epoch
        return TrainingResult(
            examples=self._batches.pairs,
            epochs=round(epochs, 2),
            steps=self._state.step,
            pairs_seen=round(epochs * self._batches.pairs),
            tokens_seen=self._state.tokens_seen,
            seconds=self._state.seconds,
            trainable_parameters=self._optimizer.trainable_parameters,
            final_train_loss=self._state.last_epoch_loss,
            best_validation_loss=self._state.best_loss,
        )
