"""The statement that fills one table of a variant. Pure: SQL from a table, a kind and a seed. Called by build.py.

Every choice is a hash of the row's number, the column and the seed, so that the same seed gives the same rows anywhere.
"""

import hashlib
from dataclasses import dataclass

from psycopg import sql

from training.evaluate.suite.kinds import Kind
from training.evaluate.suite.tables import SuiteColumn, SuiteTable

ROW, COPY = sql.Identifier("suite row"), sql.Identifier("suite copy")
_LITERAL_SHARE = 60  # percent of the values drawn anew that are literals of gold queries, where there are any
# Types of keys of which another value can be made, with the largest number that they hold.
_LIMITS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1, "numeric": None, "date": None}


@dataclass(frozen=True)
class Filling:
    """What one table of a variant is filled from.

    Attributes:
        base: The numbered sample of the sandbox's rows.
        target: The variant's table.
        parents: Foreign key columns → the values to refer to: a query of one column.
        literals: Column → literals that its type takes.
        is_referred_to: Whether another table refers to it.
    """

    base: sql.Identifier
    target: sql.Identifier
    parents: dict[str, sql.Composed]
    literals: dict[str, tuple[str, ...]]
    is_referred_to: bool


def insert_statement(table: SuiteTable, kind: Kind, seed: int, filling: Filling) -> sql.Composed:
    """Writes the INSERT.

    Args:
        table: The table.
        kind: The kind of variant.
        seed: Tells variants of one kind apart.
        filling: Where the rows come from and go to.

    Returns:
        A statement without parameters; its rows may break the table's rules, which build.py mends.
    """
    draw = _Draw(f"{seed} {kind.name} {table.schema}.{table.name}")
    pools: list[sql.Composed] = []
    values = [_value(table, column, kind, filling, draw, pools) for column in table.columns]
    copies, kept = (_copies(kind, draw), _kept(kind, filling, draw)) if table.is_alterable else (_ONE, sql.SQL("true"))
    names = [sql.SQL("array({}) as {}").format(pool, _pool_name(number)) for number, pool in enumerate(pools)]
    return sql.SQL(
        "with pools as materialized (select {pools}) insert into {target} ({columns}) "
        "select {values} from {base} as base cross join pools "
        "cross join lateral generate_series(1, {copies}) as copies ({copy}) where {kept} order by {row}, {copy}"
    ).format(
        pools=sql.SQL(", ").join(names) if names else sql.SQL("1"),
        target=filling.target,
        columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns),
        values=sql.SQL(", ").join(values),
        base=filling.base,
        copies=copies,
        kept=kept,
        row=ROW,
        copy=COPY,
    )


_ONE = sql.SQL("1")


class _Draw:
    """Numbers that look random, from the row and its copy."""

    def __init__(self, salt: str) -> None:
        self._salt = salt

    def fixed(self, purpose: str, below: int) -> int:
        """One number for the whole table."""
        digest = hashlib.sha256(f"{self._salt} {purpose}".encode()).digest()
        return int.from_bytes(digest[:7], "big") % below

    def number(self, purpose: str, below: sql.Composable, copy: sql.Composable = COPY) -> sql.Composed:
        """An expression for an integer from 0 to one less than `below`, of each row another."""
        return sql.SQL("(hashtextextended(concat({row}, '~', {copy}), {seed}) & 2147483647) % {below}").format(
            row=ROW, copy=copy, seed=sql.Literal(self.fixed(purpose, 1 << 56)), below=below
        )

    def happens(self, purpose: str, percent: int) -> sql.Composed:
        """A condition that holds for that share of the rows."""
        return sql.SQL("{} < {}").format(self.number(purpose, sql.Literal(100)), sql.Literal(percent))


def _value(
    table: SuiteTable, column: SuiteColumn, kind: Kind, filling: Filling, draw: _Draw, pools: list[sql.Composed]
) -> sql.Composable:
    name = sql.Identifier(column.name)
    value: sql.Composable = sql.SQL("base.{}").format(name)
    if not table.is_alterable:
        return value
    in_keys = [key for key in (*table.unique, *(f.columns for f in table.foreign_keys)) if column.name in key]
    if column.name in filling.parents and not any(column.name in key for key in table.unique):
        value = _moved(column, value, kind, filling, draw, pools)
    elif column.name in _fresh_columns(table):
        value = _fresh(column, value)
    elif column.is_plain and not in_keys:
        value = _redrawn(column, value, kind, filling, draw, pools)
    if kind.nulled and not column.is_required and column.name not in table.primary_key:
        value = _choose(draw.happens(f"{column.name} is null", kind.nulled), sql.SQL("null"), value)
    return value


