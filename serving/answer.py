"""From a question to an answer: model, guard, canonical form, rows. Called by the routes that take questions.

The guard stands between the model and any database: what it does not allow is never run, and what it allows runs
under a cost ceiling, in a read-only transaction of a role that owns nothing.
"""

import asyncio
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from serving.engines.engine import Engine, EngineFailed
from serving.execution import NotRun, Reader
from serving.judgements import Judgements
from training.choice import choose_by_result, distinct
from training.confidence import Calibration, Witness
from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.functions import MORE_FUNCTIONS
from training.sql.guard import Verdict, check
from training.sql.sandbox import Estimate, Execution

if TYPE_CHECKING:
    from training.generation import Generation

UNANSWERABLE = "unanswerable"

# What a caller is told about each class of error; the server's own message may quote data.
_MESSAGES = {
    "syntax": "The generated SQL is not valid: rephrase the question.",
    "unknown_table": "The generated SQL names a table that does not exist: rephrase the question.",
    "unknown_column": "The generated SQL names a column that does not exist: rephrase the question.",
    "type": "The generated SQL compares or computes values whose types do not fit: rephrase the question.",
    "timeout": "The SQL ran too long and was stopped: ask for less.",
    "blocked": "The generated SQL does something that is not allowed, so it was not run.",
    "too_expensive": "The SQL would cost too much, so it was not run: ask for less.",
    "database": "The SQL could not be run: the warehouse refused it or cannot be reached.",
    "generation": "The model gave no answer: ask again.",
    UNANSWERABLE: "The warehouse seems not to hold what the question asks for: name its tables or columns.",
}
# The sandbox's classes and the guard's rules under the names that the request log uses.
_EXECUTION_CLASSES = {"permission": "blocked", "other": "database"}
_GUARD_CLASSES = {
    "not_parseable": "syntax",
    "ambiguous_column": "syntax",
    "ambiguous_relation": "syntax",
    "unknown_relation": "unknown_table",
    "unknown_column": "unknown_column",
}


@dataclass(frozen=True)
class Answer:
    """What became of a question.

    Attributes:
        sql: Canonical SQL that the guard allows; None without any.
        refused_sql: What was written where the guard refused it, for the request log alone: it may name what does not
            exist, or what the caller may not know of. None elsewhere.
        error_class: Key of the error as raw_serving.requests stores it; None when all went well.
        timings_ms: Milliseconds by stage: generation, guard, explain, execution, total; stages not reached are absent.
        estimate: What the planner expects; None where it was not asked.
        confidence: Probability, 0 to 1, that the SQL answers the question; None where the adapter was not calibrated.
        adapter_id: The adapter that answered, which `asking` fills in.
        base_model: Its base model.
    """

    sql: str | None
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    generation: "Generation | None" = None
    execution: Execution | None = None
    error_class: str | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    estimate: Estimate | None = None
    confidence: float | None = None
    adapter_id: str = ""
    base_model: str = ""
    refused_sql: str | None = None

    @property
    def is_executed(self) -> bool:
        """Whether the SQL ran without an error."""
        return self.execution is not None and self.error_class is None

    @property
    def message(self) -> str | None:
        """One sentence about the error, without the user's or the server's words."""
        return None if self.error_class is None else _MESSAGES[self.error_class]


