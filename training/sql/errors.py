"""The reasons why a statement is refused, each with a stable code that the warehouse stores.

Raised by `parse`, `bind` and `canonical`; caught by the guard and by the pipeline's validation.
Messages never quote the statement: a literal, or a name in double quotes, may be a person's data.
"""


class SqlError(ValueError):
    """A statement that cannot be used. `code` is stable and is what reports and tables store."""

    code = "sql_error"


class ParseFailure(SqlError):
    """The text is not PostgreSQL that the parser understands."""

    code = "not_parseable"


class NotOneSelect(SqlError):
    """The text is empty, several statements, or something other than a query."""

    code = "not_one_select"


class UnknownRelation(SqlError):
    """A table, or a qualifier of a column, is neither in the catalog nor defined in the statement."""

    code = "unknown_relation"


class AmbiguousRelation(SqlError):
    """A table without a schema is in several business schemas, and no search path says which is meant."""

    code = "ambiguous_relation"


class UnknownColumn(SqlError):
    """A column is in none of the relations that it could belong to."""

    code = "unknown_column"


class AmbiguousColumn(SqlError):
    """A column without a qualifier is in several relations of one FROM clause."""

    code = "ambiguous_column"


class UnsupportedSyntax(SqlError):
    """Valid PostgreSQL that the canonical form has no spelling for."""

    code = "unsupported_syntax"
