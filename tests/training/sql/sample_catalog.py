"""The catalog of the sample business, read from its DDL: what the warehouse's would be, without a server."""

import re
from collections import defaultdict

from sqlglot import exp, parse

from dagster_project.embedded.settings import REPOSITORY
from training.sql.catalog import Catalog, Column, Table

_DDL = REPOSITORY / "dagster_project" / "sample" / "schema.sql"
_TYPES = {"INT": "integer", "TEXT": "text", "DATE": "date", "BOOLEAN": "boolean"}


def sample_catalog() -> Catalog:
    """The tables of schema `shop` with keys and comments."""
    statements = parse(_DDL.read_text(), read="postgres")
    comments: dict[tuple[str, str], str] = defaultdict(str)
    for comment in (statement for statement in statements if isinstance(statement, exp.Comment)):
        name = comment.this.sql().split(".") + [""]
        comments[name[0], name[1]] = comment.expression.name
    created = [s for s in statements if isinstance(s, exp.Create) and isinstance(s.this, exp.Schema)]
    keys = {create.this.this.name: _key(create) for create in created}
    tables = [
        Table(
            "shop",
            create.this.this.name,
            comments[create.this.this.name, ""] or None,
            tuple(_column(item, create.this.this.name, keys, comments) for item in create.find_all(exp.ColumnDef)),
        )
        for create in created
    ]
    return Catalog(tuple(sorted(tables, key=lambda table: table.name)))


def _key(create: exp.Create) -> str:
    return next(item.name for item in create.find_all(exp.ColumnDef) if "PRIMARY KEY" in item.sql())


def _column(item: exp.ColumnDef, table: str, keys: dict[str, str], comments: dict[tuple[str, str], str]) -> Column:
    text = item.sql("postgres")
    found = re.search(r"REFERENCES (\w+)", text)
    kind = item.kind.sql("postgres")
    return Column(
        name=item.name,
        type=_TYPES.get(kind, "numeric"),
        is_nullable="NOT NULL" not in text,
        is_primary_key="PRIMARY KEY" in text,
        references=f"{found[1]}.{keys[found[1]]}" if found else None,
        comment=comments[table, item.name] or None,
    )
