"""What every route that takes a question, or SQL, does with it: answer, count, log the row."""

import time
from dataclasses import replace
from uuid import UUID

from serving.access.caller import Caller
from serving.answer import UNANSWERABLE, Answer
from serving.engines.engine import EngineBusy
from serving.errors import Busy, GenerationFailed, LogFull, TooManyCandidates
from serving.execution import ReaderBusy
from serving.request_log import NotKept, RequestRow
from serving.service import Service
from training.registry import CHAMPION

_OUTCOMES = {None: "ok", UNANSWERABLE: "refused"}


async def ask(
    service: Service,
    *,
    caller: Caller,
    request_id: UUID,
    route: str,
    question: str,
    is_run: bool,
    is_explained: bool = False,
    row_cap: int,
    model: str = CHAMPION,
    candidates: int = 1,
) -> Answer:
    """Answer a question and record it.

    Args:
        service: The running API.
        caller: Who asks; his rows are fetched as his database role.
        request_id: Id of the request, also of its row.
        route: Path of the route, for the row and the metrics.
        question: The question, as asked.
        is_run: Whether to fetch rows.
        is_explained: Whether to ask the planner about them instead.
        row_cap: Most rows that the caller gets; what the row's row_count is capped at.
        model: Alias or id of the adapter to ask; of requests for the champion a share may go to the challenger.
        candidates: Answers to write and run; the one whose result most of them give is taken.

    Raises:
        TooManyCandidates: They are more than the settings allow.
        ScopeMissing: The caller may not ask, or may not fetch rows.
        RoleRefused: Rows are asked for, and the caller's database role may not be used.
        Busy: Too many questions, or statements, wait; no row is written.
        LogFull: The row could be kept nowhere, so there is no answer either.
        GenerationFailed: The model gave no answer; its row is written.
    """
    caller.require("ask")
    if candidates > service.max_candidates:
        raise TooManyCandidates(service.max_candidates)
    if is_run or is_explained or candidates > 1:  # what the planner expects tells something about the rows too
        caller.require("run")
    _refuse_where_log_is_full(service)
    try:
        with service.adapters.lease(request_id, model) as served:
            answer = await served.answerer.answer(
                question,
                is_run=is_run,
                is_explained=is_explained,
                database_role=caller.database_role,
                candidates=candidates,
            )
        adapter = served.champion
        answer = replace(answer, adapter_id=adapter.adapter_id, base_model=adapter.base_model)
    except (EngineBusy, ReaderBusy) as error:
        raise _shed(service, error) from error
    await _keep(service, _row(caller, request_id, route, question, answer, row_cap))
    _count(service, route, answer, candidates)
    if answer.error_class == "generation":
        raise GenerationFailed
    return answer


async def run_statement(
    service: Service, *, caller: Caller, request_id: UUID, route: str, sql: str, row_cap: int
) -> Answer:
    """Run a caller's own SQL as a model's is run, and record it; its row has no question and no adapter.

    Args:
        service: The running API.
        caller: Who asks.
        request_id: Id of the request, also of its row.
        route: For the row and the metrics.
        sql: One statement.
        row_cap: Most rows that the caller gets.

    Raises:
        ScopeMissing: The caller may not fetch rows.
        RoleRefused: The caller's database role may not be used.
        Busy: Too many statements wait; no row is written.
        LogFull: The row could be kept nowhere, so there is no answer either.
    """
    caller.require("run")
    _refuse_where_log_is_full(service)
    try:
        with service.adapters.lease(request_id) as served:
            answer = await served.answerer.run(sql, caller.database_role)
    except ReaderBusy as error:
        raise _shed(service, error) from error
    await _keep(service, _row(caller, request_id, route, "", answer, row_cap))
    _count(service, route, answer)
    return answer


def _shed(service: Service, error: EngineBusy | ReaderBusy) -> Busy:
    service.metrics.shed.labels("engine" if isinstance(error, EngineBusy) else "reader").inc()
    return Busy()


def _refuse_where_log_is_full(service: Service) -> None:
    """Ask before anything works in vain."""
    if service.request_log.is_full():
        service.metrics.shed.labels("log").inc()
        raise LogFull


async def _keep(service: Service, row: RequestRow) -> None:
    """Make the row durable before the answer is sent."""
    started = time.perf_counter()
    try:
        await service.request_log.add(row)
    except NotKept as error:
        service.metrics.shed.labels("log").inc()
        raise LogFull from error
    service.metrics.stage_seconds.labels("log").observe(time.perf_counter() - started)


def _count(service: Service, route: str, answer: Answer, candidates: int = 1) -> None:
    service.metrics.answers.labels(route, answer.error_class or "ok").inc()
    for stage, milliseconds in answer.timings_ms.items():
        service.metrics.stage_seconds.labels(stage).observe(milliseconds / 1000)
    if answer.generation is not None:
        service.metrics.tokens.labels("prompt").inc(answer.generation.prompt_tokens)
        service.metrics.tokens.labels("completion").inc(answer.generation.completion_tokens)
        service.metrics.tokens.labels("forced").inc(answer.generation.forced_tokens)
        service.metrics.tokens.labels("guessed").inc(answer.generation.guessed_tokens)
        service.metrics.grammar_rejections.inc(bool(answer.generation.drafts) and candidates == 1)
        service.metrics.prefix_cache_hits.inc(bool(answer.generation.cached_tokens))


def _row(caller: Caller, request_id: UUID, route: str, question: str, answer: Answer, row_cap: int) -> RequestRow:
    generation = answer.generation
    return RequestRow(
        request_id=request_id,
        route=route,
        question=question,
        sql=answer.sql or answer.refused_sql,
        outcome=_OUTCOMES.get(answer.error_class, "error"),
        is_executed=answer.is_executed,
        error_class=answer.error_class,
        row_count=min(answer.execution.row_count, row_cap) if answer.execution and answer.is_executed else None,
        generation_ms=answer.timings_ms.get("generation"),
        execution_ms=answer.timings_ms.get("execution"),
        latency_ms=answer.timings_ms["total"],
        prompt_tokens=generation.prompt_tokens if generation else 0,
        completion_tokens=generation.completion_tokens if generation else 0,
        key_id=caller.key_id,
        adapter_id=answer.adapter_id or None,
        base_model=answer.base_model or None,
    )
