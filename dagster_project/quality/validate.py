"""Runs the corpus rules with Great Expectations and keeps only counts of what it finds.

Called by the asset `raw_training/quality_results`. Rows that break a rule are counted, never shown: they may hold what
must not be in the corpus.
"""

import os
from dataclasses import dataclass

# before great_expectations is imported: it would send usage statistics
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
from sqlalchemy.engine import make_url

from dagster_project.quality.codes import RULE_DESCRIPTIONS
from dagster_project.quality.rules import corpus_rules


@dataclass(frozen=True)
class RuleResult:
    """One rule's outcome.

    Attributes:
        rule_code: the rule's stable code.
        description: what the rule asks for.
        is_success: it holds.
        observed: the observed value where the rule has one.
        unexpected_count: rows that break it; None where the rule is not about rows.
    """

    rule_code: str
    description: str
    is_success: bool
    observed: str | None
    unexpected_count: int | None


def validate_corpus(dsn: str, minimum_pairs: int) -> list[RuleResult]:
    """Validates `corpus.training_pairs`.

    Args:
        dsn: `postgresql://…` of auditune_owner.
        minimum_pairs: the smallest corpus worth training on.

    Returns:
        One result per rule, in the rules' order.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    # The driver is named, because SQLAlchemy's default may change.
    url = make_url(dsn).set(drivername="postgresql+psycopg2").update_query_dict({"options": "-csearch_path=corpus"})
    source = context.data_sources.add_postgres("warehouse", connection_string=url.render_as_string(hide_password=False))
    batch = source.add_table_asset("training_pairs", table_name="training_pairs")
    definition = batch.add_batch_definition_whole_table("all")
    rules = corpus_rules(minimum_pairs)
    suite = gx.ExpectationSuite(name="corpus")
    for code, rule in rules.items():
        rule.meta = {"code": code}
        suite.add_expectation(rule)
    suite = context.suites.add(suite)
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name="corpus", data=definition, suite=suite)
    )
    try:
        outcome = validation.run(result_format="BASIC")
    finally:  # GX leaves both of its connection pools open
        source.get_execution_engine().close()
        source.get_engine().dispose()
    results = {result.expectation_config.meta["code"]: result for result in outcome.results}
    return [_rule_result(code, rule, results[code]) for code, rule in rules.items()]


def _rule_result(code: str, rule: gx.expectations.Expectation, result) -> RuleResult:
    found = result.result or {}
    unexpected = found.get("unexpected_count")
    observed = found.get("observed_value")
    if isinstance(rule, gx.expectations.UnexpectedRowsExpectation):
        unexpected, observed = (0 if observed is None else int(observed)), None
    return RuleResult(
        rule_code=code,
        description=RULE_DESCRIPTIONS[code],
        is_success=bool(result.success),
        observed=None if observed is None else str(observed)[:200],
        unexpected_count=None if unexpected is None else int(unexpected),
    )
