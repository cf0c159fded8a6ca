"""The forward passes of each step and of the validation. Used by loop.py.

What a step sees depends on seed, epoch and place in it alone, so a run that is resumed sees the same. All text is
tokenized before the first step.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.augment import ValueExchange
from training.config import TrainingConfig
from training.data import Batch, Dataset, Example, Pair, bucketed_batches, collate, cut_by_tokens, tokenize_pair
from training.frozen import FrozenLayers
from training.parallel import World
from training.prompt import schema_prefix
from training.value_hints import ValueIndex


@dataclass(frozen=True)
class Pass:
    """One forward pass of this process.

    Attributes:
        batch: Prefix and pairs.
        weight: 1, or 0 for a pass that only keeps in step with the other processes.
    """

    batch: Batch
    weight: int


@dataclass(frozen=True)
class Step:
    """One step of the optimizer: this process's passes; tokens and pairs are of all processes.

    Attributes:
        passes: At least one, as many as in each other process.
        answer_tokens: Tokens that carry the loss.
        tokens: Tokens of questions and answers; the prefix is not counted.
        pairs: Number of pairs.
    """

    passes: list[Pass]
    answer_tokens: int
    tokens: int
    pairs: int


class Batches:
    """All pairs of a run in tokens, cut into steps.

    Attributes:
        pairs: Number of training pairs.
        has_validation: Whether there are pairs to validate on.
        prefix_length: Tokens of the schema prefix.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        dataset: Dataset,
        config: TrainingConfig,
        world: World,
    ) -> None:
        self._config, self._world = config, world
        self._prefix = tokenizer.encode(schema_prefix(dataset.catalog))
        tokenize = _remembering_tokenizer(tokenizer, ValueIndex(dataset.catalog))
        pairs = dataset.training
        exchange = ValueExchange(dataset.catalog, pairs, config.recombined_share) if config.exchange_values else None
        self._epochs = [_examples(pairs, exchange, tokenize, config.seed, epoch) for epoch in range(config.epochs)]
        self._validation = [tokenize(pair) for pair in dataset.validation]
        self._frozen = FrozenLayers(
            model, config.lora_first_layer, self._prefix, config.tokens_per_pass, world.is_first
        )
        self._epoch, self._groups = -1, []
        self.pairs, self.has_validation, self.prefix_length = len(pairs), bool(self._validation), len(self._prefix)

    def of_step(self, epoch: int, place: int) -> Step:
        """Builds a step.

        Args:
            epoch: Epoch, from 0.
            place: The step's place in it, from 0.
        """
        examples = self._epochs[epoch]
        if epoch != self._epoch:
            self._frozen.remember_always(self._validation)
            lengths = [example.length for example in examples]
            self._groups = bucketed_batches(lengths, self._config.batch_size, self._config.seed * 1000 + epoch)
            self._frozen.remember(examples)
            self._epoch = epoch
        count = self._config.gradient_accumulation
        groups = self._groups[place * count : (place + 1) * count]
        chosen = [examples[index] for group in groups for index in group]
        return Step(
            passes=[each for group in groups for each in self._passes(examples, group)],
            answer_tokens=sum(len(example.answer) for example in chosen),
            tokens=sum(example.length + 1 for example in chosen),
            pairs=len(chosen),
        )

    def of_validation(self) -> list[Pass]:
        """Builds the passes over the validation pairs."""
        self._frozen.remember_always(self._validation)
        lengths = [example.length for example in self._validation]
        groups = bucketed_batches(lengths, self._config.batch_size, seed=None)
        return [each for group in groups for each in self._passes(self._validation, group)]

    def _passes(self, examples: Sequence[Example], group: Sequence[int]) -> list[Pass]:
        """Builds this process's passes over a batch, given by indexes in order of length.

        With sharded weights a pass is a conversation of all processes: each makes as many, if need be over a pair that
        counts nothing.
        """
        parts = [self._parts(examples, self._world.share(group, rank)) for rank in range(self._world.size)]
        own, most = parts[self._world.rank], max(map(len, parts))
        passes = [Pass(self._batch(part), 1) for part in own]
        return passes + [Pass(self._batch([examples[group[0]]]), 0)] * (most - len(own))

    def _parts(self, examples: Sequence[Example], group: Sequence[int]) -> list[list[Example]]:
        chosen = [examples[index] for index in group]
        cuts = cut_by_tokens([example.length for example in chosen], self._config.tokens_per_pass)
        return [[chosen[place] for place in cut] for cut in cuts]

    def _batch(self, examples: Sequence[Example]) -> Batch:
        batch = collate(self._prefix, examples)
        return self._frozen.fill(batch, examples) if self._frozen.count else batch


def _examples(
    pairs: Sequence[Pair],
    exchange: ValueExchange | None,
    tokenize: Callable[[Pair], Example],
    seed: int,
    epoch: int,
) -> list[Example]:
    """Builds an epoch's examples: with values drawn anew, if the preset says so."""
    if exchange is not None:
        draw = random.Random(f"{seed} {epoch}")  # noqa: S311 - training data, not a secret
        pairs = [exchange.vary(pair, draw) for pair in pairs]
    return [tokenize(pair) for pair in pairs]


def _remembering_tokenizer(tokenizer: PreTrainedTokenizerBase, values: ValueIndex) -> Callable[[Pair], Example]:
    """Tokenizes each pair once, however many epochs ask the same."""
    known: dict[tuple[str, str], Example] = {}

    def tokenize(pair: Pair) -> Example:
        key = (pair.question, pair.sql)
        if key not in known:
            known[key] = tokenize_pair(pair, tokenizer, values)
        return known[key]

    return tokenize
