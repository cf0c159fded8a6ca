"""The grammar of what a model may write: the canonical form over one catalog, in llguidance's dialect of Lark.

The rules stand in grammar.lark, the names come from the catalog: no other table or column can be written. What a
grammar cannot say, that a column belongs to a table of its own FROM clause, `bind` checks afterwards. Used by
constrained decoding in this process (training/constraint.py), and sent as it is to servers that take a grammar.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from training.sql.arguments import call_rules
from training.sql.catalog import Catalog
from training.sql.functions import FUNCTIONS, TYPES
from training.sql.names import needs_quotes

_RULES = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
# What names of computed columns begin with: names.py makes them of a function and a column.
_COMPUTED = sorted(name for name in FUNCTIONS if re.fullmatch(r"[a-z_]+", name))
_TYPE_NAMES = {
    "int": "integer",
    "decimal": "numeric",
    "float": "real",
    "double": "double precision",
    "bpchar": "bpchar",
}


def build_grammar(catalog: Catalog, *, allow_pii_columns: bool = True) -> str:
    """Builds the grammar of one catalog.

    Args:
        catalog: The tables and columns that may be named.
        allow_pii_columns: Whether columns that are tagged as a person's may be named.

    Returns:
        The text, equal for equal catalogs.

    Raises:
        ValueError: The catalog has no column that may be named.
    """
    is_qualified = len(catalog.business_schemas) > 1
    tables = {
        (_written(table.schema) + "." if is_qualified else "") + _written(table.name): [
            _written(column.name) for column in table.columns if allow_pii_columns or column.pii is None
        ]
        for table in catalog.tables
    }
    columns = sorted({column for names in tables.values() for column in names})
    if not columns:
        raise ValueError("The catalog has no column that may be named.")
    # A table is called in front of a column by its own name, without the schema.
    qualified = [f'"{_escaped(table.rpartition(".")[2])}." ({_any(names)})' for table, names in tables.items() if names]
    rules = [
        f"table: {_any(tables)}",
        f"column: {_any(columns)}",
        "qualified_column: " + " | ".join(sorted(qualified)),
        call_rules(),
        f"DERIVED: /(({'|'.join(_COMPUTED)})(_[a-z0-9_]{{1,40}})?|value(_[0-9]+)?|column[0-9]+)/",
        f"TYPE: {_any(sorted(_type_names()))} "
        " | /numeric\\([0-9]{1,3}(, [0-9]{1,3})?\\)|(varchar|char)\\([0-9]{1,6}\\)/",
    ]
    return _RULES + "\n" + "\n".join(rules) + "\n"


def build_answer_grammar(catalog: Catalog, *, allow_pii_columns: bool = True) -> str:
    """Builds the grammar of what is written behind the prompt.

    The prompt ends in `SQL:`, so an answer begins with a space, as the tokens of training do.

    Args:
        catalog: The tables and columns that may be named.
        allow_pii_columns: Whether columns that are tagged as a person's may be named.

    Returns:
        The text, for llguidance in this process and for servers that take a grammar.
    """
    grammar = build_grammar(catalog, allow_pii_columns=allow_pii_columns)
    return grammar.replace("start: query\n", 'start: " " query\n')


def _type_names() -> set[str]:
    names = {kind.value.lower() for kind in TYPES} - {"array"}
    return {_TYPE_NAMES.get(name, name) for name in names} | names - {"double"}


def _any(names: Iterable[str]) -> str:
    return " | ".join(f'"{_escaped(name)}"' for name in names)


def _written(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if needs_quotes(name) else name


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
