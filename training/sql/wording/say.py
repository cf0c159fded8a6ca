"""What the names of one SELECT mean, and how its parts are said: what the rules of all kinds ask."""

from sqlglot import exp

from training.sql.catalog import Catalog, Column
from training.sql.output_name import output_name
from training.sql.wording.conditions import condition_phrase, condition_words
from training.sql.wording.rows import rows_read
from training.sql.wording.selects import Phrase, select_phrase
from training.sql.wording.sources import Source, kind_of
from training.sql.wording.values import value_phrase, with_article
from training.sql.wording.words import column_words, is_shared, ordinal, plural_of, singular_of, table_words

_SETS = {exp.Union: "together with", exp.Intersect: "only if also among", exp.Except: "except those among"}


class Say:
    """What the names of one SELECT mean, and how its parts are said."""

    def __init__(self, catalog: Catalog, outer: "Say | None" = None, lists: dict[str, Source] | None = None) -> None:
        self.catalog = catalog
        self.outer = outer
        self.lists = dict(lists or {})  # the WITH queries by name
        self.sources: list[Source] = []
        self.select: exp.Select | None = None

    # Queries

    def query(self, node: exp.Expression) -> str:
        """Says a query inside this one, as a noun phrase without an article."""
        return Say(self.catalog, self, self.lists).phrase(node).text

    def members(self, node: exp.Expression) -> str:
        """Says a query inside this one as a set of values, `customer IDs of orders`."""
        phrase = Say(self.catalog, self, self.lists).phrase(node)
        return phrase.members or phrase.text

    def phrase(self, node: exp.Expression) -> Phrase:
        """Says a query that this object stands for."""
        node = node.unnest()
        self._read_lists(node)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node)
        if not isinstance(node, exp.Select):
            return Phrase(node.sql("postgres"))
        self.select = node
        self._read_sources(node)
        return select_phrase(node, self)

    def _set_operation(self, node: exp.SetOperation) -> Phrase:
        left, right = self.query(node.this), self.members(node.expression)
        word = _SETS[type(node)]
        repeats = ", repeats kept" if not node.args.get("distinct") else ""
        order = node.args.get("order")
        sorting = f", sorted by {self._order_of_set(node, order.expressions)}" if order is not None else ""
        limit = node.args.get("limit")
        cut = f", the first {limit.expression.name} of them" if isinstance(limit, exp.Limit) else ""
        return Phrase(f"{left}, {word} the {right}{repeats}{sorting}{cut}")

    def _order_of_set(self, node: exp.SetOperation, ordered: list[exp.Expression]) -> str:
        columns = self._outputs(node)
        in_order, said = list(columns.values()), []
        for item in ordered:
            key = item.this if isinstance(item, exp.Ordered) else item
            is_place = isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(in_order)
            words, _ = in_order[int(key.name) - 1] if is_place else columns.get(key.name, (self.value(key), ""))
            said.append(f"{words}{' from highest to lowest' if item.args.get('desc') else ''}")
        return ", then by ".join(said)

    def existence(self, node: exp.Expression, is_negated: bool) -> str:
        """Says EXISTS: `there are orders where …`."""
        inner = Say(self.catalog, self, self.lists)
        phrase = inner.phrase(node)
        if isinstance(node, exp.Select) and inner.sources and node.args.get("group") is None:
            return f"there are {'no ' if is_negated else ''}{inner.plural}{rows_read(node, inner)}"
        return f"there is {'no' if is_negated else 'a'} row among the {phrase.text}"

    def _read_lists(self, node: exp.Expression) -> None:
        clause = node.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            if clause.args.get("recursive"):
                # while it is said, its own name means what it has found so far
                names = self._outputs(cte.this)
                self.lists[cte.alias] = Source(cte.alias, "row", outputs=names, text="rows found so far")
            self.lists[cte.alias] = Source(
                cte.alias, "row", outputs=self._outputs(cte.this), text=f"list of the {self.query(cte.this)}"
            )

    def _outputs(self, node: exp.Expression) -> dict[str, tuple[str, str]]:
        """The columns of a query by their names, as they are said outside of it."""
        inner = Say(self.catalog, self, self.lists)
        node = node.unnest()
        inner._read_lists(node)
        while isinstance(node, exp.SetOperation):
            node = node.this.unnest()
        if not isinstance(node, exp.Select):
            return {}
        inner.select = node
        inner._read_sources(node)
        return {
            output_name(item): (inner.value(item.unalias()), inner.kind(item.unalias())) for item in node.expressions
        }

    # Sources

    def _read_sources(self, select: exp.Select) -> None:
        first = select.args.get("from_")
        nodes = [(first.this, None)] if first is not None else []
        nodes += [(join.this, join) for join in select.args.get("joins") or ()]
        for node, join in nodes:
            self.sources.append(self._source(node, join))
        for source in self.sources:
            same = [other for other in self.sources if other.noun == source.noun and other.table is not None]
            if len(same) > 1:
                for number, other in enumerate(same, start=1):
                    other.noun, other.short = (f"{ordinal(number)} {words}" for words in (other.noun, other.short))
                    other.is_twin = True

    def _source(self, node: exp.Expression, join: exp.Join | None) -> Source:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            known = self.lists.get(node.name) if not node.db else None
            if known is not None:
                return Source(node.alias or node.name, known.noun, None, known.outputs, known.text, join)
            table = self.catalog.table(node.name, node.db or None)
            noun = table_words(table) if table is not None else column_words(node.name)
            return Source(node.alias or node.name, noun, table, join=join, short=singular_of(column_words(node.name)))
        inner = node.this if isinstance(node, exp.Lateral) else node
        if isinstance(inner, exp.Subquery):
            return Source(
                node.alias, "row", None, self._outputs(inner.this), f"list of the {self.query(inner.this)}", join
            )
        if isinstance(inner, exp.Values):
            return Source(node.alias, "row", None, {}, "given values", join)
        call = inner.this if isinstance(inner, exp.Table) else inner
        text = self.value(call)
        return Source(node.alias, "value", None, {"value": ("value", self.kind(call))}, f"values of the {text}", join)

    def source_of(self, node: exp.Column) -> "tuple[Source, Say] | None":
        """Finds the source that a column is of, here or in the queries around."""
        for source in self.sources:
            if source.alias == node.table or (not node.table and source.has(node.name)):
                return source, self
        return self.outer.source_of(node) if self.outer is not None else None

    def catalog_column(self, node: exp.Expression) -> Column | None:
        """The catalog's column that a node is; None for anything else."""
        found = self.source_of(node) if isinstance(node, exp.Column) else None
        return found[0].table.by_name.get(node.name) if found is not None and found[0].table is not None else None

    @property
    def plural(self) -> str:
        """The rows that the query reads, in the plural."""
        return plural_of(self.main.noun) if self.sources else "rows"

    @property
    def main(self) -> Source:
        """The source whose rows the query reads: of tables that are looked up one through another, the last."""
        if any(source.join is not None and source.join.side for source in self.sources):
            return self.sources[0]
        names = {source.table.name for source in self.sources if source.table is not None}
        for source in self.sources:
            if source.table is None:
                continue
            others = [other for other in self.sources if other is not source and other.table is not None]
            is_looked_up = any(
                column.references and column.references.partition(".")[0] == source.table.name
                for other in others
                for column in other.table.columns
            )
            if not is_looked_up and names:
                return source
        return self.sources[0]

    def noun_of(self, node: exp.Column) -> str:
        """One row of the source that a column is of."""
        found = self.source_of(node)
        return found[0].noun if found is not None else "row"

    def rows_of_key(self, node: exp.Column) -> str | None:
        """What a key identifies, in the plural: `customers` for customer_id; None for another column."""
        column, found = self.catalog_column(node), self.source_of(node)
        if column is not None and column.references:
            table = self.catalog.table(column.references.split(".")[-2])
            is_named = column.name == column.references.rpartition(".")[2]
            return plural_of(table_words(table)) if table is not None and is_named else None
        return plural_of(found[0].noun) if column is not None and column.is_primary_key else None

    def rows_of_own_key(self, node: exp.Column) -> str | None:
        """What a count of a primary key counts; None for another column."""
        column = self.catalog_column(node)
        return plural_of(self.noun_of(node)) if column is not None and column.is_primary_key else None

    def is_whole_row(self, node: exp.Column) -> bool:
        """Whether a column's name is a source's: PostgreSQL then means its whole row."""
        return self.source_of(node) is None and any(source.alias == node.name for source in self.sources)

    # Parts

    def value(self, node: exp.Expression) -> str:
        """Says a value, without an article."""
        return value_phrase(node, self)

    def the(self, node: exp.Expression) -> str:
        """Says a value with its article, where it takes one."""
        return with_article(node, self)

    def condition(self, node: exp.Expression) -> str:
        """Says a condition."""
        return condition_phrase(node, self)

    def conditions(self, parts: list[exp.Expression]) -> str:
        """Says conditions that hold together."""
        return condition_words(parts, self)

    def column(self, node: exp.Column) -> str:
        """Says a column, with its table where several tables have one of that name."""
        found = self.source_of(node)
        if isinstance(node.this, exp.Star) or self.is_whole_row(node):
            return "whole row"
        if found is None:
            return column_words(node.name)
        source, owner = found
        if source.outputs:
            return source.outputs.get(node.name, (column_words(node.name), ""))[0]
        column = source.table.by_name.get(node.name) if source.table is not None else None
        words = column_words(node.name, column.comment if column is not None else None)
        if owner is not self:
            return f"{source.short}'s own {words}"
        needs_noun = len(self.sources) > 1 and (column is None or is_shared(column, self.catalog))
        is_said = words.startswith(f"{source.short} ")
        return f"{source.short} {words}" if source.is_twin or (needs_noun and not is_said) else words

    def order_words(self, ordered: list[exp.Expression]) -> str:
        """Says what something is sorted by."""
        said = []
        for item in ordered:
            node = self.resolved(item.this if isinstance(item, exp.Ordered) else item)
            is_descending = isinstance(item, exp.Ordered) and bool(item.args.get("desc"))
            kind = self.kind(node)
            words = "from latest to earliest" if kind in ("date", "day") else "from highest to lowest"
            said.append(f"{self.value(node)}{f' {words}' if is_descending else ''}")
        return ", then by ".join(said)

    def resolved(self, node: exp.Expression) -> exp.Expression:
        """What a position or an output's name in GROUP BY or ORDER BY stands for."""
        items = self.select.expressions if self.select is not None else []
        if isinstance(node, exp.Literal) and node.is_int and 0 < int(node.name) <= len(items):
            return items[int(node.name) - 1].unalias()
        if isinstance(node, exp.Column) and not node.table and self.source_of(node) is None:
            return next((item.unalias() for item in items if item.alias == node.name), node)
        return node

    def kind(self, node: exp.Expression) -> str:
        """What a value is: number, date (with time), day, text, boolean; unknown where nothing tells."""
        return kind_of(node, self)
