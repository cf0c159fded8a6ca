"""Reads what a plain HTML form sends. Called by the routes of the page."""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request

_MAX_FIELDS = 100  # the review tab sends two texts of each candidate


async def read_form(request: Request) -> dict[str, str]:
    """Read a form's fields; of a field that stands twice the first counts, and what is no form has none."""
    text = (await request.body()).decode("utf-8", errors="replace")
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="replace")
    except ValueError:  # too many fields: no form of ours
        return {}
    return {name: values[0] for name, values in fields.items()}


def one_line(text: str) -> str:
    """Return a text without line breaks and doubled spaces, as a question is stored."""
    return " ".join(text.split())


def several_lines(text: str) -> str:
    """Return a text with the line breaks that everyone but browsers writes, and none around it."""
    return text.replace("\r\n", "\n").strip()


FormDep = Annotated[dict[str, str], Depends(read_form)]
