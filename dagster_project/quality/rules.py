"""The rules that a corpus must keep before anything trains on it; `codes.py` names and describes them.

`validate.py` runs them; the codes are the names of the Dagster checks and the key of `monitoring.corpus_quality`.
A query selects the rows that break the rule; `{batch}` is `corpus.training_pairs`, and needs a name of its own where
the query has a join: PostgreSQL 15 insists, and Great Expectations gives it one only elsewhere.
"""

import great_expectations.expectations as gxe

EXPECTED_COLUMNS = frozenset(
    {
        "pair_id", "fingerprint", "catalog_hash", "instruction", "input", "output", "origin", "question_split",
        "template_split", "execution_count", "row_count", "parity", "first_seen_at",
    }
)  # fmt: skip


class ExpectOneRowPerPair(gxe.UnexpectedRowsExpectation):
    """No pair stands twice."""

    unexpected_rows_query: str = (
        "select lower(input), output from {batch} group by lower(input), output having count(*) > 1"
    )


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


class ExpectNoTemplateLeak(gxe.UnexpectedRowsExpectation):
    """A held-out template is nowhere in training."""

    unexpected_rows_query: str = (
        "select fingerprint from {batch} group by fingerprint having count(distinct template_split) > 1"
    )


class ExpectNoQuestionLeak(gxe.UnexpectedRowsExpectation):
    """A held-out question is nowhere in training."""

    unexpected_rows_query: str = (
        "select lower(input) from {batch} group by lower(input) having count(distinct question_split) > 1"
    )


class ExpectNoConflict(gxe.UnexpectedRowsExpectation):
    """One question has one answer."""

    unexpected_rows_query: str = (
        "select lower(input) from {batch} group by lower(input) having count(distinct output) > 1"
    )


class ExpectNoDominantTemplate(gxe.UnexpectedRowsExpectation):
    """No template makes up more than a tenth of the corpus."""

    unexpected_rows_query: str = (
        "select fingerprint from {batch} group by fingerprint"
        " having count(*) > greatest(10, 0.1 * (select count(*) from {batch}))"
    )


class ExpectHeldOutParts(gxe.UnexpectedRowsExpectation):
    """There is enough held out to measure anything."""

    unexpected_rows_query: str = (
        "select part from (select count(*) as pairs,"
        " count(*) filter (where question_split = 'test') as question_test,"
        " count(*) filter (where question_split = 'dev') as dev,"
        " count(*) filter (where template_split = 'test') as template_test from {batch} as all_pairs) as sizes"
        " cross join lateral (values ('question_test', question_test), ('dev', dev), ('template_test', template_test))"
        " as parts (part, size) where size < 0.03 * pairs or size = 0"
    )


def corpus_rules(minimum_pairs: int) -> dict[str, gxe.Expectation]:
    """Returns the rules by their codes.

    Args:
        minimum_pairs: the smallest corpus worth training on.
    """
    return {
        "corpus_columns": gxe.ExpectTableColumnsToMatchSet(column_set=sorted(EXPECTED_COLUMNS), exact_match=True),
        "corpus_size": gxe.ExpectTableRowCountToBeBetween(min_value=minimum_pairs),
        "pair_id_unique": gxe.ExpectColumnValuesToBeUnique(column="pair_id"),
        "question_not_null": gxe.ExpectColumnValuesToNotBeNull(column="input"),
        "sql_not_null": gxe.ExpectColumnValuesToNotBeNull(column="output"),
        "question_length": gxe.ExpectColumnValueLengthsToBeBetween(column="input", min_value=3, max_value=500),
        "question_split_values": gxe.ExpectColumnValuesToBeInSet(
            column="question_split", value_set=["train", "dev", "test", "none"]
        ),
        "rows_returned": gxe.ExpectColumnValuesToBeBetween(column="row_count", min_value=1),
        "pair_unique": ExpectOneRowPerPair(),
        "text_not_empty": ExpectNoEmptyText(),
        "canonical_form": ExpectCanonicalForm(),
        "no_personal_value": ExpectNoPersonalValue(),
        "no_template_leak": ExpectNoTemplateLeak(),
        "no_question_leak": ExpectNoQuestionLeak(),
        "no_conflict": ExpectNoConflict(),
        "no_dominant_template": ExpectNoDominantTemplate(),
        "held_out_parts": ExpectHeldOutParts(),
    }
