"""Rules that pairs keep or break beside each other: copies, conflicts, leaks between the splits, balance.

Written like those of `pair_rules.py`.
"""

import great_expectations.expectations as gxe

from dagster_project.quality import queries


class ExpectOneRowPerPair(gxe.UnexpectedRowsExpectation):
    """No pair stands twice."""

    unexpected_rows_query: str = (
        "select lower(input), output from {batch} group by lower(input), output having count(*) > 1"
    )


class ExpectOneInstruction(gxe.UnexpectedRowsExpectation):
    """The model is always told the same, as it is when it serves."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} where instruction is distinct from"
        " (select mode() within group (order by instruction) from {batch})"
    )


class ExpectOneTemplatePerSql(gxe.UnexpectedRowsExpectation):
    """The fingerprint is computed from the SQL alone."""

    unexpected_rows_query: str = "select output from {batch} group by output having count(distinct fingerprint) > 1"


class ExpectOneShapePerTemplate(gxe.UnexpectedRowsExpectation):
    """SQL of one fingerprint differs in literals only."""

    unexpected_rows_query: str = queries.read("one_shape_per_template")


class ExpectCatalogCurrent(gxe.UnexpectedRowsExpectation):
    """No pair was proven on tables that have changed since."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} where catalog_hash is distinct from"
        " (select catalog_hash from raw_training.pair_validations order by validated_at desc limit 1)"
    )


class ExpectSplitsAgree(gxe.UnexpectedRowsExpectation):
    """A template that is held out whole is in no part of the question split."""

    unexpected_rows_query: str = (
        "select pair_id from {batch} where (template_split = 'test') is distinct from (question_split = 'none')"
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


class ExpectNoRewordedLeak(gxe.UnexpectedRowsExpectation):
    """A held-out question is not in training with a comma more."""

    unexpected_rows_query: str = (
        r"select words from (select btrim(regexp_replace(lower(input), '\W+', ' ', 'g')) as words,"
        " lower(input) as question, question_split from {batch}) as questions"
        " group by words having count(distinct question_split) > 1 and count(distinct question) > 1"
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


class ExpectDraftedShare(gxe.UnexpectedRowsExpectation):
    """Drafted questions supplement what people asked, and do not replace it."""

    unexpected_rows_query: str = (
        "select drafted from (select count(*) filter (where origin = 'drafted') as drafted, count(*) as pairs"
        " from {batch} as all_pairs) as sizes cross join staging.corpus_settings() as settings"
        " where 100.0 * drafted > settings.max_drafted_percent * pairs"
    )


class ExpectTablesCovered(gxe.UnexpectedRowsExpectation):
    """The model sees every table at work."""

    unexpected_rows_query: str = (
        "select distinct catalog.table_name from corpus.schema_catalog as catalog where not exists"
        r" (select 1 from {batch} where output ~ ('\m' || catalog.table_name || '\M'))"
    )


CORPUS_RULES: dict[str, gxe.Expectation] = {
    "pair_unique": ExpectOneRowPerPair(),
    "one_instruction": ExpectOneInstruction(),
    "one_template_per_sql": ExpectOneTemplatePerSql(),
    "one_shape_per_template": ExpectOneShapePerTemplate(),
    "catalog_current": ExpectCatalogCurrent(),
    "splits_agree": ExpectSplitsAgree(),
    "no_template_leak": ExpectNoTemplateLeak(),
    "no_question_leak": ExpectNoQuestionLeak(),
    "no_reworded_leak": ExpectNoRewordedLeak(),
    "no_conflict": ExpectNoConflict(),
    "no_dominant_template": ExpectNoDominantTemplate(),
    "held_out_parts": ExpectHeldOutParts(),
    "drafted_share": ExpectDraftedShare(),
    "tables_covered": ExpectTablesCovered(),
}
"""Code → rule."""
