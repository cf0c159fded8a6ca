"""Gives every table alias, common table expression and output column of a statement its canonical name.

Called by `canonical`, in two steps: `mark` replaces the names as written by the number of what they mean,
so that they cannot influence the order of anything; `assign` turns the numbers into names, in reading order.
"""

import re
from pathlib import Path

from sqlglot import exp

from training.sql.bind import Binding
from training.sql.catalog import Catalog
from training.sql.scope import Output, Source

# Words that PostgreSQL 18 takes as a column's name only in quotes, or only in some places.
KEYWORDS = frozenset((Path(__file__).parent / "keywords.txt").read_text(encoding="ascii").split())
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
MARK = "@"
_MAX_NAME = 40


def needs_quotes(name: str) -> bool:
    """Whether PostgreSQL reads the name differently without double quotes."""
    return _PLAIN.match(name) is None or name in KEYWORDS


def mark(binding: Binding) -> None:
    """Replace names as written by numbered marks, and drop the output aliases that nothing refers to.

    Args:
        binding: What the names of a tree mean; the tree is changed in place.
    """
    for select, outputs in binding.outputs:
        _name_outputs(select, outputs, binding)
    for reference in binding.references:
        if reference.output is not None:
            reference.node.set("this", exp.to_identifier(reference.output.final_name))
            reference.node.set("table", exp.to_identifier(f"{MARK}{reference.source.key}"))
        elif isinstance(reference.node.this, exp.Star):
            reference.node.set("table", exp.to_identifier(f"{MARK}{reference.source.key}"))
        else:
            reference.node.set("this", exp.to_identifier(f"{MARK}{reference.source.key}"))
        reference.node.set("db", None)
    numbers = {id(cte): number for number, cte in enumerate(binding.ctes)}
    for source in binding.sources:
        if source.cte is not None:
            source.node.set("this", exp.to_identifier(f"{MARK}with{numbers[id(source.cte)]}"))
        columns = [exp.to_identifier("value")] if _is_function(source) else None
        source.node.set("alias", exp.TableAlias(this=exp.to_identifier(f"{MARK}{source.key}"), columns=columns))
    for select, outputs in binding.outputs:
        _drop_aliases(select, outputs)


def _name_outputs(select: exp.Expression, outputs: list[Output], binding: Binding) -> None:
    """Name the outputs that an outer query refers to: a column keeps its name, an expression is called by its parts."""
    taken = {name for source in binding.sources if source.select is select for name in source.columns}
    plain = {id(reference.node): reference.output for reference in binding.references}
    for output in outputs:
        inner = output.item.unalias() if output.item is not None else None
        if isinstance(inner, exp.Column) and plain.get(id(inner)) is not None:
            output.final_name = plain[id(inner)].final_name
    used = [output for output in outputs if output.is_used]
    seen: set[str] = set()
    for output in used:
        if output.final_name is None or output.final_name in seen:
            base = output.final_name or _describe(output.item.unalias())
            name, count = base, 1
            while name in seen or name in taken or name in KEYWORDS:
                count += 1
                name = f"{base}_{count}"
            output.final_name = name
        seen.add(output.final_name)


def _describe(item: exp.Expression) -> str:
    """A short name made of the first function of an expression and the first column in it."""
    function = next((node for node in item.find_all(exp.Func, bfs=False) if not isinstance(node, _NAMELESS)), None)
    column = (function or item).find(exp.Column, bfs=False)
    words = [_function_name(function) if function is not None else ""]
    words.append(column.name if column is not None and not isinstance(column.this, exp.Star) else "")
    name = re.sub(r"[^a-z0-9_]+", "_", "_".join(word for word in words if word).lower())[:_MAX_NAME].strip("_")
    return name if _PLAIN.match(name) else "value"


def _function_name(function: exp.Func) -> str:
    if isinstance(function, exp.Anonymous):
        return function.name
    return _POSTGRES_NAMES.get(type(function)) or function.sql_name()


_POSTGRES_NAMES = {exp.TimestampTrunc: "date_trunc", exp.GroupConcat: "string_agg", exp.TimeToStr: "to_char"}
_NAMELESS = (exp.Cast, exp.Case, exp.If, exp.And, exp.Or)


