"""How much longer than what is stored a query may make its texts and arrays. Called by `guard`.

Nothing in the server bounds that: four lines of `with a as (select t || t as t …), b as …` double and double until the
server's memory is full, and neither the planner's costs nor the number of rows shows it. So the guard counts: a stored
value is 1, and what joins values together is their sum, or their product.
"""

import re
from collections.abc import Iterable
from math import inf

from sqlglot import exp

from training.sql.bind import Binding
from training.sql.output_name import call_name
from training.sql.scope import Reference

# Ten columns joined and gathered over all rows are 10,000; what gathers what was gathered is beyond.
MAX_GROWTH = 30_000.0
_LITERAL = 100  # characters of a literal that count as one stored value
_REPLACEMENT = 100.0  # what stands for a character of another column, where its length is not known
_ALL_ROWS = 1_000.0  # one value that holds those of many rows, and may be paired with as many rows again
_ROUNDS = 1_000.0  # of a recursive query
_ESCAPED = 2.0  # an array or a row as text: quotes and backslashes in it are doubled, each time
_SPLIT = 5.0  # a text as an array of its characters, which stand in quotes
_FORMATTED = 12.0  # a letter of a format may stand for so many
_DIGITS = 1_311.0  # a numeric has 131,072 digits before its point
_JSON_ESCAPED = 6.0  # a character of a text in JSON may be written as \u0001
_LARGE = 1e9  # beside it nothing else in a query counts

_WIDTH = re.compile(r"%[^sIL%]")  # what makes a format's values wider than they are
_JSON = frozenset(
    f"{kind}_{name}"
    for kind in ("json", "jsonb")
    for name in ("build_object", "build_array", "agg", "object_agg", "extract_path", "extract_path_text")
) | {"to_json", "to_jsonb", "row_to_json"}
_JOINED = (exp.DPipe, exp.Array)
_JOINED_AS_TEXT = (exp.Concat, exp.ConcatWs)
_GATHERED = (exp.GroupConcat, exp.ArrayAgg)
_COMPOSITE = (exp.Array, exp.ArrayAgg, exp.StringToArray, exp.Tuple, exp.Anonymous, exp.Null)
_SCALAR = (exp.Literal, exp.Concat, exp.ConcatWs, exp.Replace, exp.ArrayToString, exp.GroupConcat, exp.Count)
_SMALL = (exp.Count, exp.Length, exp.ArraySize, exp.StrPosition, exp.Predicate)  # whatever they are made from
_TEXTS = frozenset({exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.BPCHAR})


def growth(tree: exp.Select | exp.SetOperation, binding: Binding) -> float:
    """Bounds the growth of a bound statement.

    Args:
        tree: The statement, after `bind`.
        binding: What its names mean.

    Returns:
        The most by which one of its values, inner ones too, or a row of them may be longer than a stored value;
        infinity where a recursive query multiplies.
    """
    recursive = {id(cte.this): cte.this for cte in binding.ctes if _reads_itself(cte, binding)}
    for query in recursive.values():
        if sum(id(node) in recursive for node in query.find_all(exp.SetOperation)) > 1:
            return inf  # one recursive query in another: nobody writes that, and to count it takes very long
    counted = _Growth(binding, frozenset(recursive))
    for query in [*(cte.this for cte in binding.ctes), *tree.find_all(exp.Select)]:  # the first are read by the rest
        counted.look_at(query)
    return counted.peak