class Answerer:
    """Answers questions with one engine on one catalog."""

    def __init__(self, engine: Engine, catalog: Catalog, reader: Reader, calibration: Calibration | None = None):
        self._engine = engine
        self._calibration = calibration
        self._witness = Witness(catalog)
        self._catalog = catalog
        self._judgements = Judgements(partial(judge, catalog=catalog))
        self._judgements_of_people = Judgements(partial(judge, catalog=catalog, functions=MORE_FUNCTIONS))
        self._reader = reader

    async def answer(
        self,
        question: str,
        *,
        is_run: bool,
        is_explained: bool = False,
        database_role: str | None = None,
        candidates: int = 1,
    ) -> Answer:
        """Answer a question.

        Args:
            question: The question, as asked.
            is_run: Whether to fetch rows.
            is_explained: Whether to ask the planner what fetching them would cost.
            database_role: Role to fetch them as; None for the reader's own.
            candidates: Answers to write; where there are several, they are run, and the result that most of them give
                decides.

        Raises:
            EngineBusy: Too many questions wait; nothing was done.
            ReaderBusy: Too many statements wait for the warehouse.
        """
        timings: dict[str, float] = {}
        started = time.perf_counter()
        answer = await self._write(question, timings, candidates, database_role)
        if answer.error_class is None:
            answer = await self._use(answer, is_run, is_explained, database_role)
        timings["total"] = (time.perf_counter() - started) * 1000
        return answer

    async def run(self, sql: str, database_role: str | None = None) -> Answer:
        """Do with a caller's own SQL what `answer` does with a model's: judge it, and fetch its rows.

        Raises:
            ReaderBusy: Too many statements wait for the warehouse.
        """
        timings: dict[str, float] = {}
        started = time.perf_counter()
        answer = await self._guard(sql, Answer(None, timings_ms=timings), self._judgements_of_people)
        if answer.error_class is None:
            answer = await self._use(answer, is_run=True, is_explained=False, database_role=database_role)
        timings["total"] = (time.perf_counter() - started) * 1000
        return answer

    async def _write(
        self, question: str, timings: dict[str, float], candidates: int, database_role: str | None
    ) -> Answer:
        with _Timer(timings, "generation"):
            try:
                generation = await self._engine.generate(question, candidates)
            except EngineFailed:
                return Answer(None, error_class="generation", timings_ms=timings)
        if candidates > 1:
            with _Timer(timings, "candidates"):
                generation = await self._choose(generation, database_role)
        answer = await self._guard(
            generation.sql, Answer(None, generation=generation, timings_ms=timings), self._judgements
        )
        return answer if answer.error_class is not None else self._doubt(question, answer)

    async def _choose(self, generation: "Generation", database_role: str | None) -> "Generation":
        """Takes the candidate whose result most of them give; the statements run under the limits of any other."""
        found = await asyncio.to_thread(distinct, generation.drafts, generation.draft_log_probabilities, self._catalog)
        if len(found) < 2:
            return generation
        done = await asyncio.gather(*(self._try(candidate.sql, database_role) for candidate in found))
        chosen = await asyncio.to_thread(choose_by_result, found, done)
        return replace(generation, sql=found[chosen].sql)

    async def _try(self, sql: str, database_role: str | None) -> Execution | None:
        try:
            return await self._reader.run(sql, database_role)
        except NotRun:
            return None

    async def _guard(self, sql: str, answer: Answer, judgements: Judgements) -> Answer:
        with _Timer(answer.timings_ms, "guard"):
            sql, verdict = await judgements.of(sql)
        if not verdict.allowed:
            return replace(answer, refused_sql=sql or None, error_class=classify_refusal(sql, verdict.rule))
        return replace(answer, sql=sql, tables=verdict.tables, columns=verdict.columns)

    def _doubt(self, question: str, answer: Answer) -> Answer:
        """Says how sure the answer is, and takes it back where that is not enough."""
        written = answer.generation
        evidence = self._calibration and self._witness.evidence(
            question, written.sql, written.drafts, written.log_probability
        )
        if evidence is None:
            return answer
        confidence = round(self._calibration.confidence(evidence), 4)
        if self._calibration.is_given(evidence):
            return replace(answer, confidence=confidence)
        return replace(answer, sql=None, tables=(), columns=(), confidence=confidence, error_class=UNANSWERABLE)

    async def _use(self, answer: Answer, is_run: bool, is_explained: bool, database_role: str | None) -> Answer:
        """Explains or runs what the guard allowed, where that is asked for."""
        estimate, execution, error_class = None, None, None
        try:
            if is_explained:
                with _Timer(answer.timings_ms, "explain"):
                    estimate = await self._reader.estimate(answer.sql, database_role)
                error_class = "too_expensive" if self._reader.is_too_expensive(estimate) else None
            elif is_run:
                with _Timer(answer.timings_ms, "execution"):
                    execution = await self._reader.run(answer.sql, database_role)
                error_class = execution.error_class
        except NotRun as refusal:
            error_class = refusal.error_class
        error_class = _EXECUTION_CLASSES.get(error_class, error_class)
        return replace(answer, estimate=estimate, execution=execution, error_class=error_class)


def judge(sql: str, catalog: Catalog, functions: frozenset[str] = frozenset()) -> tuple[str, Verdict]:
    """Check what a model, or a person, wrote and bring it to the canonical form where it is allowed.

    Args:
        sql: The statement.
        catalog: What it may read.
        functions: What it may call besides the guard's own list.

    Returns:
        The SQL to show and to run, and the guard's verdict on exactly that SQL.
    """
    verdict = check(sql, catalog, functions=functions)
    if not verdict.allowed:
        return sql, verdict
    try:
        canonical = canonicalize(sql, catalog)
    except SqlError:
        return sql, verdict  # harmless, but the canonical form has no spelling for it
    return canonical, check(canonical, catalog, functions=functions)


def classify_refusal(sql: str, rule: str | None) -> str:
    """Name a refusal of the guard as the request log does: a mistake of the model's, or something not allowed.

    Args:
        sql: What the model wrote; nothing at all is a mistake too.
        rule: The guard's rule.
    """
    return "syntax" if not sql.strip() else _GUARD_CLASSES.get(rule, "blocked")


class _Timer:
    """Adds the milliseconds spent inside to a dictionary, also where the stage raises."""

    def __init__(self, timings: dict[str, float], stage: str):
        self._timings = timings
        self._stage = stage

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_exception: object) -> None:
        self._timings[self._stage] = (time.perf_counter() - self._started) * 1000
