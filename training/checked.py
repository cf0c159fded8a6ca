"""Answers that the guard accepts: what it refuses is drawn again. Used by evaluate/run.py and serving.

A small model sometimes writes a column of another table, or a date that is none. That is known before anything is
run, so the question is asked again a few times at once, and the answer given most often among those that it accepts
is taken. Where it accepts none, the first answer stands, and is refused as before.
"""

from collections.abc import Sequence
from dataclasses import replace

from transformers import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.choice import DRAWS, TEMPERATURE, choose, may_run
from training.config import TrainingConfig
from training.constraint import GrammarConstraint
from training.generate import Generation, Generator
from training.sql.catalog import Catalog


class CheckedGenerator:
    """A generator whose answers the guard has looked at."""

    def __init__(self, generator: Generator, catalog: Catalog, draws: int = DRAWS) -> None:
        """Prepares.

        Args:
            generator: Writes the answers.
            catalog: The tables that they may read.
            draws: Answers that are drawn where the guard refuses the first; 0 for none.
        """
        self._generator, self._catalog, self._draws = generator, catalog, draws

    def generate(self, questions: Sequence[str]) -> list[Generation]:
        """Answers questions.

        Args:
            questions: Any number of questions.

        Returns:
            One generation a question, in the same order; the tokens of all its answers are counted.
        """
        first = self._generator.generate(questions)
        return [self._again(question, answer) for question, answer in zip(questions, first, strict=True)]

    def _again(self, question: str, first: Generation) -> Generation:
        if not self._draws or may_run(first.sql, self._catalog):
            return first
        drawn = self._generator.draw(question, self._draws, TEMPERATURE)
        tokens = first.completion_tokens + sum(answer.completion_tokens for answer in drawn)
        texts = [answer.sql for answer in drawn]
        sql = choose(first.sql, texts, self._catalog)
        return replace(first, sql=sql, completion_tokens=tokens, drafts=(first.sql, *texts))


def as_served(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, catalog: Catalog, config: TrainingConfig
) -> CheckedGenerator:
    """The generator that the API answers with and the evaluation judges: inside the grammar, looked at by the guard.

    Args:
        model: The base model with its adapter.
        tokenizer: Its tokenizer.
        catalog: The tables that questions are about.
        config: The run's settings.
    """
    constraint = GrammarConstraint(tokenizer, catalog, model.config.vocab_size)
    plain = Generator(model, tokenizer, catalog, config.max_new_tokens, config.generation_batch, constraint)
    return CheckedGenerator(plain, catalog)