class _Growth:
    """Counts one statement. What is known of a node is kept: the same may be read in very many ways."""

    def __init__(self, binding: Binding, recursive: frozenset[int], seeds: dict[int, float] | None = None) -> None:
        self._references = {id(reference.node): reference for reference in binding.references}
        self._binding, self._recursive, self._seeds = binding, recursive, seeds or {}
        self._values: dict[int, float] = {}
        self._columns: dict[tuple[int, int], float] = {}  # of recursive queries, by query and place
        self._composites: dict[int, bool] = {}
        self.peak = 0.0

    def look_at(self, query: exp.Expression) -> None:
        """Counts a query whose sources are counted, so that long chains of queries are no deep recursion."""
        for branch in _branches(query):
            for item in branch.expressions:
                self._is_composite(item)
        self.of_query(query)

    def of_query(self, query: exp.Expression) -> float:
        """The growth of a row, which is that of its value where it has one."""
        return self._kept(sum(self._of_place(query, place) for place in range(len(_first_select(query).expressions))))

    def _of_place(self, query: exp.Expression, place: int) -> float:
        """The growth of one of a query's columns."""
        if id(query) in self._seeds:
            return self._seeds[id(query)]
        if id(query) not in self._recursive:
            return max(map(self._of, _at(query, place)), default=1.0)
        if (id(query), place) not in self._columns:
            self._columns[id(query), place] = self._kept(self._of_recursive(query, place))
        return self._columns[id(query), place]

    def _of_recursive(self, query: exp.SetOperation, place: int) -> float:
        """What each round adds, for many rounds: `path || '/' || name` adds, `t || t` multiplies."""
        start = max(map(self._of, _at(query.this, place)), default=1.0)
        once, twice = (self._of_round(query, place, seed) for seed in (_LARGE, 2 * _LARGE))
        factor = (twice - once) / _LARGE
        if factor > 1 + 1e-6:
            return inf
        added = max(0.0, once - _LARGE) if factor > 0.5 else 0.0
        return max(start, self._of_round(query, place, start)) + added * _ROUNDS

    def _of_round(self, query: exp.SetOperation, place: int, before: float) -> float:
        seeds = {**self._seeds, id(query): before}
        for cte in self._binding.ctes:  # each is read by later ones alone, and known by now or not read
            for (known, _), value in self._columns.items():
                if known == id(cte.this):
                    seeds[known] = max(seeds.get(known, 0.0), value)
        counted = _Growth(self._binding, self._recursive, seeds)
        return max(map(counted._of, _at(query.expression, place)), default=1.0)

    def _of(self, node: exp.Expression) -> float:
        if id(node) not in self._values:
            self._values[id(node)] = self._kept(self._count(node))
        return 1.0 if isinstance(node, _SMALL) else self._values[id(node)]

    def _kept(self, value: float) -> float:
        self.peak = max(self.peak, value)
        return value

    def _count(self, node: exp.Expression) -> float:
        if isinstance(node, exp.Column):
            return self._of_column(self._references.get(id(node)))
        if isinstance(node, exp.ByteString | exp.RawString):
            return len(node.name) / _LITERAL
        if isinstance(node, exp.Literal):
            return _DIGITS if not node.is_string and "e" in node.name.lower() else len(node.name) / _LITERAL
        if isinstance(node, exp.Query):
            return self.of_query(node.unnest() if isinstance(node, exp.Subquery) else node)
        children = [self._of(child) for child in node.iter_expressions()]
        by_name = self._of_call(node, children)
        if by_name is not None:
            return by_name
        if isinstance(node, exp.Array) and any(isinstance(child, exp.Query) for child in node.expressions):
            return sum(children) * _ALL_ROWS
        if isinstance(node, _JOINED):
            return sum(children)
        if isinstance(node, _JOINED_AS_TEXT):
            between = children[0] * len(children) if isinstance(node, exp.ConcatWs) else 0.0
            is_escaped = any(self._is_composite(child) for child in node.expressions)
            return (sum(children) + between) * (_ESCAPED if is_escaped else 1.0)
        if isinstance(node, _GATHERED):
            return sum(children) * _ALL_ROWS
        if isinstance(node, exp.Cast) and node.to.this in _TEXTS:
            digits = _DIGITS if node.find(exp.Pow, exp.Exp) is not None else 0.0
            padded = sum(_whole(part.this) or inf for part in node.to.expressions) / _LITERAL
            return max(digits, padded, self._of(node.this) * (_ESCAPED if self._is_composite(node.this) else 1.0))
        if isinstance(node, exp.Tuple) or (isinstance(node, exp.Anonymous) and node.name.lower() == "row"):
            return sum(children) * _ESCAPED
        if isinstance(node, exp.StringToArray):
            return max(children) * _SPLIT
        if isinstance(node, exp.TimeToStr | exp.ToChar) and not isinstance(node.args.get("format"), exp.Literal):
            return max(children) * _FORMATTED
        if isinstance(node, exp.Replace):
            replaced = node.expression
            length = len(replaced.name) if isinstance(replaced, exp.Literal) else 1
            return self._of(node.this) * max(1.0, self._for_a_character(node.args.get("replacement")) / max(1, length))
        if isinstance(node, exp.ArrayToString):
            between = (node.expression, node.args.get("null"))
            return self._of(node.this) * (1 + sum(self._for_a_character(text) for text in between if text is not None))
        return max(children, default=1.0)

    def _of_call(self, node: exp.Expression, children: list[float]) -> float | None:
        """What a function makes that is known by its name; None for any other node."""
        name = call_name(node) if isinstance(node, exp.Func) else ""
        if name in ("lpad", "rpad"):
            return max(*children, (_whole(node.expression) or inf) / _LITERAL)
        if name == "repeat":
            return children[0] * (_whole(node.args.get("times")) or inf)
        if name == "format":
            is_plain = isinstance(node.this, exp.Literal) and not _WIDTH.search(node.this.name)
            return sum(children) if is_plain else inf
        if name == "regexp_replace":
            # Each match, of no character too, is replaced, and \1 in the replacement stands for what matched.
            replacement = node.args.get("replacement")
            return self._of(node.this) * (1 + self._for_a_character(replacement)) if replacement else max(children)
        if name in ("regexp_split_to_array", "regexp_matches", "regexp_match"):
            return max(children) * _SPLIT
        if name in ("array_append", "array_prepend", "array_cat"):
            return sum(children)
        if name in _JSON or isinstance(node, exp.JSONArrayAgg | exp.JSONObjectAgg):
            is_gathered = not name or name.endswith("agg")
            escaped = (
                value * (1.0 if _makes_json(child) else _JSON_ESCAPED)
                for child, value in zip(node.iter_expressions(), children, strict=True)
            )
            return sum(escaped) * (_ALL_ROWS if is_gathered else 1.0)
        if isinstance(node, exp.Overlay):
            return sum(children)
        return None

    def _for_a_character(self, node: exp.Expression | None) -> float:
        if node is None:
            return 1.0
        return float(max(1, len(node.name))) if isinstance(node, exp.Literal) else _REPLACEMENT * self._of(node)

    def _of_column(self, reference: Reference | None) -> float:
        if reference is None or reference.source.table is not None and reference.output is not None:
            return 1.0
        if reference.output is None:
            columns = len(reference.source.columns)
            inner = _query_of(reference)
            return (columns if inner is None else columns * self.of_query(inner)) * _ESCAPED
        query = _query_of(reference)
        if query is None:  # VALUES, or a function in FROM
            return max((self._of(child) for child in reference.source.node.iter_expressions()), default=1.0)
        place = _place(query, reference)
        return self.of_query(query) if place is None else self._of_place(query, place)

    def _is_composite(self, node: exp.Expression) -> bool:
        """Whether a value may be an array or a row."""
        if id(node) not in self._composites:
            self._composites[id(node)] = False  # where a recursive query reads itself
            self._composites[id(node)] = self._find_composite(node)
        return self._composites[id(node)]

    def _find_composite(self, node: exp.Expression) -> bool:
        if isinstance(node, exp.Column):
            reference = self._references.get(id(node))
            if reference is None or reference.output is None:
                return True
            table, query = reference.source.table, _query_of(reference)
            if table is not None:
                return table.by_name[reference.output.final_name].type.endswith("[]")
            place = None if query is None else _place(query, reference)
            return True if place is None else any(self._is_composite(item) for item in _at(query, place))
        if isinstance(node, exp.Cast):
            return node.to.this is exp.DType.ARRAY
        if isinstance(node, exp.Query):
            return any(self._is_composite(item) for item in node.selects)
        if isinstance(node, _SCALAR):
            return False
        if isinstance(node, _COMPOSITE):
            return True
        return any(self._is_composite(child) for child in node.iter_expressions())


