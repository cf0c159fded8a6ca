"""SQL for reading: coloured, each clause on a line of its own. Called by the page's templates."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pygments.lexers import PostgresLexer
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType

from training.sql.names import KEYWORDS

_CLAUSES = {"from", "where", "group", "having", "window", "order", "limit", "offset", "union", "intersect", "except"}
_JOINS = {"join", "left", "right", "full", "inner", "cross", "natural", "outer"}
_KINDS = ((String, "string"), (Number, "number"), (Comment, "comment"))
# Pygments takes `name` and `year` for keywords too; in a warehouse they are columns.
_WORDS = KEYWORDS | {"by", "filter", "first", "last", "nulls", "over", "partition", "recursive"}


@dataclass(frozen=True)
class Piece:
    """A part of a statement that has one colour.

    Attributes:
        kind: keyword, string, number, comment, or empty for everything else.
        text: The statement's own text; the pieces together are the statement, but for white space.
    """

    kind: str
    text: str


def highlight(sql: str) -> list[Piece]:
    """Cut a statement into coloured pieces; text that is no SQL comes back whole and uncoloured where it must.

    Args:
        sql: The statement. White space before a clause becomes a line break, unless it stands inside brackets.
    """
    pieces: list[Piece] = []
    for piece in _broken_by_clause(list(PostgresLexer(stripnl=False, ensurenl=False).get_tokens(sql))):
        if pieces and pieces[-1].kind == piece.kind:
            piece = Piece(piece.kind, pieces.pop().text + piece.text)
        pieces.append(piece)
    return pieces


def _broken_by_clause(tokens: list[tuple[_TokenType, str]]) -> Iterator[Piece]:
    depth, previous, space = 0, "", ""
    for (token_type, text), (_, following) in pairwise([*tokens, (Comment, "")]):
        if text.isspace():
            space += text
            continue
        # left( and right( are functions
        word = text.lower() if (token_type in Keyword or token_type in Name) and following != "(" else ""
        if space and depth == 0 and _begins_line(previous, word):
            space = "\n"
        if space:
            yield Piece("", space)
        yield Piece(_kind(token_type, text), text)
        depth += (text == "(") - (text == ")")
        previous, space = word, ""
    if space:
        yield Piece("", space)


def _begins_line(previous: str, word: str) -> bool:
    if word == "from":
        return previous != "distinct"  # `is distinct from`
    return word in _CLAUSES or (word in _JOINS and previous not in _JOINS)


def _kind(token_type: _TokenType, text: str) -> str:
    if token_type in Keyword or token_type in Name.Builtin:
        return "keyword" if text.lower() in _WORDS else ""
    return next((kind for parent, kind in _KINDS if token_type in parent), "")
