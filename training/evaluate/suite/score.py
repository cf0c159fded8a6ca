"""The verdict on a prediction by all databases of a test suite. Called by the evaluation and by benchmarks."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg

from training.evaluate.suite.build import variant_names, variant_schemas
from training.evaluate.suite.kills import clear_answer
from training.evaluate.suite.signature import signed_suite
from training.sql.compare import difference
from training.sql.ordering import Answer
from training.sql.sandbox import Execution, Executor


@dataclass(frozen=True)
class SuiteScore:
    """What the databases of a suite say of one prediction.

    Attributes:
        is_match: Whether it answers like the gold query on each database that can judge.
        judged_on: How many could: those where the gold runs and its answer leaves nothing open.
        differs_on: The first that tells it from the gold query; None where none does.
    """

    is_match: bool
    judged_on: int
    differs_on: str | None


def score_on_suite(gold: Mapping[str, Answer | None], predicted: Mapping[str, Execution]) -> SuiteScore:
    """Compares the answers of a prediction with the gold query's, database by database.

    Args:
        gold: Database → the gold query's answer; None where it cannot judge.
        predicted: Database → the prediction's execution, for each of the databases that can judge.

    Returns:
        The score; with no database that can judge, nothing speaks against the prediction.
    """
    judging = {name: answer for name, answer in gold.items() if answer is not None}
    for name, answer in judging.items():
        if difference(answer.execution, predicted[name], answer.blocks) is not None:
            return SuiteScore(False, len(judging), name)
    return SuiteScore(True, len(judging), None)


class TestSuite:
    """The variants of a warehouse's sandboxes, ready to judge; runs each gold query once on each of them.

    An empty one (no variants are built) finds nothing wrong with any prediction: look at `names`.

    Attributes:
        suite_hash: Says which suite it is: only what suites of one hash say can be compared. None where the variants
            themselves do not say it.
    """

    __test__ = False  # no test, whatever pytest reads into the name

    def __init__(self, executors: Mapping[str, Executor], suite_hash: str | None = None) -> None:
        """Prepares without running anything.

        Args:
            executors: Variant → connected to it; closed with the suite.
            suite_hash: Of the suite that they are of, where that is known.
        """
        self._executors, self.suite_hash = dict(executors), suite_hash
        self._gold: dict[str, dict[str, Answer | None]] = {}

    @classmethod
    def connect(cls, dsn: str, schemas: Sequence[str]) -> Self:
        """Finds the variants that stand in the database.

        Args:
            dsn: Of the role that runs queries: auditune_sandbox.
            schemas: The business schemas.

        Raises:
            psycopg.OperationalError: The server cannot be reached.
        """
        with psycopg.connect(dsn, autocommit=True) as connection:
            names = variant_names(connection, schemas)
            suite_hash = signed_suite(connection, schemas, names)
        return cls({name: Executor.standing_in(dsn, variant_schemas(schemas, name)) for name in names}, suite_hash)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            for executor in self._executors.values():
                stack.callback(executor.close)

    @property
    def names(self) -> tuple[str, ...]:
        """The variants."""
        return tuple(self._executors)

    def score(self, gold: str, predicted: str) -> SuiteScore:
        """Judges one prediction.

        Args:
            gold: The right query.
            predicted: A query that the guard has allowed.

        Returns:
            The score.
        """
        answers = self._gold_answers(gold)
        judging = [name for name, answer in answers.items() if answer is not None]
        return score_on_suite(answers, self._run(predicted, judging))

    def matches(self, gold: str, predicted: str) -> bool:
        """Whether a prediction answers like the gold query on every database that can judge."""
        return self.score(gold, predicted).is_match

    def _gold_answers(self, gold: str) -> dict[str, Answer | None]:
        if gold not in self._gold:
            self._gold[gold] = {name: clear_answer(gold, executor) for name, executor in self._executors.items()}
        return self._gold[gold]

    def _run(self, sql: str, names: Iterable[str]) -> dict[str, Execution]:
        return {name: self._executors[name].run(sql) for name in names}