def _makes_json(node: exp.Expression) -> bool:
    """Whether it is JSON already, which is not escaped again."""
    node = node.this if isinstance(node, exp.Order | exp.Distinct) else node
    return isinstance(node, exp.Func) and call_name(node) in _JSON


def _whole(node: exp.Expression | None) -> int:
    """The number of a literal, or of one in a type's brackets; 0 for anything else, and for what is too large."""
    node = node.this if isinstance(node, exp.DataTypeParam) else node
    is_number = isinstance(node, exp.Literal) and not node.is_string and node.name.isdecimal() and len(node.name) < 8
    return int(node.name) if is_number else 0


def _query_of(reference: Reference) -> exp.Expression | None:
    """The query that a column is read from; None where it is none."""
    source = reference.source
    node = source.cte.this if source.cte is not None else source.node
    node = node.this if isinstance(node, exp.Lateral) else node
    if not isinstance(node, exp.Query):
        return None
    return node.unnest() if isinstance(node, exp.Subquery) else node


def _first_select(query: exp.Expression) -> exp.Select:
    while not isinstance(query, exp.Select):
        query = query.this
    return query


def _branches(query: exp.Expression) -> Iterable[exp.Select]:
    waiting = [query]
    while waiting:
        query = waiting.pop()
        if isinstance(query, exp.SetOperation):
            waiting += [query.this, query.expression]
        elif isinstance(query, exp.Subquery):
            waiting.append(query.this)
        else:
            yield query


def _at(query: exp.Expression, place: int) -> list[exp.Expression]:
    """What each branch of a query has at a place of its select list."""
    return [branch.expressions[place] for branch in _branches(query) if place < len(branch.expressions)]


def _place(query: exp.Expression, reference: Reference) -> int | None:
    """Where in a query's select list a column of it stands; None where that is not known."""
    items = _first_select(query).expressions
    return next((place for place, item in enumerate(items) if item is reference.output.item), None)


def _reads_itself(cte: exp.CTE, binding: Binding) -> bool:
    inside = {id(node) for node in cte.this.find_all(exp.Table)}
    return any(source.cte is cte and id(source.node) in inside for source in binding.sources)
