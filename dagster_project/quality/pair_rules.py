"""Rules that a pair keeps or breaks by itself.

A query selects the rows that break the rule. `{batch}` is `corpus.training_pairs`; it needs a name of its own where the
query has a join, because PostgreSQL 15 insists, and may have none elsewhere, because Great Expectations gives it one
there. Braces of a regular
expression are doubled; a character class such as [:alpha:] is not for here, because SQLAlchemy takes `:alpha` for a
parameter.
"""

import great_expectations.expectations as gxe

from dagster_project.quality import queries


class ExpectQuestionLength(gxe.UnexpectedRowsExpectation):
    """A question is neither a word nor a page."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} as pairs cross join staging.corpus_settings() as settings"
        " where char_length(input) not between settings.min_question_characters and settings.max_question_characters"
    )


class ExpectSqlLength(gxe.UnexpectedRowsExpectation):
    """The SQL fits the training sequence."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} as pairs cross join staging.corpus_settings() as settings"
        " where char_length(output) > settings.max_sql_characters"
    )


class ExpectKnownOrigin(gxe.UnexpectedRowsExpectation):
    """It is known who said that the question belongs to the SQL."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} as pairs cross join staging.corpus_settings() as settings"
        " where origin is null or origin <> all (settings.origins)"
    )


class ExpectFirstSeenInPast(gxe.UnexpectedRowsExpectation):
    """A pair was seen already; a day is left for clocks that differ."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} where first_seen_at is null or first_seen_at > now() + interval '1 day'"
    )


class ExpectParity(gxe.UnexpectedRowsExpectation):
    """Pseudonyms changed nothing that the query asks for."""

    unexpected_rows_query: str = "select pair_id from {batch} where parity is distinct from 'equal'"


class ExpectNoEmptyText(gxe.UnexpectedRowsExpectation):
    """Question and SQL say something."""

    unexpected_rows_query: str = "select pair_id from {batch} where btrim(input) = '' or btrim(output) = ''"


class ExpectCanonicalForm(gxe.UnexpectedRowsExpectation):
    """The SQL looks canonical: one line, one statement, no comment."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} as pairs cross join lateral staging.sql_tokens(output) as tokens"
        " where output !~ '^(select|with) ' or tokens.kind = 'comment' or tokens.token = ';'"
        " or (tokens.kind = 'space' and tokens.token <> ' ')"
    )


class ExpectNoPersonalValue(gxe.UnexpectedRowsExpectation):
    """Nothing in a pair is a value of a tagged column or matches a pattern, surrogates apart."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} where privacy.holds_personal_value(input) or privacy.holds_personal_value(output)"
    )


class ExpectNoPlaceholder(gxe.UnexpectedRowsExpectation):
    """Nobody forgot to fill in a template."""

    unexpected_rows_query: str = (
        "select pair_id from {batch}"
        r" where input ~ '[{{][^}}]*[}}]|[$][{{]|%[(]\w+[)]s|(^|\s)%s\M'"
        " or exists (select from staging.sql_tokens(output) as tokens"
        " where tokens.kind = 'parameter' or tokens.token in ('?', '{{', '}}'))"
    )


class ExpectNoControlCharacters(gxe.UnexpectedRowsExpectation):
    """What is read is what stands there: no control characters, none without width, none that turn the line round."""

    unexpected_rows_query: str = (
        r"select pair_id from {batch} where input || coalesce(output, '') ~"
        r" '[\u0001-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]'"
    )


class ExpectQuestionIsNoSql(gxe.UnexpectedRowsExpectation):
    """A question is asked in words."""

    unexpected_rows_query: str = r"select pair_id from {batch} where input ~* '^\s*\(*\s*(select|with)\M.*\mfrom\M'"


class ExpectQuestionShowsNoSql(gxe.UnexpectedRowsExpectation):
    """A question does not hold its own answer."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} where btrim(output) <> '' and position(lower(output) in lower(input)) > 0"
    )


class ExpectKnownTables(gxe.UnexpectedRowsExpectation):
    """The SQL reads what the catalog has."""

    unexpected_rows_query: str = queries.read("known_tables")


PAIR_RULES: dict[str, gxe.Expectation] = {
    "question_length": ExpectQuestionLength(),
    "sql_length": ExpectSqlLength(),
    "known_origin": ExpectKnownOrigin(),
    "first_seen_in_past": ExpectFirstSeenInPast(),
    "parity_equal": ExpectParity(),
    "text_not_empty": ExpectNoEmptyText(),
    "canonical_form": ExpectCanonicalForm(),
    "no_personal_value": ExpectNoPersonalValue(),
    "no_placeholder": ExpectNoPlaceholder(),
    "no_control_characters": ExpectNoControlCharacters(),
    "question_is_no_sql": ExpectQuestionIsNoSql(),
    "question_shows_no_sql": ExpectQuestionShowsNoSql(),
    "known_tables": ExpectKnownTables(),
}
"""Code → rule."""
