"""Answers that the guard accepts: what it refuses is drawn again. Used by evaluate/run.py and serving.

A small model sometimes writes a column of another table, or a date that is none. That is known before anything is
run, so the question is asked again a few times at once, and the answer given most often among those that it accepts
is taken. Where it accepts none, the first answer stands, and is refused as before.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace

from transformers import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.answer_row import Row
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

    def generate(self, questions: Sequence[str], candidates: int = 1) -> list[Generation]:
        """Answers questions.

        Args:
            questions: Any number of questions.
            candidates: Answers to each, the most likely one and drawn ones; all are in `drafts` where it is above 1.

        Returns:
            One generation a question, in the same order; the tokens of all its answers are counted.
        """
        first = self._generator.generate(questions)
        return [self._again(question, answer, candidates) for question, answer in zip(questions, first, strict=True)]

    __call__ = generate

    def open_batch(self) -> "CheckedBatch":
        """Answers questions that come while others are in work; not to be mixed with `generate`."""
        return CheckedBatch(self._generator, self._catalog, self._draws)

    def _again(self, question: str, first: Generation, candidates: int) -> Generation:
        if candidates > 1:
            return _chosen(first, self._generator.draw(question, candidates - 1, TEMPERATURE), self._catalog)
        if not self._draws or may_run(first.sql, self._catalog):
            return first
        return _chosen(first, self._generator.draw(question, self._draws, TEMPERATURE), self._catalog)


class CheckedBatch:
    """Questions in work on one generator: each joins at the next step, and leaves when it is answered."""

    def __init__(self, generator: Generator, catalog: Catalog, draws: int) -> None:
        """Prepares; the arguments are those of `CheckedGenerator`."""
        self._generator, self._catalog, self._draws = generator, catalog, draws
        self._questions: dict[Hashable, _Question] = {}
        self._keys: dict[Row, Hashable] = {}

    def __len__(self) -> int:
        """Questions that are not answered yet."""
        return len(self._questions)

    def add(self, key: Hashable, question: str, candidates: int = 1) -> None:
        """Takes a question.

        Args:
            key: What its answer will be known by.
            question: In natural language.
            candidates: As `CheckedGenerator.generate` has them.
        """
        self._questions[key] = _Question(question)
        drawn = self._generator.drawn_rows(question, candidates - 1, TEMPERATURE)
        self._join(key, [self._generator.greedy_row(question), *drawn])

    def step(self) -> list[tuple[Hashable, Generation]]:
        """Moves every question on by at least a token.

        Returns:
            The answers that are ready, by the keys of their questions.
        """
        done = []
        for row in self._generator.batch.step():
            key = self._keys.pop(row)
            asked = self._questions[key]
            asked.answers[row] = self._generator.finish(row)
            is_done = len(asked.answers) == len(asked.rows)
            if is_done and not self._is_drawn_again(key, asked):
                del self._questions[key]
                first, *drawn = [asked.answers[row] for row in asked.rows]
                done.append((key, _chosen(first, drawn, self._catalog) if drawn else first))
        return done

    def drop(self, key: Hashable) -> None:
        """Gives a question up; nothing where it is answered already."""
        if self._questions.pop(key, None) is not None:
            rows = {row for row, its_key in self._keys.items() if its_key == key}
            self._generator.batch.drop(rows)
            for row in rows:
                del self._keys[row]

    def _join(self, key: Hashable, rows: list[Row]) -> None:
        self._questions[key].rows += rows
        self._keys.update(dict.fromkeys(rows, key))
        self._generator.batch.add(rows)

    def _is_drawn_again(self, key: Hashable, asked: "_Question") -> bool:
        if not self._draws or len(asked.rows) > 1 or may_run(asked.answers[asked.rows[0]].sql, self._catalog):
            return False
        self._join(key, self._generator.drawn_rows(asked.text, self._draws, TEMPERATURE))
        return True


class _Question:
    """A question, its rows, the most likely answer's first, and the answers of those that are done."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rows: list[Row] = []
        self.answers: dict[Row, Generation] = {}


def _chosen(first: Generation, drawn: Sequence[Generation], catalog: Catalog) -> Generation:
    """The answer to give, with the tokens of all of them."""
    texts = [answer.sql for answer in drawn]
    return replace(
        first,
        sql=first.sql if may_run(first.sql, catalog) else choose(first.sql, texts, catalog),
        completion_tokens=first.completion_tokens + sum(answer.completion_tokens for answer in drawn),
        forced_tokens=first.forced_tokens + sum(answer.forced_tokens for answer in drawn),
        guessed_tokens=first.guessed_tokens + sum(answer.guessed_tokens for answer in drawn),
        drafts=(first.sql, *texts),
        draft_log_probabilities=(first.log_probability, *(answer.log_probability for answer in drawn)),
    )


def as_served(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    catalog: Catalog,
    config: TrainingConfig,
    readable: Catalog | None = None,
    learnt: Sequence[str] = (),
) -> CheckedGenerator:
    """The generator that the API answers with and the evaluation judges: inside the grammar, looked at by the guard.

    Args:
        model: The base model with its adapter.
        tokenizer: Its tokenizer.
        catalog: The tables that questions are about, as the model has learnt them.
        config: The run's settings.
        readable: What answers may name; None for all of the catalog.
        learnt: SQL that the adapter was trained on, from which answers are guessed.
    """
    readable = readable or catalog
    return CheckedGenerator(inside_grammar(model, tokenizer, catalog, config, readable, learnt), readable)


def inside_grammar(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    catalog: Catalog,
    config: TrainingConfig,
    readable: Catalog | None = None,
    learnt: Sequence[str] = (),
) -> Generator:
    """What `as_served` looks at; the arguments are its."""
    constraint = GrammarConstraint(tokenizer, readable or catalog, model.config.vocab_size)
    generator = Generator(model, tokenizer, catalog, config.max_new_tokens, config.generation_batch, constraint)
    generator.expect(learnt)
    return generator
