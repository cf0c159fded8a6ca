"""Finds what a template left in a statement where a value should stand. Called by the pipeline's validation.

A statement with a placeholder teaches a model to write placeholders, and cannot run.
"""

import re

# What is no code: literals, quoted names and comments.
_QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$", re.DOTALL
)
_IN_CODE = re.compile(
    r"""
      \$\d+                                     # $1: PostgreSQL's own, asyncpg
    | \?                                        # JDBC, ODBC
    | %\(\w+\)s                                 # psycopg, by name
    | (?:[=<>,(+*/-]|\b(?:in|like|ilike|limit|offset|between|and|or|interval))\s*%s\b   # psycopg, by place
    | (?<![:\w\]'"]):[A-Za-z_]\w*               # :name, and not ::type
    | @[A-Za-z_]\w*                             # @name
    | [{}]                                      # {name}, {{ name }}, ${name}, {% if %}
    | <[A-Za-z_]\w*>                            # <name>
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A literal that is nothing but a placeholder, or holds one that no value looks like.
_IN_LITERAL = re.compile(r"'(?:\?|:[A-Za-z_]\w*|<[A-Za-z_][\w ]*>|\$\d+)'|\{\{.*?\}\}|\{%|\$\{\w+\}", re.DOTALL)
_FORMAT_IN_LITERAL = re.compile(r"(?:[=>(,]|\bvalues)\s*'%s'")  # LIKE '%s' means something: it ends in s


def has_placeholder(sql: str) -> bool:
    """Tells whether a statement is a template that nobody filled in.

    Args:
        sql: the text of a statement, in any dialect; it need not parse.
    """
    literals = "\n".join(match[0] for match in _QUOTED.finditer(sql) if match[0][0] in "'$")
    return bool(
        _IN_CODE.search(_QUOTED.sub(" '' ", sql)) or _IN_LITERAL.search(literals) or _FORMAT_IN_LITERAL.search(sql)
    )