def _drop_aliases(select: exp.Expression, outputs: list[Output]) -> None:
    items = []
    for output in outputs:
        inner = output.item.unalias()
        keeps_name = isinstance(inner, exp.Column) and inner.name == output.final_name
        is_named = output.is_used and not keeps_name
        items.append(exp.Alias(this=inner, alias=exp.to_identifier(output.final_name)) if is_named else inner)
    select.set("expressions", items)


def _is_function(source: Source) -> bool:
    return (
        source.table is None
        and source.cte is None
        and "value" in {o.final_name for o in source.columns.values()}
        and (isinstance(source.node, exp.Unnest) or not isinstance(source.node.this, exp.Query))
    )


def assign(tree: exp.Expression, binding: Binding, catalog: Catalog) -> None:
    """Turn the marks into names: a table's own name where it is enough, else t1, t2, … and w1, w2, … for WITH.

    Columns are qualified where their FROM clause holds more than one table, or where they belong to an outer query.

    Args:
        tree: The marked tree in its final order, changed in place.
        binding: What its names mean.
        catalog: The tables that exist, whose names no alias may take.
    """
    taken = {table.name for table in catalog.tables}
    reading_order = {id(node): place for place, node in enumerate(tree.walk(bfs=False))}
    cte_names = _numbered("w", sorted(binding.ctes, key=lambda cte: reading_order[id(cte)]), taken)
    for cte in binding.ctes:
        cte.args["alias"].set("this", exp.to_identifier(cte_names[id(cte)]))
    sources = sorted(binding.sources, key=lambda source: reading_order[id(source.node)])
    base = {source.key: _base_name(source, cte_names) for source in sources}
    columns = [(column, _marked(column)) for column in tree.find_all(exp.Column)]
    aliased = _aliased(sources, base, columns)
    names = {**base, **_numbered("t", [source.key for source in sources if source.key in aliased], taken)}
    for source in sources:
        _name_source(source, names[source.key], cte_names, catalog)
    by_key = {source.key: source for source in sources}
    crowd = {id(source.select): 0 for source in sources}
    for source in sources:
        crowd[id(source.select)] += 1
    for column, key in columns:
        source = by_key[key]
        is_local = column.find_ancestor(exp.Select) is source.select
        if not column.table:
            column.set("this", exp.to_identifier(names[key]))
        elif is_local and crowd[id(source.select)] == 1 and not isinstance(column.this, exp.Star):
            column.set("table", None)
        else:
            column.set("table", exp.to_identifier(names[key]))


def _marked(column: exp.Column) -> int:
    return int((column.table or column.name).removeprefix(MARK))


def _base_name(source: Source, cte_names: dict[int, str]) -> str | None:
    if source.table is not None:
        return source.table.name
    return cte_names[id(source.cte)] if source.cte is not None else None


def _aliased(sources: list[Source], base: dict[int, str | None], columns: list[tuple[exp.Column, int]]) -> set[int]:
    """The sources that need an alias: no name of their own, a name used twice, or one hidden from an inner query."""
    aliased = {key for key, name in base.items() if name is None}
    together: dict[tuple[int, str | None], list[int]] = {}
    for source in sources:
        together.setdefault((id(source.select), base[source.key]), []).append(source.key)
    aliased.update(key for keys in together.values() if len(keys) > 1 for key in keys)
    by_key = {source.key: source for source in sources}
    for column, key in columns:
        select = column.find_ancestor(exp.Select)
        while select is not None and select is not by_key[key].select:
            if (id(select), base[key]) in together:
                aliased.add(key)
            select = select.find_ancestor(exp.Select)
    return aliased


def _numbered(prefix: str, items: list, taken: set[str]) -> dict:
    names: dict = {}
    number = 0
    for item in items:
        number += 1
        while f"{prefix}{number}" in taken:
            number += 1
        names[item if isinstance(item, int) else id(item)] = f"{prefix}{number}"
    return names


def _name_source(source: Source, name: str, cte_names: dict[int, str], catalog: Catalog) -> None:
    node = source.node
    if source.cte is not None:
        node.set("this", exp.to_identifier(cte_names[id(source.cte)]))
    elif source.table is not None:
        node.set("this", exp.to_identifier(source.table.name))
        has_schema = len(catalog.business_schemas) > 1
        node.set("db", exp.to_identifier(source.table.schema) if has_schema else None)
    own = node.name if source.table is not None or source.cte is not None else None
    if name == own:
        node.set("alias", None)
    else:
        node.args["alias"].set("this", exp.to_identifier(name))
