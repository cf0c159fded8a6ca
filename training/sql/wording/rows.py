"""Says which rows a SELECT reads: what they are joined with, and the conditions on them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from training.sql.wording.conditions import conjuncts
from training.sql.wording.words import plural_of

if TYPE_CHECKING:
    from training.sql.wording.say import Say, Source


def rows_read(select: exp.Select, say: "Say") -> str:
    """Says of EXISTS which rows there are: those of the row around it, and the conditions."""
    around = []
    for part in conjuncts(select.args["where"].this if select.args.get("where") is not None else None):
        sides = [
            say.source_of(side) for side in (part.this, part.args.get("expression")) if isinstance(side, exp.Column)
        ]
        owners = [entry[1] for entry in sides if entry is not None]
        if isinstance(part, exp.EQ) and len(owners) == 2 and (owners[0] is say) != (owners[1] is say):
            outside = sides[0] if owners[1] is say else sides[1]
            inside = sides[1] if owners[1] is say else sides[0]
            if part.this.name == part.expression.name and outside[0].table is not inside[0].table:
                around.append((part, outside[0].noun))
    mentions, where = scope_words(select, say, without=[part for part, _ in around])
    return "".join(f" of that {noun}" for _, noun in around) + mentions + where


def scope_words(select: exp.Select, say: "Say", without: Sequence[exp.Expression] = ()) -> tuple[str, str]:
    """What the rows are joined with, and the conditions on them."""
    where = select.args.get("where")
    parts = [part for part in conjuncts(where.this if where is not None else None) if part not in without]
    mentions = [f" in the {say.main.text}"] if say.sources and say.main.text else []
    for source in say.sources:
        if source.join is not None and source.join.side not in ("LEFT", "FULL", "RIGHT"):
            parts += conjuncts(source.join.args.get("on"))
        if source is say.main:
            continue
        if source.join is not None and source.join.side in ("LEFT", "FULL", "RIGHT"):
            mentions.append(_outer_join(source, parts, say))
            continue
        if source.text:
            mentions.append(f" together with the {source.text}")
        elif source.is_twin or (source.join is not None and source.join.kind == "CROSS"):
            mentions.append(f" combined with every {source.noun}")
        elif not _is_used(source, select, say):
            mentions.append(f" with {plural_of(source.noun)}")
    rest = [part for part in parts if not _is_lookup(part, say)]
    return "".join(mentions), f" where {say.conditions(rest)}" if rest else ""


def _outer_join(source: "Source", parts: list[exp.Expression], say: "Say") -> str:
    what = f"rows of the {source.text}" if source.text else plural_of(source.noun)
    extra = [part for part in conjuncts(source.join.args.get("on")) if not _is_lookup(part, say)]
    condition = f" where {say.conditions(extra)}" if extra else ""
    missing = [part for part in parts if _is_missing(part, source, say)]
    if missing and source.join.side == "LEFT":
        for part in missing:
            parts.remove(part)
        return f" without {what}{condition}"
    words = {"LEFT": " with any", "RIGHT": " with all", "FULL": " with or without"}[source.join.side]
    return f"{words} {what}{condition}"


def _is_missing(part: exp.Expression, source: "Source", say: "Say") -> bool:
    is_null = isinstance(part, exp.Is) and isinstance(part.expression, exp.Null) and not part.args.get("negate")
    found = say.source_of(part.this) if is_null and isinstance(part.this, exp.Column) else None
    if found is None or found[0] is not source:
        return False
    column = say.catalog_column(part.this)
    # its key, or what it is joined by, is missing only where there is no row
    is_joined = any(part.this == node for node in (source.join.args.get("on") or exp.Null()).find_all(exp.Column))
    return is_joined or (column is not None and column.is_primary_key)


def _is_lookup(part: exp.Expression, say: "Say") -> bool:
    """Whether a condition only joins a row to the one that it refers to."""
    if not (isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Column)):
        return False
    left, right = say.source_of(part.this), say.source_of(part.expression)
    if left is None or right is None or left[0] is right[0] or left[0].is_twin:
        return False
    if left[1] is not say or right[1] is not say:
        return False
    for one, other in ((part.this, right[0]), (part.expression, left[0])):
        column = say.catalog_column(one)
        if column is not None and column.references and other.table is not None:
            if column.references.split(".")[-2:][0] == other.table.name:
                return True
    return part.this.name == part.expression.name


def _is_used(source: "Source", select: exp.Select, say: "Say") -> bool:
    joined = {id(node) for join in select.args.get("joins") or () for node in join.find_all(exp.Column)}
    # what another table is looked up through is said by that one
    through = [other.join for other in say.sources if other is not source and other.join is not None]
    columns = [node for node in select.find_all(exp.Column) if id(node) not in joined]
    columns += [node for join in through[say.sources.index(source) :] for node in join.find_all(exp.Column)]
    found = [say.source_of(node) for node in columns]
    return any(entry is not None and entry[0] is source for entry in found)
