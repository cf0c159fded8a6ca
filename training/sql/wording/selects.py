"""Says one SELECT as a noun phrase, by its form: a figure, figures for each group, rows, or the first few of them.

Called by `verbalize`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from training.sql.wording.rows import scope_words
from training.sql.wording.words import listed, plural_of

if TYPE_CHECKING:
    from training.sql.wording.say import Say

_SUPERLATIVES = {  # kind -> (ascending, descending)
    "number": ("lowest", "highest"),
    "date": ("earliest", "latest"),
    "day": ("earliest", "latest"),
}


@dataclass(frozen=True)
class Phrase:
    """A query as a noun phrase.

    Attributes:
        text: Without an article.
        is_figure: Whether it is a figure, or figures for each group, and no list.
        is_plural: Whether it names several figures.
        counted: Of a plain count: what is counted, in the plural; None else.
        tail: Of a plain count: the rest.
        members: Of a list of one column: the same as a set of values.
    """

    text: str
    is_figure: bool = False
    is_plural: bool = False
    counted: str | None = None
    tail: str = ""
    members: str | None = None


def select_phrase(select: exp.Select, say: "Say") -> Phrase:
    """Says a SELECT.

    Args:
        select: The query.
        say: What its names mean; its sources are read.
    """
    items = [item.unalias() for item in select.expressions]
    keys = _keys(select, say)
    mentions, where = scope_words(select, say)
    having = select.args.get("having")
    kept = f", keeping only those where {say.condition(having.this)}" if having is not None else ""
    if keys is None and items and all(_is_figure(item) for item in items):
        return _figures(items, mentions, where, kept, say)
    limit, order = select.args.get("limit"), select.args.get("order")
    first = order.expressions[0] if order is not None and select.args.get("distinct") is None else None
    if isinstance(limit, exp.Limit) and first is not None and isinstance(limit.expression, exp.Literal):
        skipped = _skipped(select)
        return Phrase(_top(select, items, keys, f"{mentions}{where}", say) + kept + skipped)
    ending = kept + _ending(select, say)
    if keys is not None:
        return _grouped(items, keys, mentions, where, ending, say)
    is_set = len(items) == 1 and say.sources and not ending and not isinstance(limit, exp.Limit)
    members = f"{plural_of(say.value(items[0]))} of {say.plural}{mentions}{where}" if is_set else None
    return Phrase(f"{_rows(select, items, mentions, say)}{where}{ending}", members=members)


def _keys(select: exp.Select, say: "Say") -> list[exp.Expression] | None:
    group = select.args.get("group")
    if group is None:
        return None
    nodes = list(group.expressions)
    for name in ("rollup", "cube", "grouping_sets"):
        for extra in group.args.get(name) or ():
            nodes += extra.expressions
    return [say.resolved(node) for node in nodes]


def _is_figure(item: exp.Expression) -> bool:
    """Whether an item is one value for all rows together."""
    for node in item.find_all(exp.AggFunc):
        is_window = isinstance(node.parent, exp.Window) or isinstance(node.parent.parent, exp.Window)
        if not is_window and node.find_ancestor(exp.Select) is item.find_ancestor(exp.Select):
            return item.find(exp.Window) is None
    return False


def _figures(items: list[exp.Expression], mentions: str, where: str, kept: str, say: "Say") -> Phrase:
    said = [say.value(item) for item in items]
    reach = f"{mentions}{where}{kept}"
    if len(items) == 1 and isinstance(items[0], exp.Count):
        counted = said[0].removeprefix("number of ")
        is_own = counted == say.plural
        among = f" among {say.plural}" if not is_own and say.sources and not mentions.startswith(" in") else ""
        return Phrase(f"{said[0]}{among}{reach}", True, False, counted, f"{among}{reach}")
    if not say.sources:
        return Phrase(listed([said[0], *(f"the {text}" for text in said[1:])]), True, len(said) > 1)
    every = "" if where else "all "
    figures = listed([said[0], *(f"the {text}" for text in said[1:])])
    comma = "," if " where " in figures else ""
    return Phrase(f"{figures}{comma} for {every}{say.plural}{reach}", True, len(said) > 1)


def _grouped(
    items: list[exp.Expression], keys: list[exp.Expression], mentions: str, where: str, ending: str, say: "Say"
) -> Phrase:
    figures = [item for item in items if item not in keys]
    each = listed([say.value(key) for key in keys])
    shown = [key for key in keys if key in items]
    if not figures:
        names = listed([say.value(key) for key in shown or keys])
        different = f"different combinations of {names}" if len(keys) > 1 else f"different {plural_of(names)}"
        return Phrase(f"{different} of {say.plural}{mentions}{where}{ending}")
    said = [say.value(item) for item in figures]
    hidden = "" if len(shown) == len(keys) else " (without showing which)"
    if len(figures) == 1 and isinstance(figures[0], exp.Count) and said[0] == f"number of {say.plural}":
        tail = f" for each {each}{hidden}{mentions}{f',{where}' if where else ''}{ending}"
        return Phrase(f"{said[0]}{tail}", True, False, say.plural, tail)
    text = listed([said[0], *(f"the {other}" for other in said[1:])])
    over = _over(text, f"{mentions}{where}", say)
    return Phrase(f"{text} for each {each}{hidden}{over}{ending}", True, len(said) > 1)


def _rows(select: exp.Select, items: list[exp.Expression], mentions: str, say: "Say") -> str:
    what = _items(items, say)
    distinct = select.args.get("distinct")
    if not say.sources:
        return what
    if distinct is not None and distinct.args.get("on") is not None:
        each = listed([say.value(say.resolved(node)) for node in distinct.args["on"].expressions])
        return f"{what} of the first {say.main.noun} for each different {each}{mentions}"
    if distinct is not None:
        return f"different {plural_of(what) if len(items) == 1 else what} of {say.plural}{mentions}"
    limit = select.args.get("limit")
    if isinstance(limit, exp.Limit):
        return f"{what} of any {say.value(limit.expression)} {say.plural}{mentions}"
    return f"{what} of every {say.main.noun}{mentions}"


def _items(items: list[exp.Expression], say: "Say") -> str:
    """Says a select list; all columns of one table are its details."""
    said = [say.value(item) for item in items]
    found = [say.source_of(item) if isinstance(item, exp.Column) else None for item in items]
    for source in say.sources:
        own = [place for place, entry in enumerate(found) if entry is not None and entry[0] is source]
        columns = [column.name for column in source.table.columns] if source.table is not None else []
        if len(columns) > 1 and [items[place].name for place in own] == columns:
            others = [text for place, text in enumerate(said) if place not in own]
            return listed(["all details", *others])
    return listed(said)


def _top(
    select: exp.Select, items: list[exp.Expression], keys: list[exp.Expression] | None, reach: str, say: "Say"
) -> str:
    """The first rows or groups by something: `full name of the 3 employees with the highest salary`."""
    first, *others = select.args["order"].expressions
    number, node = select.args["limit"].expression.name, say.resolved(first.this)
    by = say.value(node)
    pair = _SUPERLATIVES.get(say.kind(node))
    is_descending = bool(first.args.get("desc"))
    with_ = f"with the {pair[is_descending]} {by}" if pair else f"that come first by {say.order_words([first])}"
    plain = [item for item in (keys or items) if isinstance(item, exp.Column)]
    ties = [item for item in others if item.args.get("desc") or say.resolved(item.this) not in plain]
    broken = f", then by {say.order_words(ties)}" if ties else ""
    if keys is None:
        what = _items(items, say)
        noun = say.main.noun if say.sources else "row"
        rows = f"the {noun}" if number == "1" else f"the {number} {plural_of(noun)}"
        return f"{what} of {rows} {with_}{broken}{reach}"
    each = listed([say.value(key) for key in keys])
    figures = [say.value(item) for item in items if item not in keys and item != node]
    groups = each if number == "1" else f"{number} {plural_of(each)}"
    shown = [*(["that figure"] if node in items and node not in keys else []), *(f"the {text}" for text in figures)]
    and_ = f", with {listed(shown)}" if shown else ""
    text = f"{groups} {with_}{broken}{and_}"
    return text + _over(text, reach, say)


def _over(text: str, reach: str, say: "Say") -> str:
    """Which rows figures are made from, where that is not said yet."""
    if not say.sources or (not reach and say.plural in text):
        return ""
    return f", over {'' if ' where ' in reach else 'all '}{say.plural}{reach}"


def _ending(select: exp.Select, say: "Say") -> str:
    order, limit = select.args.get("order"), select.args.get("limit")
    sorting = f", sorted by {say.order_words(order.expressions)}" if order is not None else ""
    is_said = select.args.get("group") is None and select.args.get("distinct") is None
    cut = ""
    if isinstance(limit, exp.Limit) and not is_said:
        cut = f", only {say.value(limit.expression)} of them"
    elif isinstance(limit, exp.Fetch):
        cut = ", only the first ones (ties kept)"
    return sorting + cut + _skipped(select)


def _skipped(select: exp.Select) -> str:
    offset = select.args.get("offset")
    return f", skipping the first {offset.expression.name}" if offset is not None else ""
