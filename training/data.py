"""The dataset folder on the training side: reading it, tokens, batches. Used by loop.py and evaluate/run.py."""

import itertools
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from training.errors import BadInput
from training.prompt import question_suffix
from training.row_layout import Group
from training.sql.catalog import Catalog
from training.value_hints import ValueIndex

MINIMUM_TRAINING_PAIRS = 20
# Longer pairs lie in their own batches less often than they make others wait: batches of near lengths are cut from
# windows this large.
_BATCHES_PER_WINDOW = 8


class Tokenizer(Protocol):
    """What this package needs of a transformers tokenizer."""

    eos_token_id: int

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """Returns the text's token ids."""
        ...


@dataclass(frozen=True)
class Pair:
    """One question with its SQL, as the dataset holds it."""

    id: str
    question: str
    sql: str
    question_split: str
    template_split: str


@dataclass(frozen=True)
class Dataset:
    """A dataset folder in memory."""

    dataset_hash: str
    catalog: Catalog
    pairs: tuple[Pair, ...]

    @property
    def training(self) -> tuple[Pair, ...]:
        """Pairs that the adapter learns from: in neither held-out part."""
        return self._select("train", "train")

    @property
    def validation(self) -> tuple[Pair, ...]:
        """Pairs whose loss chooses the best checkpoint."""
        return self._select("dev", "train")

    @property
    def development(self) -> tuple[Pair, ...]:
        """Pairs that the adapter does not learn from and no split is judged on: what thresholds are chosen on."""
        return tuple(pair for pair in self.pairs if pair.question_split == "dev" and pair.template_split != "test")

    def held_out(self, split: str) -> tuple[Pair, ...]:
        """Returns the test pairs of a split, `question_split` or `template_split`."""
        if split == "template_split":
            return tuple(pair for pair in self.pairs if pair.template_split == "test")
        return tuple(pair for pair in self.pairs if pair.question_split == "test")

    def _select(self, question_split: str, template_split: str) -> tuple[Pair, ...]:
        wanted = (question_split, template_split)
        return tuple(pair for pair in self.pairs if (pair.question_split, pair.template_split) == wanted)


