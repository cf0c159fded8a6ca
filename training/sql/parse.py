"""From the text of a statement to one parsed SELECT, in the dialect that the whole product uses.

Called by the canonical form, the guard and the category tags. No catalog is needed here.
"""

import logging
from collections import Counter
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from training.sql.errors import NotOneSelect, ParseFailure

WRITTEN = "written"  # in a function's `meta`: its name in the text
MAX_CHARACTERS = 20_000
MAX_BRACKET_DEPTH = 64
MAX_SQUARE_DEPTH = 6  # the parser takes twice as long for each
MAX_SQUARES = 500
MAX_BARE_JOINS = 6
MAX_TREE_DEPTH = 200

# sqlglot logs the text of statements that it only half understands, and a statement may quote a person's data.
logging.getLogger("sqlglot").disabled = True

_NOT_UNDERSTOOD = "The statement is not PostgreSQL that the parser understands."
_OPERATOR_CHARACTERS = set("+-*/<>=~!@#%^&|`?")
_OPENING, _CLOSING = (TokenType.L_PAREN, TokenType.L_BRACKET), (TokenType.R_PAREN, TokenType.R_BRACKET)


class WarehouseDialect(Postgres):
    """PostgreSQL, with the formats of to_char and its like kept letter for letter.

    sqlglot translates those formats to strftime's and back, and loses what strftime does not have.
    """

    TIME_MAPPING: dict[str, str] = {}


class _AsWritten(WarehouseDialect):
    """Reads as `WarehouseDialect`, and notes how functions are written, for PostgreSQL names results by that."""

    ORIGINAL_NAME_META_KEY = WRITTEN


_TYPES = frozenset(WarehouseDialect.parser_class.TYPE_TOKENS)


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
    check_length(sql)
    try:
        tokens = WarehouseDialect().tokenize(sql)
    except (SqlglotError, ValueError):
        raise ParseFailure(_NOT_UNDERSTOOD) from None
    word = next((token.text.lower() for token in tokens if token.token_type is not TokenType.L_PAREN), None)
    if word not in ("select", "with"):
        raise NotOneSelect("Only a statement that starts with SELECT or WITH is accepted.")
    _check_operators(sql, tokens)
    _check_size(tokens)
    _check_numbers(sql, tokens)
    try:
        parsed = _AsWritten().parse(_plain(sql, tokens))
    except Exception:
        # sqlglot raises anything, TypeError and AssertionError too, on calls with odd arguments. What it says quotes
        # the statement, so neither it nor its chain goes further.
        raise ParseFailure(_NOT_UNDERSTOOD) from None
    statements = [tree for tree in parsed if tree is not None and not isinstance(tree, exp.Semicolon)]
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


def check_length(sql: str) -> None:
    """Refuse what no parser shall see: both go deeper with each operator, and PostgreSQL's in C, without a limit.

    `1+1+…` of 160,000 characters is the end of the process, of 80,000 it is not yet.

    Raises:
        ParseFailure: The text is too long, or holds NUL.
    """
    if len(sql) > MAX_CHARACTERS or "\x00" in sql:
        raise ParseFailure(f"A statement has at most {MAX_CHARACTERS} characters and no NUL.")


def _filled(node: exp.Expression) -> list[str]:
    return [key for key, value in node.args.items() if value]


def _plain(sql: str, tokens: list[Token]) -> str:
    """The statement as sqlglot reads it right.

    Without comments, for it takes `group by` for one token, with no comment inside; with brackets around the literal of
    `date '2024-01-01'::text`, for it would cast the string first, and around the column of `f(data -> 'key')`, which it
    would take for a function's parameter; and with `interval '1 month ago'` as a cast, for of
    an interval with one amount it keeps the amount and its unit alone.
    """
    opening = {_first_of_typed(tokens, place): place for place in range(len(tokens)) if _is_cast(tokens, place)}
    closing = set(opening.values())
    intervals = {place for place in range(1, len(tokens)) if _is_cut_interval(tokens, place)}
    pieces, end = [], 0
    for place, token in enumerate(tokens):
        text = sql[token.start : token.end + 1]
        if place in intervals:
            text = f"{text} as interval)"
        elif place + 1 in intervals:
            text = "cast("
        elif _is_before_arrow(tokens, place):
            text = f"(({text}))"  # `(data) -> …` would be a function's parameters still
        pieces += [" " if token.start > end else "", "(" if place in opening and place not in closing else ""]
        pieces += [text, ")" if place in closing and place not in opening else ""]
        end = token.end + 1
    return "".join(pieces)


