"""Ways to write the same query differently, drawn at random: what the canonical form must not notice.

The rewrites work on sqlglot's plain tree and its tokens and share no code with `canonical`, so that neither hides the
other's mistakes. `test_canonical_laws.py` also runs rewritten queries on PostgreSQL: they mean what they meant.
"""

import random
from itertools import count

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.tokens import TokenType

from training.sql.catalog import Catalog
from training.sql.parse import WarehouseDialect

_GLUE = (" ", "  ", "\n\t ", " /* ' */ ", ' -- " ;\n', " /* a /* nested */ one */ ", "\r\n")
_ENDS = ("", ";", " ;\n", " -- done", "; -- done", " /* done */ ; ")
_VERBATIM = (TokenType.STRING, TokenType.IDENTIFIER, TokenType.BYTE_STRING)
_MIRRORED = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}
# A bracket around one of these says nothing, but below one of those.
_BRACKETABLE = (exp.Column, exp.Literal, exp.Binary, exp.Func, exp.Not, exp.In, exp.Between, exp.Is, exp.Like)
_TAKES_NO_BRACKETS = (
    exp.Interval, exp.Group, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Dot, exp.Bracket, exp.Tuple, exp.Table,
    exp.Window, exp.Filter, exp.WithinGroup, exp.Case, exp.DataTypeParam, exp.Distinct, exp.Lateral, exp.Unnest,
    exp.From, exp.Values, exp.WindowSpec, exp.Fetch, exp.Extract, exp.Escape, exp.GroupConcat, exp.Trim,
)  # fmt: skip


def rewrite(sql: str, catalog: Catalog, chance: random.Random) -> str:
    """The same query in other words: names, quotes, order of conditions, sides of comparisons, brackets, spelling.

    Args:
        sql: one query over the catalog.
        catalog: the tables and columns that exist.
        chance: draws what is done.
    """
    tree = _parse(sql)
    for identifier in tree.find_all(exp.Identifier):
        if not identifier.args.get("quoted"):
            identifier.set("this", identifier.name.lower())
    fresh = _fresh_names(chance)
    _rename_aliases(tree, catalog, chance, fresh)
    _alias_tables(tree, chance, fresh)
    _alias_outputs(tree, chance, fresh)
    _shuffle_conditions(tree, chance)
    _turn_comparisons(tree, chance)
    _bracket(tree, chance)
    for identifier in tree.find_all(exp.Identifier):
        if chance.random() < 0.3:
            identifier.set("quoted", True)
    return rewrite_text(tree.sql(WarehouseDialect), chance)


def rewrite_text(sql: str, chance: random.Random) -> str:
    """The same query with other case, whitespace and comments, between any two tokens."""
    pieces, end = [], 0
    for token in WarehouseDialect().tokenize(sql):
        # a keyword of several words is one token
        for position, word in enumerate([sql[token.start : token.end + 1]] if _is_text(token) else _words(sql, token)):
            has_gap = position > 0 or token.start > end
            is_glued = has_gap or (pieces and chance.random() < 0.2)
            pieces.append(chance.choice(_GLUE) if is_glued else "")
            pieces.append(word if _is_text(token) else _any_case(word, chance))
        end = token.end + 1
    return "".join(pieces) + chance.choice(_ENDS)


def change_literals(canonical_sql: str, chance: random.Random) -> str:
    """A canonical query of the same template: other numbers, strings, dates and intervals, lists of another length."""
    tree = _parse(canonical_sql)
    for node in list(tree.find_all(exp.In, exp.Array)):
        if node.expressions and all(isinstance(item, exp.Literal) for item in node.expressions):
            node.set("expressions", node.expressions[: chance.randint(1, len(node.expressions))] * chance.randint(1, 3))
    for node in list(tree.find_all(exp.Literal, exp.Interval)):
        parent = node.parent
        if isinstance(node, exp.Interval):
            node.replace(sqlglot.parse_one(f"interval '{chance.randint(2, 40)} days'", read=WarehouseDialect))
        elif isinstance(parent, exp.Interval | exp.Group | exp.Ordered | exp.DataTypeParam):
            continue
        elif node.is_string:
            node.replace(exp.Literal.string(chance.choice(("x", "Łódź", "it's", "2021-02-03", "-- no comment"))))
        else:
            number = exp.Literal.number(chance.choice((0, 7, 2.5, 123456)))
            is_signed = isinstance(parent, tuple(_MIRRORED)) and chance.random() < 0.5
            node.replace(exp.Neg(this=number) if is_signed else number)
    return tree.sql(WarehouseDialect)


def mutate(sql: str, words: list[str], chance: random.Random) -> str:
    """The query with one to three tokens lost, doubled, exchanged or replaced: rarely still a query.

    Args:
        sql: a query.
        words: tokens of other queries, to put in.
        chance: draws what is done.
    """
    tokens = split(sql)
    for _ in range(chance.randint(1, 3)):
        place, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        match chance.randrange(5):
            case 0:
                tokens[place : place + 1] = []
            case 1:
                tokens.insert(place, tokens[place])
            case 2:
                tokens[place] = chance.choice(words)
            case 3:
                tokens.insert(place, chance.choice(words))
            case _:
                tokens[place], tokens[other] = tokens[other], tokens[place]
        tokens = tokens or [chance.choice(words)]
    return " ".join(tokens)


