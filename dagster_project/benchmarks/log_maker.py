"""Makes a query log of any length out of one that a real server wrote. Called by `warehouse.py`.

The embedded server logs the sample's workload once; copies of its lines, with other sessions, later moments, other
people and other literals, are the rest. So a line has the shape, the parameters and the noise of a real one.
"""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

_MOMENT = "%Y-%m-%d %H:%M:%S.%f"
_STATEMENT = re.compile(r"(statement|execute [^:]*): ")
_QUESTION = re.compile(r"(?i)(select|with)\b")
_DATE = re.compile(r"'(\d{4}-\d\d-\d\d)'")
_INTEGER = re.compile(r"(?<![\w$.'-])\d+(?![\w.'-])")
_COMMENT = re.compile(r"\s*(--[^\n]*|/\*.*?\*/)\s*$")


def make_log(source: list[dict], people: list[tuple[str, str]], lines: int, distinct: int, target: Path) -> int:
    """Writes a jsonlog.

    Args:
        source: Lines of a real log, in its order.
        people: Pairs of a name and an e-mail address that the business has.
        lines: Lines to write.
        distinct: Distinct questions to aim at; there are at least as many as the source has.
        target: The file to write.

    Returns:
        Distinct questions written.
    """
    asked = {line["message"] for line in source if _is_question(line)}
    variants = max(1, round(distinct / max(1, len(asked))))
    text = "\n".join(asked) + "\n".join(line["detail"] for line in source if "detail" in line)
    position = {
        value: (row, column)
        for row, pair in enumerate(people)
        for column, value in enumerate(pair)
        if value in text  # an alternation of everybody is a thousand times slower than one of those who are named
    }
    known = re.compile("|".join(map(re.escape, position)) or r"(?!)")

    def other_person(found: re.Match, variant: int) -> str:
        row, column = position[found[0]]
        return people[(row + variant) % len(people)][column]

    made: dict[tuple[int, int], tuple[str, str | None]] = {}
    seen: set[str] = set()
    with target.open("w", encoding="utf-8") as file:
        for number, copy, index in _places(len(source), lines):
            line = dict(source[index])
            variant = copy % variants
            if variant and _is_question(line):
                if (index, variant) not in made:
                    texts = (line["message"], line.get("detail"))
                    swapped = (
                        text and known.sub(lambda found, by=variant: other_person(found, by), text) for text in texts
                    )
                    message, detail = swapped
                    made[index, variant] = _vary(message, variant), detail
                message, detail = made[index, variant]
                line["message"] = message
                if detail is not None:
                    line["detail"] = detail
            if _is_question(line):
                seen.add(line["message"] + line.get("detail", ""))
            line["session_id"] = f"{line['session_id']}{copy:x}"
            line["timestamp"] = _later(line["timestamp"], timedelta(milliseconds=2 * number))
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    return len(seen)


def _places(length: int, lines: int) -> Iterator[tuple[int, int, int]]:
    """Yields number of the line, number of the copy, place in the source."""
    for number in range(lines):
        copy, index = divmod(number, length)
        yield number, copy, index


def _is_question(line: dict) -> bool:
    found = _STATEMENT.match(line.get("message", ""))
    return bool(found and _QUESTION.match(line["message"], found.end()))


def _later(timestamp: str, by: timedelta) -> str:
    """A line's moment, later; the server writes milliseconds and the zone."""
    moment, _, zone = timestamp.rpartition(" ")
    return f"{(datetime.strptime(moment, _MOMENT) + by).strftime(_MOMENT)[:-3]} {zone}"


def _vary(message: str, variant: int) -> str:
    """The same question about other days and numbers; one that names none gets a limit."""
    days = timedelta(days=variant)
    varied = _DATE.sub(lambda found: f"'{date.fromisoformat(found[1]) + days}'", message)
    varied = _INTEGER.sub(lambda found: str(int(found[0]) + variant), varied)
    if varied != message:
        return varied
    comment = _COMMENT.search(message)
    body, tail = (message[: comment.start()], comment[0]) if comment else (message, "")
    return f"{body.rstrip().rstrip(';')} limit {1000 + variant}{tail}"
