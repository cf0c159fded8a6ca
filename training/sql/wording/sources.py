"""What a FROM clause holds, and what kind of value an expression is. Called by `say`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from training.sql.catalog import Table

if TYPE_CHECKING:
    from training.sql.wording.say import Say

_NUMBERS = (exp.Count, exp.Sum, exp.Avg, exp.Extract, exp.Mul, exp.Div, exp.Add, exp.Round, exp.Length)


@dataclass
class Source:
    """One entry of a FROM clause, as it is said.

    Attributes:
        alias: What columns are qualified with.
        noun: One row of it, `registered customer`.
        short: The same before a column, `customer`.
        table: The catalog's table; None for a list of its own, an unknown table or a function.
        outputs: Of a list: its columns' phrases and kinds by name.
        text: Of a list: what it holds, `customer ID and the latest ordered date for each customer ID`.
        join: Its JOIN; None for the first.
        is_twin: Whether FROM has the same table once more.
    """

    alias: str
    noun: str
    table: Table | None = None
    outputs: dict[str, tuple[str, str]] = field(default_factory=dict)
    text: str = ""
    join: exp.Join | None = None
    short: str = ""
    is_twin: bool = False

    def has(self, column_name: str) -> bool:
        """Whether it has a column of that name."""
        return column_name in self.outputs or (self.table is not None and column_name in self.table.by_name)


def kind_of(node: exp.Expression, say: "Say") -> str:
    """What a value is: number, date (with time), day, text, boolean; unknown where nothing tells."""
    node = node.unnest()
    if isinstance(node, exp.Column):
        found, column = say.source_of(node), say.catalog_column(node)
        if column is None:
            return found[0].outputs.get(node.name, ("", "unknown"))[1] if found is not None else "unknown"
        return _kind_of_type(column.type)
    if isinstance(node, exp.Cast):
        return _kind_of_type(node.to.sql("postgres").lower())
    if isinstance(node, exp.Min | exp.Max | exp.Window | exp.Filter | exp.Coalesce | exp.Neg):
        return kind_of(node.this, say)
    if isinstance(node, exp.TimestampTrunc | exp.CurrentDate | exp.CurrentTimestamp):
        return "date"
    if isinstance(node, exp.Sub):
        return kind_of(node.this, say) if isinstance(node.expression, exp.Interval) else "number"
    if isinstance(node, exp.Literal):
        return "text" if node.is_string else "number"
    return "number" if isinstance(node, _NUMBERS) else "unknown"


def _kind_of_type(name: str) -> str:
    if name.startswith("timestamp"):
        return "date"
    if name == "date":
        return "day"
    if name.startswith(("text", "char", "varchar")):
        return "text"
    return "boolean" if name == "boolean" else "number"
