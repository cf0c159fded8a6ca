"""The rules that a corpus must keep before anything trains on it, by their codes; `codes.py` describes them.

`validate.py` runs them; the codes are the names of the Dagster checks and the key of `monitoring.corpus_quality`.
A rule of the table's form stands here, one about pairs is a class of `pair_rules.py` or `corpus_rules.py`.
"""

import great_expectations.expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

from dagster_project.quality import corpus_rules as of_corpus
from dagster_project.quality import pair_rules as of_pair
from dagster_project.quality.codes import RULES, RuleInfo

EXPECTED_COLUMNS = frozenset(
    {
        "pair_id", "fingerprint", "catalog_hash", "instruction", "input", "output", "origin", "question_split",
        "template_split", "execution_count", "row_count", "parity", "first_seen_at",
    }
)  # fmt: skip


def corpus_rules(minimum_pairs: int) -> dict[str, gxe.Expectation]:
    """Returns the rules by their codes, in the order of `codes.RULES`.

    Args:
        minimum_pairs: the smallest corpus worth training on.
    """
    rules = {**_table_rules(minimum_pairs), **of_pair.PAIR_RULES, **of_corpus.CORPUS_RULES}
    return {code: _named(rules[code], code, info) for code, info in RULES.items()}


def _named(rule: gxe.Expectation, code: str, info: RuleInfo) -> gxe.Expectation:
    # A copy, because an expectation belongs to one suite only.
    severity = "critical" if info.is_blocking else "warning"
    return rule.copy(
        update={
            "id": None,
            "meta": {"code": code},
            "severity": FailureSeverity(severity),
            "description": f"{code}: {info.description}",
        }
    )


def _table_rules(minimum_pairs: int) -> dict[str, gxe.Expectation]:
    return {
        "corpus_columns": gxe.ExpectTableColumnsToMatchSet(column_set=sorted(EXPECTED_COLUMNS), exact_match=True),
        "corpus_size": gxe.ExpectTableRowCountToBeBetween(min_value=minimum_pairs),
        "pair_id_unique": gxe.ExpectColumnValuesToBeUnique(column="pair_id"),
        "question_not_null": gxe.ExpectColumnValuesToNotBeNull(column="input"),
        "sql_not_null": gxe.ExpectColumnValuesToNotBeNull(column="output"),
        "question_split_values": gxe.ExpectColumnValuesToBeInSet(
            column="question_split", value_set=["train", "dev", "test", "none"]
        ),
        "template_split_values": gxe.ExpectColumnValuesToBeInSet(column="template_split", value_set=["train", "test"]),
        "rows_returned": gxe.ExpectColumnValuesToBeBetween(column="row_count", min_value=1),
        "rows_below_cap": gxe.ExpectColumnValuesToBeBetween(column="row_count", max_value=9_999),
        "execution_count": gxe.ExpectColumnValuesToBeBetween(column="execution_count", min_value=0),
        "pair_id_form": gxe.ExpectColumnValuesToMatchRegex(column="pair_id", regex="^[0-9a-f]{16}$"),
        "fingerprint_form": gxe.ExpectColumnValuesToMatchRegex(column="fingerprint", regex="^[0-9a-f]{64}$"),
    }
