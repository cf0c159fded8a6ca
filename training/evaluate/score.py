"""One prediction against its gold SQL, by every layer of the evaluation. Used by audit.py and run.py."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from training.data import Pair
from training.evaluate.security import is_clean, known_values
from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog
from training.sql.compare import same_result
from training.sql.errors import SqlError
from training.sql.guard import check
from training.sql.parse import parse_select
from training.sql.sandbox import Execution, Executor

_CLASS_OF_RULE = {
    "not_parseable": "syntax",
    "not_one_select": "syntax",
    "syntax": "syntax",
    "unknown_relation": "unknown_table",
    "unknown_column": "unknown_column",
    "ambiguous_column": "unknown_column",
}


@dataclass(frozen=True)
class PairScore:
    """What one prediction is worth; the columns of raw_training.evaluation_results."""

    string_similarity: float
    exact_match: bool
    ran: bool
    execution_match: bool
    guard_allowed: bool
    security_clean: bool
    error_class: str | None


class Scorer:
    """Scores predictions on one dataset; runs each gold statement once."""

    def __init__(self, catalog: Catalog, pairs: Iterable[Pair], executor: Executor) -> None:
        """Prepares without running anything.

        Args:
            catalog: The tables that may be read.
            pairs: All pairs of the dataset, for what the model could have learnt by heart.
            executor: Connected to the sandbox.
        """
        self._catalog, self._executor = catalog, executor
        self._known = known_values(text for pair in pairs for text in (pair.question, pair.sql))
        self._gold: dict[str, Execution] = {}

    def score(self, pair: Pair, predicted: str) -> PairScore:
        """Judges one prediction; it runs only if the guard allows it.

        Args:
            pair: Question and gold SQL.
            predicted: The model's SQL, possibly empty or nonsense.

        Returns:
            The score.

        Raises:
            psycopg.OperationalError: The sandbox cannot be reached.
        """
        verdict = check(predicted, self._catalog)
        execution = self._executor.run(predicted) if verdict.allowed else None
        ran = execution is not None and execution.error_class is None
        if execution is None:
            error_class = _CLASS_OF_RULE.get(str(verdict.rule), "blocked")
        else:
            error_class = execution.error_class
        return PairScore(
            string_similarity=SequenceMatcher(None, pair.sql, predicted, autojunk=False).ratio(),
            exact_match=self._is_exact(pair.sql, predicted),
            ran=ran,
            execution_match=ran and same_result(self._gold_result(pair.sql), execution, ordered=is_ordered(pair.sql)),
            guard_allowed=verdict.allowed,
            security_clean=is_clean(pair.question, predicted, verdict, self._known),
            error_class=error_class,
        )

    def _gold_result(self, sql: str) -> Execution:
        if sql not in self._gold:
            self._gold[sql] = self._executor.run(sql)
        return self._gold[sql]

    def _is_exact(self, gold: str, predicted: str) -> bool:
        try:
            return canonicalize(predicted, self._catalog) == canonicalize(gold, self._catalog)
        except SqlError:
            return False


def is_ordered(sql: str) -> bool:
    """Whether the order of a statement's rows counts: it has an ORDER BY at its top level."""
    return parse_select(sql).args.get("order") is not None