def split(sql: str) -> list[str]:
    """The tokens of a query, as written."""
    return [sql[token.start : token.end + 1] for token in WarehouseDialect().tokenize(sql)]


def _parse(sql: str) -> exp.Expression:
    tree = sqlglot.parse_one(sql, read=WarehouseDialect)
    for node in list(tree.find_all(exp.Round)):  # sqlglot would write a cast into it
        node.replace(exp.Anonymous(this="round", expressions=[value for value in node.args.values() if value]))
    return tree


def _is_text(token) -> bool:
    return token.token_type in _VERBATIM


def _words(sql: str, token) -> list[str]:
    return sql[token.start : token.end + 1].split()


def _any_case(word: str, chance: random.Random) -> str:
    return "".join(chance.choice((letter.upper(), letter.lower())) for letter in word)


def _fresh_names(chance: random.Random):
    numbers = count(chance.randrange(1000))
    return lambda: f"{chance.choice('abnwxyz')}_{next(numbers)}"


def _rename_aliases(tree: exp.Expression, catalog: Catalog, chance: random.Random, fresh) -> None:
    """Gives another name to what the statement itself named, wherever the name is used."""
    known = {table.name for table in catalog.tables} | {c.name for table in catalog.tables for c in table.columns}
    named = [node.args["alias"] for node in tree.find_all(exp.Alias)]
    for alias in tree.find_all(exp.TableAlias):
        named += [alias.this, *alias.columns]
    names = sorted({str(name.name) for name in named if isinstance(name, exp.Identifier)} - known)
    renamed = {name: fresh() for name in names if chance.random() < 0.7}
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", renamed.get(identifier.name, identifier.name))


def _alias_tables(tree: exp.Expression, chance: random.Random, fresh) -> None:
    """Gives tables an alias, and columns of the only table a qualifier."""
    rows = {column.name for column in tree.find_all(exp.Column) if not column.table}
    for scope in traverse_scope(tree):
        for name, (node, _) in list(scope.selected_sources.items()):
            is_table = isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)
            # count(orders) is of the whole row, and the scope does not tell
            if not is_table or name in rows or chance.random() < 0.4:
                continue
            alias = fresh()
            for column in [*scope.columns, *scope.stars]:
                is_own = len(scope.selected_sources) == 1 and _is_plain(column, scope.expression)
                if column.table == name or (not column.table and is_own and chance.random() < 0.5):
                    column.set("table", exp.to_identifier(alias))
            node.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))


def _is_plain(column: exp.Column, select: exp.Expression) -> bool:
    """Whether an unqualified column surely is one of this SELECT's table: in ORDER BY it may be one of the list."""
    return column.find_ancestor(exp.Order, exp.Group, exp.Select) is select and select.parent is None


def _alias_outputs(tree: exp.Expression, chance: random.Random, fresh) -> None:
    """Names output columns that nobody refers to."""
    for select in tree.find_all(exp.Select):
        place = select.parent.parent if isinstance(select.parent, exp.Subquery) else select.parent
        if isinstance(place, exp.SetOperation | exp.CTE | exp.From | exp.Join | exp.Lateral):
            continue
        items = [
            exp.alias_(item, fresh())
            if isinstance(item, exp.Column | exp.AggFunc) and not item.is_star and chance.random() < 0.5
            else item
            for item in select.expressions
        ]
        select.set("expressions", items)


def _shuffle_conditions(tree: exp.Expression, chance: random.Random) -> None:
    for kind in (exp.And, exp.Or):
        for node in reversed(list(tree.find_all(kind))):
            if isinstance(node.parent, kind):
                continue
            operands = list(node.flatten(unnest=False))
            chance.shuffle(operands)
            place = exp.Null()
            node.replace(place)
            while len(operands) > 1:
                right = operands.pop(chance.randrange(len(operands)))
                left = operands.pop(chance.randrange(len(operands)))
                operands.append(exp.Paren(this=kind(this=left, expression=right)))
            place.replace(operands[0].this)


def _turn_comparisons(tree: exp.Expression, chance: random.Random) -> None:
    for node in reversed(list(tree.find_all(*_MIRRORED))):
        sides = (node.this, node.expression)
        # ANY and ALL stand on the right alone
        if not any(isinstance(side, exp.Any | exp.All | exp.Tuple) for side in sides) and chance.random() < 0.5:
            node.replace(_MIRRORED[type(node)](this=sides[1], expression=sides[0]))


def _bracket(tree: exp.Expression, chance: random.Random) -> None:
    for node in reversed(list(tree.find_all(*_BRACKETABLE))):
        parent = node.parent
        is_bare = node.is_star or isinstance(node, exp.Any | exp.All | exp.If) or parent is None
        if not is_bare and not isinstance(parent, _TAKES_NO_BRACKETS) and chance.random() < 0.2:
            place = exp.Null()
            node.replace(place)
            place.replace(exp.Paren(this=node))
