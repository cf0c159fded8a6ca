"""The one prompt: the same text for training, evaluation and serving, and for the base model and the adapter.

It is plain text and not the chat template: the adapter learns whatever form it is given, plain text is shorter, and
one form keeps the comparison with the base model about the weights alone.
"""

import re

from training.sql.catalog import Catalog, Column, Table

INSTRUCTION = "Write one PostgreSQL SELECT statement that answers the question."
_FENCE = re.compile(r"```(?:sql|postgresql)?\s*(.*?)(?:```|$)", re.DOTALL | re.IGNORECASE)
# Up to what can only stand behind the statement; a semicolon inside quotes is part of a value.
_STATEMENT = re.compile(r"(?:'[^']*'|(?!;|\n\n|\nQuestion:|```).)*", re.DOTALL)
_MAX_SAMPLE_CHARACTERS = 60


def schema_prefix(catalog: Catalog) -> str:
    """Renders the schema, the long part that all prompts of one warehouse share.

    One line a table: `orders(order_id, customer_id=customers.customer_id, status:paid|open)`; `=` is a foreign key
    and `:` lists the values of a small untagged column. A column tagged as personal never shows values. Equal
    catalogs give equal text.

    Args:
        catalog: The warehouse's tables, in the catalog's order.

    Returns:
        The text, ending in a line break.
    """
    is_qualified = len(catalog.business_schemas) > 1
    lines = [_table_line(table, is_qualified) for table in catalog.tables]
    return f"{INSTRUCTION}\n" + "\n".join(lines) + "\n"


def question_suffix(question: str, instruction: str = INSTRUCTION) -> str:
    """Renders what follows the schema: the question, up to where the SQL begins.

    Args:
        question: What the person asks, in natural language.
        instruction: The pair's instruction; one that differs from the standard (which the prefix holds) is repeated
            here.

    Returns:
        The text, ending in `SQL:`; the SQL follows after one space.
    """
    extra = "" if instruction in ("", INSTRUCTION) else f"{instruction}\n"
    return f"{extra}Question: {' '.join(question.split())}\nSQL:"


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
    if column.references:
        return f"{column.name}={column.references}"
    if column.pii or not column.sample_values:
        return column.name
    samples = "|".join(column.sample_values)
    # A column with long values (free text) costs more tokens in every step than its values are worth.
    return column.name if len(samples) > _MAX_SAMPLE_CHARACTERS else f"{column.name}:{samples}"
