"""How much longer than what is stored a query may make its texts and arrays. Called by `guard`.

Nothing in the server bounds that: four lines of `with a as (select t || t as t …), b as …` double and double until the
server's memory is full, and neither the planner's costs nor the number of rows shows it. So the guard counts: a stored
value is 1, and what joins values together is their sum, or their product.
"""

from math import inf

from sqlglot import exp

from training.sql.bind import Binding
from training.sql.scope import Source

# Ten columns joined and gathered over all rows are 20,000; what gathers what was gathered is beyond.
MAX_GROWTH = 30_000.0
_LITERAL = 100  # characters of a literal that count as one stored value
_REPLACEMENT = 100.0  # what stands for a character of another column, where its length is not known
_ALL_ROWS = 1_000.0  # one value that holds those of many rows, and may be paired with as many rows again
_ROUNDS = 1_000.0  # of a recursive query
_ESCAPED = 2.0  # an array or a row as text: quotes and backslashes in it are doubled, each time
_LARGE = 1e9  # beside it nothing else in a query counts

_JOINED = (exp.DPipe, exp.Array)
_JOINED_AS_TEXT = (exp.Concat, exp.ConcatWs)
_GATHERED = (exp.GroupConcat, exp.ArrayAgg)
_COMPOSITE = (exp.Array, exp.ArrayAgg, exp.StringToArray, exp.Tuple, exp.Anonymous)
_SCALAR = (exp.Literal, exp.Concat, exp.ConcatWs, exp.Replace, exp.ArrayToString, exp.GroupConcat, exp.Count)
_TEXTS = frozenset({exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.BPCHAR})


def growth(tree: exp.Select | exp.SetOperation, binding: Binding) -> float:
    """Bounds the growth of a bound statement.

    Args:
        tree: The statement, after `bind`.
        binding: What its names mean.

    Returns:
        The most by which one of its values, inner ones too, may be longer than a stored one; infinity where a
        recursive query multiplies.
    """
    counted = _Growth(binding)
    return max(counted.of_query(query) for query in tree.find_all(exp.Select, exp.SetOperation))


class _Growth:
    def __init__(self, binding: Binding, known: dict[int, float] | None = None) -> None:
        self._binding = binding
        self._references = {id(reference.node): reference for reference in binding.references}
        self._recursive = {id(cte.this) for cte in binding.ctes if _reads_itself(cte, binding)}
        self._known = dict(known or {})  # by the id of a query

    def of_query(self, query: exp.Expression) -> float:
        query = query.unnest() if isinstance(query, exp.Subquery) else query
        if id(query) not in self._known:
            is_recursive = id(query) in self._recursive
            self._known[id(query)] = self._of_recursive(query) if is_recursive else self._of_plain(query)
        return self._known[id(query)]

    def _of_plain(self, query: exp.Expression) -> float:
        if isinstance(query, exp.SetOperation):
            return max(self.of_query(query.this), self.of_query(query.expression))
        return max((self._of(child) for child in query.iter_expressions()), default=1.0)

    def _of_recursive(self, query: exp.SetOperation) -> float:
        """What each round adds, for many rounds: `path || '/' || name` adds, `t || t` multiplies."""
        start = self.of_query(query.this)
        once, twice = (self._of_round(query, seed) for seed in (_LARGE, 2 * _LARGE))
        factor = (twice - once) / _LARGE
        if factor > 1:
            return inf
        added = once - factor * _LARGE
        return max(start, self._of_round(query, start)) + added * _ROUNDS

    def _of_round(self, query: exp.SetOperation, before: float) -> float:
        return _Growth(self._binding, {id(query): before}).of_query(query.expression)

    def _of(self, node: exp.Expression) -> float:
        if isinstance(node, exp.Column):
            reference = self._references.get(id(node))
            if reference is None:
                return 1.0
            return self._of_source(reference.source) * (1.0 if reference.output is not None else _ESCAPED)
        if isinstance(node, exp.Literal):
            return len(node.name) / _LITERAL
        if isinstance(node, exp.Query):
            return self.of_query(node)
        children = [self._of(child) for child in node.iter_expressions()]
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
        if isinstance(node, exp.Cast) and node.to.this in _TEXTS and self._is_composite(node.this):
            return self._of(node.this) * _ESCAPED
        if isinstance(node, exp.Tuple) or (isinstance(node, exp.Anonymous) and node.name.lower() == "row"):
            return max(children, default=1.0) * _ESCAPED
        if isinstance(node, exp.Replace):
            return self._of(node.this) * self._for_a_character(node.args.get("replacement"))
        if isinstance(node, exp.ArrayToString):
            between = (node.expression, node.args.get("null"))
            return self._of(node.this) * (1 + sum(self._for_a_character(text) for text in between if text is not None))
        return max(children, default=1.0)

    def _is_composite(self, node: exp.Expression) -> bool:
        """Whether a value may be an array or a row."""
        if isinstance(node, exp.Column):
            reference = self._references.get(id(node))
            if reference is None or reference.output is None:
                return True
            if reference.output.item is not None:
                return self._is_composite(reference.output.item)
            table = reference.source.table
            return table is None or table.by_name[reference.output.final_name].type.endswith("[]")
        if isinstance(node, exp.Cast):
            return node.to.this is exp.DType.ARRAY
        if isinstance(node, exp.Query):
            return any(self._is_composite(item) for item in node.selects)
        if isinstance(node, _SCALAR):
            return False
        if isinstance(node, _COMPOSITE):
            return True
        return any(self._is_composite(child) for child in node.iter_expressions())

    def _for_a_character(self, node: exp.Expression | None) -> float:
        if node is None:
            return 1.0
        return float(max(1, len(node.name))) if isinstance(node, exp.Literal) else _REPLACEMENT * self._of(node)

    def _of_source(self, source: Source) -> float:
        if source.table is not None:
            return 1.0
        if source.cte is not None:
            return self.of_query(source.cte.this)
        query = source.node.find(exp.Query)
        if query is not None:
            return self.of_query(query)
        return max((self._of(child) for child in source.node.iter_expressions()), default=1.0)


def _reads_itself(cte: exp.CTE, binding: Binding) -> bool:
    inside = {id(node) for node in cte.this.find_all(exp.Table)}
    return any(source.cte is cte and id(source.node) in inside for source in binding.sources)
