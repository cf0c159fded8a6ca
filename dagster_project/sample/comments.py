"""Write a question and its SQL the way a person or a tool sends them. Pure functions; called by workload.py."""

import re
from collections.abc import Callable
from urllib.parse import quote

# Only literals that a program would take from its user; formats such as 'YYYY-MM' are part of the query.
_LITERAL = re.compile(
    r"(?P<date>date '(?P<day>\d{4}-\d\d-\d\d)')|'(?P<text>(?:[^']|'')*)'"
    r"|(?<=[=<>] )(?P<number>\d+)\b|(?<=limit )(?P<limit>\d+)\b"
)
_CLAUSE = re.compile(r" (from|join|where|group by|having|order by|limit|union|intersect|except)\b")
_KEYWORD = re.compile(
    r"\b(select|distinct|from|join|on|where|and|or|not|in|is|null|between|group by|having|order by|desc|limit|as|with"
    r"|over|partition by|filter|intersect|except|date|count|sum|avg|min|max|round|rank|lag|extract|year|to_char)\b(?!_)"
)


def psql_style(question: str, sql: str) -> str:
    """Return the statement as typed into psql: a comment line with the question, clauses on lines, a semicolon."""
    return f"-- question: {question}\n{_outside_literals(sql, lambda part: _CLAUSE.sub(_on_new_line, part))};"


def bi_style(question: str, sql: str, dashboard: str) -> str:
    """Return the statement as a BI tool sends it: dashboard and title in a comment, key words in capitals."""
    return f"/* dashboard: {dashboard}; title: {question} */ {_outside_literals(sql, _upper_keywords)}"


def sqlcommenter_style(question: str, sql: str, action: str) -> str:
    """Return the statement with sqlcommenter's key-value comment at its end, values URL-encoded."""
    return f"{sql} /*action='{quote(action, safe='')}',question='{quote(question, safe='')}'*/"


def bind(sql: str) -> tuple[str, list[str | int]]:
    """Return the SQL with `%s` in place of its literals, and their values, as an application would write it.

    Args:
        sql: A statement of the house style, without a comment.

    Returns:
        The statement for `cursor.execute`, percent signs doubled, and the parameters in order.
    """
    values: list[str | int] = []

    def placeholder(match: re.Match[str]) -> str:
        if match["date"]:
            values.append(match["day"])
            return "%s::date"
        if match["text"] is not None:
            if match["text"] == "YYYY-MM":
                return match[0]
            values.append(match["text"].replace("''", "'").replace("%%", "%"))
            return "%s"
        values.append(int(match["number"] or match["limit"]))
        return "%s"

    return _LITERAL.sub(placeholder, sql.replace("%", "%%")), values


def _on_new_line(match: re.Match[str]) -> str:
    return f"\n{match[1]}"


def _upper_keywords(part: str) -> str:
    return _KEYWORD.sub(lambda match: match[0].upper(), part)


def _outside_literals(sql: str, rewrite: Callable[[str], str]) -> str:
    """Return `sql` with `rewrite` applied to what stands between its literals."""
    parts = sql.split("'")  # odd parts are literals; a doubled quote gives an empty even part, which stays empty
    return "'".join(part if index % 2 else rewrite(part) for index, part in enumerate(parts))
