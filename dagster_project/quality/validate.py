"""Runs the corpus rules with Great Expectations and keeps only counts of what it finds.

Called by the asset `raw_training/quality_results`. Rows that break a rule are counted, never shown: they may hold what
must not be in the corpus. `documentation.py` makes the pages.
"""

import os
from collections.abc import Collection
from pathlib import Path

# before great_expectations is imported: it would send usage statistics
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
from sqlalchemy.engine import make_url

from dagster_project.quality.codes import RULES
from dagster_project.quality.documentation import write_pages
from dagster_project.quality.results import RuleResult
from dagster_project.quality.rules import corpus_rules

# Counts alone: of what breaks a rule no example is kept.
_FAILED = "the query of the rule failed"
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


def validate_corpus(
    dsn: str, minimum_pairs: int, pages: Path | None = None, codes: Collection[str] = ()
) -> list[RuleResult]:
    """Validates `corpus.training_pairs`.

    Args:
        dsn: `postgresql://…` of auditune_owner.
        minimum_pairs: the smallest corpus worth training on.
        pages: folder for the documentation pages, which are written anew; None writes none.
        codes: the rules to ask; all of them where none is named.

    Returns:
        One result per rule, in the rules' order.

    Raises:
        ValueError: A code is not that of a rule.
    """
    unknown = set(codes) - set(RULES)
    if unknown:
        raise ValueError(
            f"No rule of the corpus is called {', '.join(sorted(unknown))}: see dagster_project/quality/codes.py."
        )
    rules = {code: rule for code, rule in corpus_rules(minimum_pairs).items() if not codes or code in codes}
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    # The driver is named, because SQLAlchemy's default may change.
    url = make_url(dsn).set(drivername="postgresql+psycopg2").update_query_dict({"options": "-csearch_path=corpus"})
    source = context.data_sources.add_postgres("warehouse", connection_string=url.render_as_string(hide_password=False))
    batch = source.add_table_asset("training_pairs", table_name="training_pairs")
    definition = batch.add_batch_definition_whole_table("all")
    suite = gx.ExpectationSuite(name="corpus")
    for rule in rules.values():
        suite.add_expectation(rule)
    suite = context.suites.add(suite)
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name="corpus", data=definition, suite=suite)
    )
    try:
        outcome = validation.run(result_format=_RESULT_FORMAT)
    finally:  # GX leaves both of its connection pools open
        source.get_execution_engine().close()
        source.get_engine().dispose()
    for result in outcome.results:  # what the server says of a query that fails may quote a row
        if _has_failed(result):
            result.exception_info = {"raised_exception": False}
            result.result = {"observed_value": _FAILED}
    (key,) = context.validation_results_store.list_keys()
    context.validation_results_store.set(key, outcome)
    by_code = {result.expectation_config.meta["code"]: result for result in outcome.results}
    results = [_rule_result(code, rule, by_code[code]) for code, rule in rules.items()]
    if pages is not None:
        write_pages(context, results, pages)
    return results


def _has_failed(result) -> bool:
    """Whether the rule could not be asked at all."""
    raised = result.exception_info or {}
    return any(entry.get("raised_exception") for entry in [raised, *raised.values()] if isinstance(entry, dict))


def _rule_result(code: str, rule: gx.expectations.Expectation, result) -> RuleResult:
    found = result.result or {}
    unexpected = found.get("unexpected_count")
    observed = found.get("observed_value")
    if isinstance(rule, gx.expectations.UnexpectedRowsExpectation) and observed != _FAILED:
        unexpected, observed = (0 if observed is None else int(observed)), None
    return RuleResult(
        rule_code=code,
        description=RULES[code].description,
        is_success=bool(result.success),
        is_blocking=RULES[code].is_blocking,
        observed=None if observed is None else str(observed)[:200],
        unexpected_count=None if unexpected is None else int(unexpected),
    )
