"""From the text of a statement to one parsed SELECT, in the dialect that the whole product uses.

Called by the canonical form, the guard and the category tags. No catalog is needed here.
"""

import logging
import re
from collections import Counter

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError

from training.sql.errors import NotOneSelect, ParseFailure

MAX_CHARACTERS = 20_000
MAX_BRACKET_DEPTH = 64
MAX_BARE_JOINS = 6
MAX_TREE_DEPTH = 200

# sqlglot logs the text of statements that it only half understands, and a statement may quote a person's data.
logging.getLogger("sqlglot").disabled = True

_FIRST_WORD = re.compile(r"[\s(]*(?:(?:--[^\n]*\n|/\*.*?\*/)[\s(]*)*(\w+)", re.DOTALL)


class WarehouseDialect(Postgres):
    """PostgreSQL, with the formats of to_char and its like kept letter for letter.

    sqlglot translates those formats to strftime's and back, and loses what strftime does not have.
    """

    TIME_MAPPING: dict[str, str] = {}


def parse_select(sql: str) -> exp.Select | exp.SetOperation:
    """Parse one query.

    Args:
        sql: The text of one statement; a trailing semicolon and comments are allowed.

    Returns:
        The tree of a SELECT, or of a UNION, INTERSECT or EXCEPT of them, without brackets around it.

    Raises:
        ParseFailure: The text is not PostgreSQL, or too long or too deeply nested to be read.
        NotOneSelect: The text is empty, several statements, or no query.
    """
    if len(sql) > MAX_CHARACTERS or "\x00" in sql:
        raise ParseFailure(f"A statement has at most {MAX_CHARACTERS} characters and no NUL.")
    word = _FIRST_WORD.match(sql)
    if word is None or word.group(1).lower() not in ("select", "with"):
        raise NotOneSelect("Only a statement that starts with SELECT or WITH is accepted.")
    try:
        _check_size(sql)
        parsed = WarehouseDialect().parse(sql)
        # A comment after the semicolon counts as a statement of its own.
        statements = [tree for tree in parsed if tree is not None and not isinstance(tree, exp.Semicolon)]
    except (SqlglotError, RecursionError, ValueError) as error:
        if isinstance(error, ParseFailure):
            raise
        # The parser's message quotes the statement, so neither it nor its chain goes further.
        raise ParseFailure("The statement is not PostgreSQL that the parser understands.") from None
    if len(statements) != 1:
        raise NotOneSelect("Exactly one statement is accepted.")
    tree = statements[0]
    while isinstance(tree, exp.Subquery) and set(_filled(tree)) == {"this"}:
        tree = tree.this
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise NotOneSelect("Only a SELECT, or a set operation of SELECTs, is accepted.")
    _check_depth(tree)
    tree.parent = None
    return tree


def _filled(node: exp.Expression) -> list[str]:
    return [key for key, value in node.args.items() if value]


def _check_size(sql: str) -> None:
    """Refuse what the parser would take very long for: it goes back and forth over brackets and unfinished joins."""
    depth = deepest = 0
    words: Counter[str] = Counter()
    for token in WarehouseDialect().tokenize(sql):
        words[token.text.lower()] += 1
        if token.text in ("(", "["):
            depth += 1
            deepest = max(deepest, depth)
        elif token.text in (")", "]"):
            depth -= 1
    if deepest > MAX_BRACKET_DEPTH or words["["] > MAX_BRACKET_DEPTH:
        raise ParseFailure(f"Brackets are nested deeper than {MAX_BRACKET_DEPTH}.")
    conditions = sum(words[word] for word in ("on", "using", "cross", "natural"))
    if words["join"] > conditions + MAX_BARE_JOINS:
        raise ParseFailure("Joins have no condition.")


def _check_depth(tree: exp.Expression) -> None:
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_TREE_DEPTH:
            raise ParseFailure(f"The statement is nested deeper than {MAX_TREE_DEPTH} levels.")
        level = [child for node in level for child in node.iter_expressions()]
