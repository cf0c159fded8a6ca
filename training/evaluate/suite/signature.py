"""Which suite the variants in a database are of: a comment on each of their schemas. Called by score.py and Dagster.

A comment, because whoever reads the variants can read it: the evaluation runs as auditune_sandbox, which sees no table
of ours.
"""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from training.evaluate.suite.build import variant_schema

_BEGINNING = "Test database of auditune: a variant of the sandbox, of the suite "


def sign_variants(
    connection: psycopg.Connection, schemas: Sequence[str], names: Sequence[str], suite_hash: str
) -> None:
    """Says of variants which suite they are of.

    Args:
        connection: Of the role that owns them.
        schemas: The business schemas.
        names: The variants.
        suite_hash: Of what the suite was chosen for; letters and digits.
    """
    for schema in (variant_schema(business, name) for business in schemas for name in names):
        statement = sql.SQL("comment on schema {} is {}")
        text = sql.Literal(f"{_BEGINNING}{suite_hash}.")
        connection.execute(statement.format(sql.Identifier(schema), text))


def signed_suite(connection: psycopg.Connection, schemas: Sequence[str], names: Sequence[str]) -> str | None:
    """Reads which suite variants are of.

    Args:
        connection: Of any role.
        schemas: The business schemas.
        names: The variants.

    Returns:
        The suite's hash; None where there is no variant, one is of another suite, or one does not say.
    """
    asked = [variant_schema(schema, name) for schema in schemas for name in names]
    comments = connection.execute(
        "select pg_catalog.obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace where nspname = any(%s)",
        [asked],
    ).fetchall()
    told = {comment for (comment,) in comments}
    if len(told) != 1 or not (only := told.pop()) or not only.startswith(_BEGINNING):
        return None
    return only.removeprefix(_BEGINNING).removesuffix(".")
