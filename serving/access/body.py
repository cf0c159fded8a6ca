"""Reads a request's body before the app sees it: up to a size, within a time, nested no deeper than a limit."""

import asyncio
import re

from starlette.types import Message, Receive, Scope

from serving.access.errors import BodyNotJson, BodyTooLarge, BodyTooSlow, JsonTooDeep, NumberTooLong

JSON_DEPTH = 32
"""A chat with parts needs 5."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_LONG_NUMBER = re.compile(rb"[0-9]{1001}")  # Python's parser refuses integers of more than 4,300 digits
_BRACKET = re.compile(rb"[\[{]|[\]}]")


async def read_body(scope: Scope, receive: Receive, *, limit: int, seconds: float) -> bytes:
    """Read the whole body.

    Args:
        scope: The request.
        receive: Its ASGI channel.
        limit: Most bytes, whatever Content-Length says.
        seconds: Longest time for all of it: one byte now and then does not hold a connection.

    Raises:
        BodyTooLarge: It is longer.
        BodyTooSlow: It took longer, or the client went away.
    """
    declared = dict(scope["headers"]).get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge(limit)
    chunks: list[bytes] = []
    size, is_more = 0, True
    try:
        async with asyncio.timeout(seconds):
            while is_more:
                message = await receive()
                if message["type"] != "http.request":
                    raise BodyTooSlow
                size += len(message.get("body", b""))
                if size > limit:
                    raise BodyTooLarge(limit)
                chunks.append(message.get("body", b""))
                is_more = message.get("more_body", False)
    except TimeoutError as error:
        raise BodyTooSlow from error
    return b"".join(chunks)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a channel that gives the body once, and after it what the client does next."""
    is_given = False

    async def receive_again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def check_json(body: bytes, depth: int = JSON_DEPTH) -> None:
    """Refuse JSON that a recursive parser should not be given.

    Python's parser guesses UTF-16 and UTF-32 too; JSON is UTF-8 (RFC 8259, section 8.1), where brackets are brackets.

    Args:
        body: What the client calls JSON.
        depth: Most levels of lists and objects.

    Raises:
        BodyNotJson: It is not UTF-8.
        JsonTooDeep: It is nested deeper.
        NumberTooLong: A number has more than a thousand digits.
    """
    try:
        is_text = b"\0" not in body and body.decode() is not None
    except UnicodeDecodeError:
        is_text = False
    if not is_text:
        raise BodyNotJson
    is_long, is_deep = _LONG_NUMBER.search(body) is not None, body.count(b"[") + body.count(b"{") > depth
    if not (is_long or is_deep):
        return
    code = _STRING.sub(b"", body)
    if _LONG_NUMBER.search(code):
        raise NumberTooLong
    level = 0
    for bracket in _BRACKET.finditer(code):
        level += 1 if bracket.group() in b"[{" else -1
        if level > depth:
            raise JsonTooDeep(depth)
