"""The training loop: schema prefix once a step, best checkpoint by validation loss. Called by commands.py."""

import json
import math
import random
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.augment import ValueExchange
from training.checkpoint import load_checkpoint, save_checkpoint
from training.config import TrainingConfig
from training.data import Batch, Dataset, Example, bucketed_batches, collate, cut_by_tokens, tokenize_pair
from training.frozen import FrozenLayers
from training.model import batch_loss
from training.optimizer import AdapterOptimizer
from training.progress import Progress
from training.prompt import schema_prefix
from training.value_hints import ValueIndex


class Interrupted(Exception):
    """SIGTERM or SIGINT arrived; the checkpoint is written and `--resume` goes on from it."""


@dataclass(frozen=True)
class TrainingResult:
    """The figures of a finished training, for run.json."""

    examples: int
    epochs: float
    steps: int
    pairs_seen: int
    trainable_parameters: int
    final_train_loss: float
    best_validation_loss: float | None


@dataclass
class _State:
    """Where the run is; part of each checkpoint."""

    step: int = 0
    epoch_loss: float = 0.0
    epoch_tokens: int = 0
    last_epoch_loss: float = math.nan
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
) -> TrainingResult:
    """Trains the adapter; the model holds the best weights afterwards.

    Args:
        model: The base model with a fresh adapter.
        tokenizer: Its tokenizer.
        dataset: Pairs and catalog.
        config: The settings.
        folder: Receives metrics.jsonl and checkpoints.
        should_resume: Go on from the folder's checkpoint, if it has one.

    Returns:
        The figures of the run.

    Raises:
        Interrupted: A signal asked for the end; a checkpoint is written.
        TrainingFailed: The disk is full, or every checkpoint is broken.
    """
    return _Run(model, tokenizer, dataset, config, folder).run(should_resume)