def _moved(
    column: SuiteColumn, value: sql.Composable, kind: Kind, filling: Filling, draw: _Draw, pools: list[sql.Composed]
) -> sql.Composed:
    """Another parent; often one that gold queries name, if there are any (the days of a calendar)."""
    parents, known = filling.parents[column.name], len(pools)
    drawn = _drawn(column, parents, kind.parents, draw, pools)
    if column.name in filling.literals:
        listed = sql.SQL("select key from ({}) as parents (key) where key in ({})").format(
            parents, _literals(column, filling)
        )
        named = sql.SQL("coalesce({}, {})").format(_drawn(column, listed, kind.parents, draw, pools), drawn)
        drawn = _choose(draw.happens(f"{column.name} is a literal", _LITERAL_SHARE), named, drawn)
    is_orphan = sql.SQL("not {} = any({})").format(value, sql.SQL("pools.{}").format(_pool_name(known)))
    return _choose(
        sql.SQL("{} or {}").format(draw.happens(f"{column.name} moves", kind.moved), is_orphan), drawn, value
    )


def _literals(column: SuiteColumn, filling: Filling) -> sql.Composed:
    texts = sql.Literal(list(filling.literals[column.name]))
    return sql.SQL("select unnest({}::text[])::{}").format(texts, sql.SQL(column.type))


def _redrawn(
    column: SuiteColumn, value: sql.Composable, kind: Kind, filling: Filling, draw: _Draw, pools: list[sql.Composed]
) -> sql.Composed:
    name = sql.Identifier(column.name)
    own = sql.SQL("select distinct {name} from {base} where {name} is not null order by 1").format(
        name=name, base=filling.base
    )
    drawn = _drawn(column, own, kind.values, draw, pools)
    if column.name in filling.literals:
        drawn_literal = _drawn(column, _literals(column, filling), kind.values and kind.values * 2, draw, pools)
        drawn = _choose(draw.happens(f"{column.name} is a literal", _LITERAL_SHARE), drawn_literal, drawn)
    return _choose(draw.happens(f"{column.name} changes", kind.changed), drawn, value)


def _drawn(
    column: SuiteColumn, pool: sql.Composable, at_most: int | None, draw: _Draw, pools: list[sql.Composed]
) -> sql.Composed:
    """One value of a pool; of some neighbouring ones of it where there shall be few."""
    place = sql.SQL("pools.{}").format(_pool_name(len(pools)))
    purpose = f"{column.name} from pool {len(pools)}"
    pools.append(pool)
    size = sql.SQL("nullif(cardinality({}), 0)").format(place)
    if at_most is None:
        offset = draw.number(purpose, size)
    else:
        first = draw.fixed(purpose, 1 << 31)
        few = draw.number(purpose, sql.Literal(at_most))
        offset = sql.SQL("({} + {}) % {}").format(sql.Literal(first), few, size)
    return sql.SQL("{}[1 + {}]").format(place, offset)


def _choose(condition: sql.Composed, value: sql.Composable, otherwise: sql.Composable) -> sql.Composed:
    return sql.SQL("case when {} then {} else {} end").format(condition, value, otherwise)


def _fresh_columns(table: SuiteTable) -> set[str]:
    """The column of each key by which a copied row gets a key of its own."""
    referring = {column for key in table.foreign_keys for column in key.columns}
    usable = [column.name for column in table.columns if _has_more_values(column) and column.name not in referring]
    return {[name for name in usable if name in key][-1] for key in table.unique if set(usable) & set(key)}


def _has_more_values(column: SuiteColumn) -> bool:
    return column.type in _LIMITS or column.type.startswith("timestamp") or column.category == "S"


def _fresh(column: SuiteColumn, value: sql.Composable) -> sql.Composed:
    """The value for the first copy of a row, for each further one another that no row has; null where there is none."""
    spread = sql.SQL("(max({value}) over () - min({value}) over () + {step})").format(
        value=value, step=sql.SQL("interval '1 day'" if column.type.startswith("timestamp") else "1")
    )
    if column.category == "S":
        other = sql.SQL("{} || '~' || {}").format(value, COPY)
    elif (limit := _LIMITS.get(column.type)) is not None:
        larger = sql.SQL("{}::numeric + ({} - 1) * {}::numeric").format(value, COPY, spread)
        other = sql.SQL("case when {larger} <= {limit} then {larger} end").format(
            larger=larger, limit=sql.Literal(limit)
        )
    else:
        other = sql.SQL("{} + ({} - 1) * {}").format(value, COPY, spread)
    fresh = sql.SQL("({})::{}").format(other, sql.SQL(column.type))
    return _choose(sql.SQL("{} > 1").format(COPY), fresh, value)


def _copies(kind: Kind, draw: _Draw) -> sql.Composable:
    if not kind.copied:
        return _ONE
    number = draw.number("copies", sql.Literal(100), copy=sql.Literal(0))
    return sql.SQL(
        "(select case when n < {} then 3 when n < {} then 2 else 1 end from (select {} as n) as drawn)"
    ).format(sql.Literal(kind.copied // 3), sql.Literal(kind.copied), number)


def _kept(kind: Kind, filling: Filling, draw: _Draw) -> sql.Composable:
    if kind.kept >= 100:
        return sql.SQL("true")
    if not filling.is_referred_to and draw.fixed("all rows go", 4) == 0:
        return sql.SQL("false")
    share = kind.kept + draw.fixed("rows kept", 100 - kind.kept)
    return draw.happens("row stays", share)


def _pool_name(number: int) -> sql.Identifier:
    return sql.Identifier(f"pool {number}")
