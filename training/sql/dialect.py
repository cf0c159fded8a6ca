"""Tells SQL that was written for another system than PostgreSQL. Called by the pipeline's validation.

The parser is lenient: it takes much of what other systems write and the canonical form would turn it into PostgreSQL.
Such a pair is refused all the same, because a file of them was made for another warehouse, whose rules (division,
null order, case of names) the canonical form cannot know.
"""

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from training.sql.parse import MAX_BRACKET_DEPTH, WarehouseDialect

_OTHERS = ("mysql", "tsql", "bigquery", "snowflake", "oracle")

# Functions that PostgreSQL does not have, and another system does.
FOREIGN_FUNCTIONS = frozenset(
    """
    adddate addtime convert_tz curdate curtime date_format datediff dayofmonth dayofweek dayofyear elt find_in_set
    from_unixtime group_concat ifnull instr json_extract last_day locate maketime microsecond monthname period_diff
    str_to_date subdate substring_index sysdate timediff timestampadd timestampdiff to_days unix_timestamp weekday
    yearweek
    charindex choose dateadd datefromparts datename datepart eomonth getdate getutcdate iif isnull len patindex
    replicate square stuff sysdatetime try_cast try_convert
    add_months decode listagg months_between nvl nvl2 to_clob
    approx_count_distinct countif date_diff date_sub format_date format_timestamp generate_date_array ieee_divide
    logical_and logical_or parse_date parse_timestamp regexp_contains regexp_extract safe_cast safe_divide
    timestamp_diff timestamp_sub timestamp_trunc
    div0 zeroifnull nullifzero to_varchar try_to_date try_to_number time_slice object_construct parse_json
    """.split()
)
# Words before a square bracket that can only open a quoted name.
_BEFORE_NAME = {
    TokenType.SELECT, TokenType.DISTINCT, TokenType.FROM, TokenType.JOIN, TokenType.WHERE, TokenType.AND, TokenType.OR,
    TokenType.ON, TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.DOT, TokenType.EQ, TokenType.ALIAS,
}  # fmt: skip


def is_foreign(sql: str) -> bool:
    """Tells whether a statement bears a mark of another system: something that PostgreSQL itself would not take.

    Args:
        sql: the text of one statement.
    """
    try:
        tokens = WarehouseDialect().tokenize(sql)
    except SqlglotError:
        return False
    return any(_is_mark(tokens, index) for index in range(len(tokens)))


def parses_elsewhere(sql: str) -> bool:
    """Tells whether a statement that is no PostgreSQL is one query in the dialect of another system.

    Args:
        sql: the text that PostgreSQL's dialect does not parse.
    """
    if sql.count("(") > MAX_BRACKET_DEPTH or sql.lower().count("join") > MAX_BRACKET_DEPTH:
        return False  # the parsers take very long for what is nested deep
    return any(_is_query(sql, dialect) for dialect in _OTHERS)


def _is_query(sql: str, dialect: str) -> bool:
    try:
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if not isinstance(tree, exp.Semicolon | None)]
    except (SqlglotError, RecursionError, ValueError):
        return False
    return len(trees) == 1 and isinstance(trees[0], exp.Query)


def _is_mark(tokens: list[Token], index: int) -> bool:
    token, word = tokens[index], tokens[index].text.lower()
    before = tokens[index - 1] if index else None
    after = tokens[index + 1 : index + 4]
    following = [item.text.lower() for item in after]
    if token.token_type == TokenType.IDENTIFIER or token.token_type == TokenType.STRING:
        return False
    if following[:1] == ["("] and word in FOREIGN_FUNCTIONS:
        return True
    if word == "top" and before is not None and before.token_type in (TokenType.SELECT, TokenType.DISTINCT):
        return following[:1] == ["("] or bool(after) and after[0].token_type == TokenType.NUMBER
    if word == "limit":
        return following[1:2] == [","]
    if word == "[":
        return before is None or before.token_type in _BEFORE_NAME
    if word == "with":
        return following[:2] == ["(", "nolock"]
    if word == "apply":
        return before is not None and before.text.lower() in ("cross", "outer")
    if word in ("regexp", "rlike", "qualify", "=="):
        return bool(after) and before is not None and before.token_type != TokenType.DOT
    return False