def load_dataset(folder: Path) -> Dataset:
    """Reads a dataset folder.

    Args:
        folder: Holds pairs.jsonl, catalog.json and manifest.json.

    Returns:
        The dataset, pairs in file order.

    Raises:
        BadInput: A file is missing or broken, or there are too few pairs to train on.
    """
    for name in ("pairs.jsonl", "catalog.json", "manifest.json"):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} is no dataset: it has no {name}; materialize the asset `dataset` first.")
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        lines = (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
        pairs = tuple(_pair(json.loads(line)) for line in lines if line)
        dataset = Dataset(manifest["dataset_hash"], Catalog.load(folder / "catalog.json"), pairs)
    except (json.JSONDecodeError, KeyError) as error:
        # `from None`: the parser's message quotes the line.
        kind = error.__class__.__name__
        raise BadInput(f"{folder} is a broken dataset ({kind}); materialize the asset `dataset` again.") from None
    if len(dataset.training) < MINIMUM_TRAINING_PAIRS:
        raise BadInput(
            f"{folder} has {len(dataset.training)} training pairs, fewer than the {MINIMUM_TRAINING_PAIRS} needed; "
            "replay or ingest more of the query log."
        )
    return dataset


def _pair(row: dict) -> Pair:
    return Pair(row["id"], row["input"], row["output"], row["question_split"], row["template_split"])


@dataclass(frozen=True)
class Example:
    """A pair in tokens: the prompt behind the schema prefix, and the answer with its end token."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]

    @property
    def length(self) -> int:
        """Tokens that go through the model: all but the last, which is only predicted."""
        return len(self.prompt) + len(self.answer) - 1


def tokenize_pair(pair: Pair, tokenizer: Tokenizer, values: ValueIndex) -> Example:
    """Turns a pair into tokens; prompt and answer separately, as generation sees them."""
    suffix = question_suffix(pair.question, values.hints(pair.question))
    prompt = tokenizer.encode(suffix, add_special_tokens=False)
    answer = tokenizer.encode(f" {pair.sql}", add_special_tokens=False)
    return Example(tuple(prompt), (*answer, tokenizer.eos_token_id))


@dataclass(frozen=True)
class Batch:
    """One forward pass: `[prefix | pair 1 | pair 2 | …]` in one row without padding.

    Behind them there may be more groups, each with a prefix of its own (`join`).
    """

    input_ids: torch.Tensor  # [1, T]
    position_ids: torch.Tensor  # [1, T]; each prefix counts from 0, each pair on from its prefix
    answer_positions: torch.Tensor  # [N]: places in the row whose hidden state predicts an answer token
    targets: torch.Tensor  # [N]: those answer tokens
    groups: tuple[Group, ...]
    hidden: torch.Tensor | None = None  # [1, T, hidden]: what enters `first_layer`, where the rest is frozen
    first_layer: int = 0

    @property
    def pairs(self) -> int:
        """Number of pairs in all groups."""
        return sum(group.pairs for group in self.groups)


def collate(prefix: Sequence[int], examples: Sequence[Example]) -> Batch:
    """Lays a batch of examples behind the shared prefix.

    Args:
        prefix: Tokens of the schema prefix, at least one.
        examples: Without any, the batch is the prefix alone.

    Returns:
        The batch.
    """
    group = Group(len(prefix), tuple(example.length for example in examples))
    tokens, positions, answer_positions = list(prefix), list(range(len(prefix))), []
    for example, start in zip(examples, group.pair_starts, strict=False):
        tokens += [*example.prompt, *example.answer[:-1]]
        positions += range(len(prefix), len(prefix) + example.length)
        first = start + len(example.prompt) - 1
        answer_positions += range(first, first + len(example.answer))
    return Batch(
        input_ids=torch.tensor([tokens]),
        position_ids=torch.tensor([positions]),
        answer_positions=torch.tensor(answer_positions, dtype=torch.long),
        targets=torch.tensor([token for example in examples for token in example.answer], dtype=torch.long),
        groups=(group,),
    )


def join(batches: Sequence[Batch]) -> Batch:
    """Lays batches of different prefixes into one row, for one forward pass.

    Args:
        batches: What `collate` made, at least one.

    Returns:
        A batch with the same loss and gradients as all of them together.
    """
    groups = tuple(group for batch in batches for group in batch.groups)
    shifts = itertools.accumulate((batch.input_ids.shape[1] for batch in batches[:-1]), initial=0)
    shifted = [batch.answer_positions + shift for batch, shift in zip(batches, shifts, strict=True)]
    return Batch(
        input_ids=torch.cat([batch.input_ids for batch in batches], dim=1),
        position_ids=torch.cat([batch.position_ids for batch in batches], dim=1),
        answer_positions=torch.cat(shifted),
        targets=torch.cat([batch.targets for batch in batches]),
        groups=groups,
    )


def bucketed_batches(lengths: Sequence[int], batch_size: int, seed: int | None) -> list[list[int]]:
    """Groups examples of near lengths into batches.

    Args:
        lengths: Length of each example, in tokens.
        batch_size: Examples per batch; the last batch may be smaller.
        seed: Decides the order; None gives plain order of length (for validation).

    Returns:
        Indexes into `lengths`, each exactly once, in batches.
    """
    order = list(range(len(lengths)))
    if seed is None:
        return _cut(sorted(order, key=lengths.__getitem__), batch_size)
    shuffle = random.Random(seed)  # noqa: S311 - order of training data, not a secret
    shuffle.shuffle(order)
    window = batch_size * _BATCHES_PER_WINDOW
    batches: list[list[int]] = []
    for part in _cut(order, window):
        batches += _cut(sorted(part, key=lengths.__getitem__), batch_size)
    shuffle.shuffle(batches)
    return batches


def cut_by_tokens(lengths: Sequence[int], limit: int) -> list[list[int]]:
    """Cuts a batch into parts whose size stays within a limit.

    Args:
        lengths: Length of each example in tokens.
        limit: Most tokens of a part; an example above it is a part of its own.

    Returns:
        Indexes into `lengths`, in order, in parts.
    """
    parts: list[list[int]] = []
    room = 0
    for index, length in enumerate(lengths):
        if not parts or length > room:
            parts.append([])
            room = limit
        parts[-1].append(index)
        room -= length
    return parts


def _cut(items: Iterable[int], size: int) -> list[list[int]]:
    items = list(items)
    return [items[start : start + size] for start in range(0, len(items), size)]