class _Run:
    """One training run. Its parts are read in the order of `run`."""

    def __init__(self, model, tokenizer, dataset: Dataset, config: TrainingConfig, folder: Path) -> None:
        self._model, self._base = model, model.get_base_model()
        self._config, self._folder = config, folder
        self._padding = tokenizer.eos_token_id
        self._prefix = tokenizer.encode(schema_prefix(dataset.catalog))
        values = ValueIndex(dataset.catalog)
        self._tokenize = lambda pair: tokenize_pair(pair, tokenizer, values)
        self._pairs = dataset.training
        self._exchange = (
            ValueExchange(dataset.catalog, self._pairs, config.recombined_share) if config.exchange_values else None
        )
        self._epoch, self._examples = -1, []
        self._validation = [self._tokenize(pair) for pair in dataset.validation]
        self._frozen = FrozenLayers(self._base, config.lora_first_layer, self._prefix, self._padding)
        pairs_per_step = config.batch_size * config.gradient_accumulation
        self._steps_per_epoch = math.ceil(len(self._pairs) / pairs_per_step)
        self._total_steps = self._steps_per_epoch * config.epochs
        self._validate_every = max(1, round(self._steps_per_epoch * config.validate_every))
        self._optimizer = AdapterOptimizer(model, config, self._total_steps)
        self._state = _State()
        self._best_weights: dict[str, torch.Tensor] | None = None
        self._stop_signal = 0

    def run(self, should_resume: bool) -> TrainingResult:
        metrics = self._folder / "metrics.jsonl"
        if not (should_resume and self._restore()):
            metrics.unlink(missing_ok=True)
        _keep_metrics_up_to(metrics, self._state.step)
        epochs_left = self._config.epochs - self._state.step / self._steps_per_epoch
        progress = Progress("training", round(epochs_left * len(self._pairs)), "pairs")
        previous = {number: signal.signal(number, self._request_stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            while self._state.step < self._total_steps and not self._is_out_of_patience():
                self._one_step(metrics, progress)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        if self._best_weights is not None:
            self._optimizer.set_weights(self._best_weights)
        return self._result()

    def _one_step(self, metrics: Path, progress: Progress) -> None:
        state = self._state
        epoch, place = divmod(state.step, self._steps_per_epoch)
        batches = self._batches_of_step(epoch, place)
        tokens = sum(len(batch.targets) for batch in batches)
        loss = 0.0
        for batch in batches:
            batch_sum = batch_loss(self._base, batch)
            (batch_sum / tokens).backward()
            loss += batch_sum.item()
        self._optimizer.step(state.step)
        state.step += 1
        state.epoch_loss, state.epoch_tokens = state.epoch_loss + loss, state.epoch_tokens + tokens
        if state.step % self._steps_per_epoch == 0:
            state.last_epoch_loss = state.epoch_loss / state.epoch_tokens
            state.epoch_loss, state.epoch_tokens = 0.0, 0
        pairs = sum(batch.pairs for batch in batches)
        progress.advance(pairs, f"step {state.step}/{self._total_steps}, loss {loss / tokens:.3f}")
        is_due = state.step % self._validate_every == 0 or state.step == self._total_steps
        validation_loss = self._validate() if is_due and not self._stop_signal else None
        _append(metrics, state.step, loss / tokens, validation_loss, progress.rate)
        if is_due or self._stop_signal:
            self._save()
        if self._stop_signal:
            name = signal.Signals(self._stop_signal).name
            raise Interrupted(
                f"{name} arrived: step {state.step} of {self._total_steps} is saved; go on with --resume."
            )

    def _batches_of_step(self, epoch: int, place: int) -> list[Batch]:
        """Builds the step's batches; they depend on seed and epoch only, so a resumed run sees the same."""
        if epoch != self._epoch:
            self._epoch, self._examples = epoch, self._examples_of(epoch)
        lengths = [example.length for example in self._examples]
        groups = bucketed_batches(lengths, self._config.batch_size, self._config.seed * 1000 + epoch)
        count = self._config.gradient_accumulation
        chosen = groups[place * count : (place + 1) * count]
        return [batch for group in chosen for batch in self._passes(self._examples, group)]

    def _examples_of(self, epoch: int) -> list[Example]:
        """Builds the epoch's examples: with values drawn anew, if the preset says so."""
        if self._exchange is None and self._examples:
            return self._examples
        pairs = self._pairs
        if self._exchange is not None:
            draw = random.Random(f"{self._config.seed} {epoch}")  # noqa: S311 - training data, not a secret
            pairs = [self._exchange.vary(pair, draw) for pair in pairs]
        examples = [self._tokenize(pair) for pair in pairs]
        if self._frozen.count:
            self._frozen.remember(examples + self._validation)
        return examples

    def _passes(self, examples: list[Example], group: list[int]) -> list[Batch]:
        """Builds the forward passes of a batch, given by indexes in order of length."""
        lengths = [examples[index].length for index in group]
        parts = cut_by_tokens(lengths, self._config.tokens_per_pass)
        batches = []
        for part in parts:
            chosen = [examples[group[place]] for place in part]
            batch = collate(self._prefix, chosen, self._padding)
            batches.append(self._frozen.fill(batch, chosen) if self._frozen.count else batch)
        return batches

    def _validate(self) -> float | None:
        """Validates, keeps the weights if they are the best, and counts towards early stopping."""
        if not self._validation:
            return None
        loss = self._validation_loss()
        if self._state.best_loss is None or loss < self._state.best_loss:
            self._state.best_loss, self._state.validations_without_gain = loss, 0
            self._best_weights = self._optimizer.weights()
        else:
            self._state.validations_without_gain += 1
        return loss

    def _validation_loss(self) -> float:
        """Measures the loss per answer token of the validation pairs."""
        lengths = [example.length for example in self._validation]
        total, tokens = 0.0, 0
        with torch.no_grad():
            for group in bucketed_batches(lengths, self._config.batch_size, seed=None):
                for batch in self._passes(self._validation, group):
                    total += batch_loss(self._base, batch).item()
                    tokens += len(batch.targets)
        return total / tokens

    def _is_out_of_patience(self) -> bool:
        return self._state.validations_without_gain >= self._config.patience

    def _save(self) -> None:
        save_checkpoint(
            self._folder,
            {"state": vars(self._state), "optimizer": self._optimizer.state(), "best": self._best_weights},
        )

    def _restore(self) -> bool:
        checkpoint = load_checkpoint(self._folder)
        if checkpoint is None:
            return False
        self._state = _State(**checkpoint["state"])
        self._optimizer.load_state(checkpoint["optimizer"])
        self._best_weights = checkpoint["best"]
        return True

    def _request_stop(self, number: int, _frame: Any) -> None:
        self._stop_signal = number

    def _result(self) -> TrainingResult:
        epochs = self._state.step / self._steps_per_epoch
        return TrainingResult(
            examples=len(self._pairs),
            epochs=round(epochs, 2),
            steps=self._state.step,
            pairs_seen=round(epochs * len(self._pairs)),
            trainable_parameters=self._optimizer.trainable_parameters,
            final_train_loss=self._state.last_epoch_loss,
            best_validation_loss=self._state.best_loss,
        )


def _append(path: Path, step: int, loss: float, validation_loss: float | None, rate: float) -> None:
    row = {"step": step, "loss": loss, "validation_loss": validation_loss, "pairs_per_second": round(rate, 3)}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _keep_metrics_up_to(path: Path, step: int) -> None:
    """Drops lines behind the checkpoint: a killed run had gone on for some steps."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    path.write_text("".join(line for line in whole if json.loads(line)["step"] <= step), encoding="utf-8")