def _is_cut_interval(tokens: list[Token], place: int) -> bool:
    """Whether an interval's string stands there of which sqlglot would keep a part.

    Raises:
        ParseFailure: A unit follows, which a cast cannot have.
    """
    is_string = tokens[place].token_type is TokenType.STRING and tokens[place - 1].token_type is TokenType.INTERVAL
    if not is_string or len(exp.INTERVAL_STRING_RE.findall(tokens[place].text)) != 1:
        return False
    if exp.INTERVAL_STRING_RE.fullmatch(tokens[place].text):
        return False
    if place + 1 < len(tokens) and tokens[place + 1].text.upper() in WarehouseDialect.VALID_INTERVAL_UNITS:
        raise ParseFailure("An interval has its units in its string or behind it, not in both.")
    return True


def _is_before_arrow(tokens: list[Token], place: int) -> bool:
    """Whether a bare name stands there with `->` behind it."""
    kind, text = tokens[place].token_type, tokens[place].text
    is_name = kind is TokenType.IDENTIFIER or (text.isidentifier() and kind is not TokenType.STRING)
    follows = place + 1 < len(tokens) and tokens[place + 1].token_type is TokenType.ARROW
    return is_name and follows and (place == 0 or tokens[place - 1].token_type is not TokenType.DOT)


def _is_cast(tokens: list[Token], place: int) -> bool:
    """Whether a string with `::` after it stands there."""
    return (
        tokens[place].token_type is TokenType.STRING
        and place + 1 < len(tokens)
        and tokens[place + 1].token_type is TokenType.DCOLON
    )


def _first_of_typed(tokens: list[Token], place: int) -> int:
    """Where the type before a string starts; the string's own place where it has none."""
    before = [token.text.lower() for token in tokens[max(place - 4, 0) : place]]
    if before[-2:] == ["time", "zone"] and before[:-2][-1:] in (["with"], ["without"]):
        return place - 4
    return place - 1 if place and tokens[place - 1].token_type in _TYPES else place


def _check_operators(sql: str, tokens: list[Token]) -> None:
    """Refuse `5 #--'`: a comment begins there for PostgreSQL, where sqlglot reads the operators `#-` and `-`."""
    run, end = "", -1
    for token in tokens:
        text = sql[token.start : token.end + 1]
        is_operator = set(text) <= _OPERATOR_CHARACTERS
        run = (run if token.start == end + 1 else "") + text if is_operator else ""
        end = token.end
        if "--" in run or "/*" in run:
            raise ParseFailure("A comment stands behind an operator: put a blank between them.")


def _check_numbers(sql: str, tokens: list[Token]) -> None:
    """Refuse numbers that sqlglot misreads: `1_000` as 1 named _000, `0x1F` as a bit string."""
    for token, following in pairwise([*tokens, None]):
        is_run_on = following is not None and following.start == token.end + 1 and sql[following.start].isidentifier()
        is_based = sql[token.start] == "0" and token.token_type is not TokenType.NUMBER
        if is_based or (token.token_type is TokenType.NUMBER and is_run_on):
            raise ParseFailure("A number has decimal digits alone, and a blank before the next word.")


def _check_size(tokens: list[Token]) -> None:
    """Refuse what the parser would take very long for: it goes back and forth over brackets and unfinished joins."""
    depth = deepest = brackets = squares = deepest_square = 0
    words: Counter[str] = Counter()
    for token in tokens:
        if token.token_type in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
            is_square = token.token_type is TokenType.L_BRACKET
            squares, brackets = squares + is_square, brackets + is_square
            deepest_square = max(deepest_square, squares)
        elif token.token_type in _CLOSING:
            depth -= 1
            squares -= token.token_type is TokenType.R_BRACKET
        elif token.token_type is not TokenType.STRING:
            words[token.text.lower()] += 1
    if deepest > MAX_BRACKET_DEPTH or deepest_square > MAX_SQUARE_DEPTH:
        raise ParseFailure(
            f"Brackets are nested deeper than {MAX_BRACKET_DEPTH}, or square ones than {MAX_SQUARE_DEPTH}."
        )
    if brackets > MAX_SQUARES:
        raise ParseFailure(f"There are more than {MAX_SQUARES} square brackets.")
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
