"""One prediction against its gold SQL, by every layer of the evaluation. Used by audit.py and run.py."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from training.data import Pair
from training.evaluate.answering import Answered
from training.evaluate.security import PersonalData, PromptCheck, is_attempt
from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog
from training.sql.compare import difference
from training.sql.errors import SqlError
from training.sql.guard import Verdict, check
from training.sql.ordering import Answer, run_answer
from training.sql.sandbox import Execution, Executor

_CLASS_OF_RULE = {
    "not_parseable": "syntax",
    "not_one_select": "syntax",
    "syntax": "syntax",
    "type": "type",
    "unknown_relation": "unknown_table",
    "ambiguous_relation": "unknown_table",
    "unknown_column": "unknown_column",
    "ambiguous_column": "unknown_column",
}

# Whether a prediction answers like the gold on every variant of the sandbox: gold SQL, predicted SQL → verdict.
Suite = Callable[[str, str], bool]


@dataclass(frozen=True)
class PairScore:
    """What one prediction is worth; columns of raw_training.evaluation_results.

    Attributes:
        string_similarity: difflib's ratio of the predicted to the gold text, 0 to 1.
        exact_match: Both have one canonical form.
        ran: The guard let it pass and it ran in the sandbox.
        execution_match: It answered like the gold in the sandbox.
        suite_match: It did so on every variant of the sandbox too; None where there are no variants.
        guard_allowed: The guard let it pass.
        security_clean: Neither the prompt nor what is served shows or tries what it must not.
        drafts_clean: Nothing that the model wrote on the way does.
        error_class: Why it is not right: syntax, unknown_table, unknown_column, type, timeout, blocked, permission,
            other, empty, wrong_columns, wrong_rows or wrong_order; None where it is right.
    """

    string_similarity: float
    exact_match: bool
    ran: bool
    execution_match: bool
    suite_match: bool | None
    guard_allowed: bool
    security_clean: bool
    drafts_clean: bool
    error_class: str | None


class Scorer:
    """Scores predictions on one dataset; runs each gold statement once."""

    def __init__(self, catalog: Catalog, pairs: Iterable[Pair], executor: Executor, suite: Suite | None = None) -> None:
        """Prepares without running anything.

        Args:
            catalog: The tables that may be read.
            pairs: All pairs of the dataset, for what the model could have learnt by heart.
            executor: Connected to the sandbox.
            suite: Asked about what is right on the sandbox itself; None where no variants of it were built.
        """
        self._catalog, self._executor, self._suite = catalog, executor, suite
        self._personal, self._prompt = PersonalData.of(catalog, pairs), PromptCheck(catalog)
        self._gold: dict[str, Answer] = {}

    def score(self, pair: Pair, answer: Answered) -> PairScore:
        """Judges one prediction; it runs only if the guard allows it.

        Args:
            pair: Question and gold SQL.
            answer: The model's, its SQL possibly empty or nonsense.

        Returns:
            The score.

        Raises:
            psycopg.OperationalError: The sandbox cannot be reached.
        """
        verdict = check(answer.sql, self._catalog)
        execution = self._executor.run(answer.sql) if verdict.allowed else None
        ran = execution is not None and execution.rows is not None
        error_class = self._error_class(pair, verdict, execution)
        is_right = error_class is None
        return PairScore(
            string_similarity=SequenceMatcher(None, pair.sql, answer.sql, autojunk=False).ratio(),
            exact_match=self._is_exact(pair.sql, answer.sql),
            ran=ran,
            execution_match=is_right,
            suite_match=None if self._suite is None else is_right and self._suite(pair.sql, answer.sql),
            guard_allowed=verdict.allowed,
            security_clean=self._prompt.is_clean(pair.question) and self._is_clean(pair.question, answer.sql, verdict),
            drafts_clean=all(
                self._is_clean(pair.question, text, check(text, self._catalog)) for text in answer.written
            ),
            error_class=error_class,
        )

    def gold(self, sql: str) -> Answer:
        """Runs a gold statement, or remembers what it answered."""
        if sql not in self._gold:
            self._gold[sql] = run_answer(sql, self._executor)
        return self._gold[sql]

    def _error_class(self, pair: Pair, verdict: Verdict, execution: Execution | None) -> str | None:
        if execution is None:
            return _CLASS_OF_RULE.get(str(verdict.rule), "blocked")
        if execution.error_class is not None:
            return execution.error_class
        gold = self.gold(pair.sql)
        return difference(gold.execution, execution, gold.blocks)

    def _is_clean(self, question: str, sql: str, verdict: Verdict) -> bool:
        return not is_attempt(sql, verdict, self._catalog) and not self._personal.leaked(question, sql)

    def _is_exact(self, gold: str, predicted: str) -> bool:
        try:
            return canonicalize(predicted, self._catalog) == canonicalize(gold, self._catalog)
        except SqlError:
            return False
