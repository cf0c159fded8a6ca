"""POST /v1/chat/completions: the same answers in OpenAI's shape, so that any client of it works."""

import time
from typing import Any

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError

from serving.access.caller import CallerDep, needs
from serving.answer import Answer
from serving.asking import ask
from serving.errors import NoQuestion, StreamingNotOffered, UnknownModel, documented
from serving.schemas import ChatRequest, Question
from serving.service import RequestIdDep, ServiceDep

router = APIRouter(tags=["openai"], dependencies=[needs("ask")], responses=documented(401, 404, 422, 429, 503))

_QUESTION = TypeAdapter(Question)


@router.post("/v1/chat/completions")
async def complete(
    body: ChatRequest, service: ServiceDep, caller: CallerDep, request_id: RequestIdDep
) -> dict[str, Any]:
    """Answer the last user message with SQL. SQL that may not be run is refused, in `message.refusal`."""
    if body.model not in service.adapters.names():
        raise UnknownModel
    if body.stream:
        raise StreamingNotOffered
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
    return {
        "id": f"chatcmpl-{request_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": answer.adapter_id,
        "choices": [_choice(answer)],
        "usage": _usage(answer),
    }


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


def _choice(answer: Answer) -> dict[str, Any]:
    is_refused = answer.error_class is not None
    message = {
        "role": "assistant",
        "content": None if is_refused else answer.sql,
        "refusal": answer.message if is_refused else None,
    }
    return {"index": 0, "message": message, "finish_reason": "content_filter" if is_refused else "stop"}


def _usage(answer: Answer) -> dict[str, int]:
    prompt, completion = answer.generation.prompt_tokens, answer.generation.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
