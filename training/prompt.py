"""The one prompt: the same text for training, evaluation and serving, and for the base model and the adapter.

It is plain text and not the chat template: the adapter learns whatever form it is given, plain text is shorter, and
one form keeps the comparison with the base model about the weights alone.
"""

import re
from collections.abc import Sequence

from training.sql.catalog import Catalog, Column, Table
from training.value_hints import ValueHint

# The same for every pair, so it stands in the prefix. The corpus carries its own in `instruction`, for other trainers.
INSTRUCTION = "Write one PostgreSQL query that answers the question."
_FENCE = re.compile(r"```(?:sql|postgresql)?\s*(.*?)(?:```|$)", re.DOTALL | re.IGNORECASE)
# Up to what can only stand behind the statement; a semicolon inside quotes is part of a value.
_STATEMENT = re.compile(r"(?:'[^']*(?:'|\Z)|(?!;|\n\n|\nQuestion:|```).)*", re.DOTALL)
_MAX_SAMPLE_CHARACTERS = 60


def schema_prefix(catalog: Catalog) -> str:
    """Renders the schema, the long part that all prompts of one warehouse share.

    One line a table: `orders(order_id, ordered_on=calendar.day, status:paid|open)`; `=` is a foreign key (one with the
    name of the column it refers to is not marked) and `:` lists the values of a small untagged column. A column tagged
    as personal never shows values. Equal catalogs give equal text.

    Args:
        catalog: The warehouse's tables, in the catalog's order.

    Returns:
        The text, ending in a line break.
    """
    is_qualified = len(catalog.business_schemas) > 1
    lines = [_table_line(table, is_qualified) for table in catalog.tables]
    return f"{INSTRUCTION}\n" + "\n".join(lines) + "\n"


def question_suffix(question: str, hints: Sequence[ValueHint] = ()) -> str:
    """Renders what follows the schema: the question, up to where the SQL begins.

    Args:
        question: What the person asks, in natural language.
        hints: Values of the warehouse that it names.

    Returns:
        The text, ending in `SQL:`; the SQL follows after one space.
    """
    values = f"\nValues: {'; '.join(hint.text for hint in hints)}" if hints else ""
    return f"Question: {' '.join(question.split())}{values}\nSQL:"


def extract_sql(text: str) -> str:
    """Finds the statement in a generated text.

    Args:
        text: What the model wrote after `SQL:`, possibly fenced, with an explanation behind it, or another invented
            question.

    Returns:
        The first statement without semicolon and surrounding space; empty if there is none.
    """
    fenced = _FENCE.search(text)
    statement = (fenced.group(1) if fenced else text).strip()
    return _STATEMENT.match(statement).group().strip()


def is_complete(text: str) -> bool:
    """Tells whether more generated text could still change the statement that `extract_sql` finds.

    Args:
        text: What the model has written so far.

    Returns:
        True once something stands behind the statement that ends it.
    """
    body = text.lstrip()
    if body.startswith("```"):
        return "```" in body[3:]
    return _STATEMENT.match(body).end() < len(body)


def _table_line(table: Table, is_qualified: bool) -> str:
    name = f"{table.schema}.{table.name}" if is_qualified else table.name
    return f"{name}({', '.join(_column_text(column) for column in table.columns)})"


def _column_text(column: Column) -> str:
    if column.references and column.references.rpartition(".")[2] == column.name:
        return column.name  # a key that bears the name of the column it refers to says so by itself
    if column.references:
        return f"{column.name}={column.references}"
    if column.pii or not column.sample_values:
        return column.name
    samples = "|".join(column.sample_values)
    # A column with long values (free text) costs more tokens in every step than its values are worth.
    return column.name if len(samples) > _MAX_SAMPLE_CHARACTERS else f"{column.name}:{samples}"
