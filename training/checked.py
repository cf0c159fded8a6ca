"""Answers that the guard accepts: what it refuses is drawn again. Used by evaluate/run.py and serving.

A small model sometimes writes a column of another table, or a date that is none. That is known before anything is
run, so the question is asked again a few times at once, and the answer given most often among those that it accepts
is taken. Where it accepts none, the first answer stands, and is refused as before.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from transformers import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.config import TrainingConfig
from training.constraint import GrammarConstraint
from training.generate import Generation, Generator
from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.guard import check

DRAWS = 8
TEMPERATURE = 0.7
_DATE = re.compile(r"\bdate '(\d{4}-\d\d-\d\d)'")


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
        if not self._draws or self._may_run(first.sql):
            return first
        drawn = self._generator.draw(question, self._draws, TEMPERATURE)
        tokens = first.completion_tokens + sum(answer.completion_tokens for answer in drawn)
        accepted = Counter(form for answer in drawn if (form := self._accepted(answer.sql)) is not None)
        sql = accepted.most_common(1)[0][0] if accepted else first.sql
        drafts = (first.sql, *(answer.sql for answer in drawn))
        return replace(first, sql=sql, completion_tokens=tokens, drafts=drafts)

    def _accepted(self, sql: str) -> str | None:
        """The canonical form of an answer that the guard accepts; answers that mean the same are counted together."""
        if not self._may_run(sql):
            return None
        try:
            return canonicalize(sql, self._catalog)
        except SqlError:
            return sql

    def _may_run(self, sql: str) -> bool:
        return check(sql, self._catalog).allowed and all(map(_is_date, _DATE.findall(sql)))


def _is_date(text: str) -> bool:
    """Whether a literal of a date's form is one: a model that counts months up to 13 writes some that are not."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


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
