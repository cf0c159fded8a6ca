"""Which columns of a query's result hold a person's data, and whether each such value can be mapped to its pseudonym.

Called by the pipeline's parity check, which compares a query's rows on the business with those of its anonymized form.
"""

from sqlglot import exp

from training.sql.bind import Binding, bind
from training.sql.catalog import Catalog
from training.sql.parse import parse_select
from training.sql.scope import Output, Reference, Source

OPAQUE = "opaque"
"""A column computed from tagged columns in a way that pseudonyms do not survive, such as `split_part(full_name, …)`."""

# A uniform move keeps the order of dates, so what is ordered by them is ordered alike.
_ORDERED_ALIKE = "birth_date"
_LOOP = "loop"  # a recursive query's own column: whatever its first part holds
_TELL_NO_VALUE = (exp.Predicate, exp.Connector, exp.Not, exp.Exists, exp.Count, exp.RegexpLike, exp.RegexpILike)
_TEXT_OR_DATE = (exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.DATE)


def personal_outputs(sql: str, catalog: Catalog) -> list[str | None]:
    """Tells for each column of a result what personal data it holds.

    Args:
        sql: A query that the guard has allowed.
        catalog: The tables, with the tags of their columns.

    Returns:
        For each output column in order: the class of the tagged column whose values it shows as they are; `OPAQUE`
        where it is computed from tagged columns; None where nothing of a person reaches it. Conditions and counts tell
        no value: they are the same with pseudonyms, or they are a difference that must show.

    Raises:
        SqlError: The query cannot be read.
    """
    tree = parse_select(sql)
    return _Flow(bind(tree, catalog)).of_query(tree)


class _Flow:
    """The walk from output columns back to the columns of tables."""

    def __init__(self, binding: Binding):
        self._references = {id(reference.node): reference for reference in binding.references}
        self._under_way: set[int] = set()  # recursive queries read themselves

    def of_query(self, node: exp.Expression) -> list[str | None]:
        """The flow into each output column of a query of any kind."""
        if isinstance(node, exp.Subquery | exp.Lateral | exp.CTE):
            return self.of_query(node.this)
        if isinstance(node, exp.SetOperation):
            pairs = zip(self.of_query(node.this), self.of_query(node.expression), strict=False)
            return [left if right in (left, _LOOP) else OPAQUE for left, right in pairs]
        return [self.of_expression(item) for item in node.expressions]

    def of_expression(self, node: exp.Expression) -> str | None:
        """The flow into the value of an expression."""
        if isinstance(node, exp.Alias | exp.Paren | exp.Filter):
            return self.of_expression(node.this)
        if isinstance(node, exp.Column):
            return self._of_column(self._references.get(id(node)))
        if isinstance(node, exp.Query):
            return self.of_query(node)[0]
        if isinstance(node, _TELL_NO_VALUE):
            return None
        if isinstance(node, exp.Cast) and node.to.this in _TEXT_OR_DATE:
            return self.of_expression(node.this)
        if isinstance(node, exp.Window):
            return self._of_window(node)
        if isinstance(node, exp.If):
            return self._mixed([node.args.get("true"), node.args.get("false")])
        if isinstance(node, exp.Case):
            return self._mixed([*node.args["ifs"], node.args.get("default")])
        return self._mixed(list(node.iter_expressions()))

    def _mixed(self, parts: list[exp.Expression | None]) -> str | None:
        flows = [self.of_expression(part) for part in parts if part is not None]
        return OPAQUE if any(flow not in (None, _LOOP) for flow in flows) else None

    def _of_window(self, node: exp.Window) -> str | None:
        order = node.args.get("order")
        keys = [self.of_expression(key.this) for key in order.expressions] if order else []
        if any(key not in (None, _ORDERED_ALIKE) for key in keys):
            return OPAQUE
        return self._mixed([node.this])

    def _of_column(self, reference: Reference | None) -> str | None:
        if reference is None:
            return None
        source = reference.source
        if source.table is not None:
            if reference.output is None:
                return OPAQUE if any(column.pii for column in source.table.columns) else None
            return source.table.by_name[reference.output.final_name].pii
        if reference.output is None:
            return self._mixed_source(source)
        return self._of_source(source, reference.output)

    def _of_source(self, source: Source, output: Output) -> str | None:
        query = source.cte if source.cte is not None else source.node
        if not isinstance(query, exp.CTE | exp.Subquery | exp.Lateral) or not isinstance(
            query.this, exp.Query | exp.Subquery
        ):
            return self._mixed(list(query.iter_expressions()))  # a function or VALUES
        if id(query) in self._under_way:
            return _LOOP
        self._under_way.add(id(query))
        try:
            flows = self.of_query(query)
        finally:
            self._under_way.discard(id(query))
        position = next(place for place, column in enumerate(source.columns.values()) if column is output)
        return flows[position] if position < len(flows) else OPAQUE

    def _mixed_source(self, source: Source) -> str | None:
        return OPAQUE if any(self._of_source(source, output) for output in source.columns.values()) else None
