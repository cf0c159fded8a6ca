"""POST /v1/chat/completions: the same answers in OpenAI's shape, so that any client of it works."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import TypeAdapter, ValidationError

from serving.access.caller import CallerDep, needs
from serving.answer import UNANSWERABLE, Answer
from serving.asking import ask
from serving.errors import NoQuestion, UnknownModel, documented
from serving.schemas import ChatRequest, Question
from serving.service import RequestIdDep, ServiceDep

router = APIRouter(tags=["openai"], dependencies=[needs("ask")], responses=documented(401, 404, 422, 429, 503))

_QUESTION = TypeAdapter(Question)


@router.post("/v1/chat/completions")
async def complete(body: ChatRequest, service: ServiceDep, caller: CallerDep, request_id: RequestIdDep) -> Response:
    """Answer the last user message with SQL. SQL that may not be run is refused, in `message.refusal`.

    A stream begins once the guard has judged the whole statement: a token that was sent cannot be taken back. So it has
    the shape that clients expect, and no sooner a first token.
    """
    if body.model not in service.adapters.names():
        raise UnknownModel
    question = read_question(body)
    answer = await ask(
        service,
        caller=caller,
        request_id=request_id,
        route="/v1/chat/completions",
        question=question,
        is_run=False,
        row_cap=0,
        model=body.model,
    )
    if body.stream:
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        return StreamingResponse(_events(_chunks(answer, request_id, with_usage)), media_type="text/event-stream")
    completion = {
        **_head(answer, request_id, "chat.completion"),
        "choices": [{"index": 0, "message": _message(answer), "finish_reason": _finish_reason(answer)}],
        "usage": _usage(answer),
    }
    return JSONResponse(completion)


def read_question(body: ChatRequest) -> str:
    """Take the question out of a chat.

    Raises:
        NoQuestion: The last message is not the user's, or holds no acceptable text.
    """
    last = body.messages[-1]
    if last.role != "user":
        raise NoQuestion
    text = last.content if isinstance(last.content, str) else "\n".join(part.text for part in last.content or [])
    try:
        return _QUESTION.validate_python(text)
    except ValidationError as error:
        raise NoQuestion from error


def _events(chunks: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Server-sent events, as OpenAI ends them."""
    for chunk in chunks:
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def _chunks(answer: Answer, request_id: UUID, with_usage: bool) -> Iterator[dict[str, Any]]:
    head = _head(answer, request_id, "chat.completion.chunk") | ({"usage": None} if with_usage else {})
    message = {key: value for key, value in _message(answer).items() if value is not None}
    for delta, reason in ((message, None), ({}, _finish_reason(answer))):
        yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    if with_usage:
        yield {**head, "choices": [], "usage": _usage(answer)}


def _head(answer: Answer, request_id: UUID, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{request_id}", "object": kind, "created": int(time.time()), "model": answer.adapter_id}


def _message(answer: Answer) -> dict[str, Any]:
    is_refused = answer.error_class is not None
    return {
        "role": "assistant",
        "content": None if is_refused else answer.sql,
        "refusal": answer.message if is_refused else None,
    }


def _finish_reason(answer: Answer) -> str:
    return "stop" if answer.error_class in (None, UNANSWERABLE) else "content_filter"


def _usage(answer: Answer) -> dict[str, int]:
    prompt, completion = answer.generation.prompt_tokens, answer.generation.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
