"""The codes of the corpus rules, what each asks for, and whether training waits for it.

Apart from the rules themselves: importing Great Expectations takes seconds, and Dagster needs only the checks' names.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class RuleInfo:
    """What is known of a rule without running it.

    Attributes:
        description: what the rule asks for, in one sentence without a full stop.
        is_blocking: nothing trains on a corpus that breaks it; else it is a warning.
    """

    description: str
    is_blocking: bool = True


RULES = {
    # the table
    "corpus_columns": RuleInfo("The table has exactly the columns of its contract"),
    "corpus_size": RuleInfo("There are enough pairs to train on (AUDITUNE_MIN_PAIRS, 300 by default)"),
    "pair_id_unique": RuleInfo("No pair_id stands twice"),
    "question_not_null": RuleInfo("Every pair has a question"),
    "sql_not_null": RuleInfo("Every pair has SQL"),
    "question_length": RuleInfo("A question is as long as the dbt vars min_ and max_question_characters allow"),
    "question_split_values": RuleInfo("question_split is train, dev, test or none"),
    "template_split_values": RuleInfo("template_split is train or test"),
    "rows_returned": RuleInfo("Every SQL returned at least one row in the sandbox"),
    "rows_below_cap": RuleInfo("No SQL returned as many rows as the sandbox reads, 10,000", is_blocking=False),
    "parity_equal": RuleInfo("Every SQL finds in the sandbox what its statement finds on the business"),
    "execution_count": RuleInfo("execution_count is 0 or more"),
    "first_seen_in_past": RuleInfo("No pair was first seen later than a day from now", is_blocking=False),
    "known_origin": RuleInfo("origin is one of those of the dbt macro pair_origins"),
    "pair_id_form": RuleInfo("A pair_id is 16 hex digits"),
    "fingerprint_form": RuleInfo("A fingerprint is 64 hex digits"),
    # a pair
    "pair_unique": RuleInfo("Question and SQL together are unique, case of the question apart"),
    "text_not_empty": RuleInfo("Question and SQL are not blank"),
    "canonical_form": RuleInfo("SQL is one SELECT on one line, without semicolon, comment or double blank"),
    "sql_length": RuleInfo("SQL is at most as long as the dbt var max_sql_characters says"),
    "no_personal_value": RuleInfo("No value of a tagged column in question or SQL"),
    "no_placeholder": RuleInfo("No placeholder is left in question or SQL, such as {name}, %s or $1"),
    "no_control_characters": RuleInfo("No control or invisible character in question or SQL"),
    "question_is_no_sql": RuleInfo("No question is a query"),
    "question_shows_no_sql": RuleInfo("No question holds its own answer"),
    "known_tables": RuleInfo("SQL reads tables of corpus.schema_catalog, at least one and no other"),
    # pairs beside each other
    "one_instruction": RuleInfo("All pairs have the same instruction"),
    "one_template_per_sql": RuleInfo("The same SQL has the same fingerprint"),
    "one_shape_per_template": RuleInfo("SQL of one fingerprint uses the same words, literals apart", is_blocking=False),
    "catalog_current": RuleInfo("All pairs were validated against the catalog of the latest validation"),
    "splits_agree": RuleInfo("question_split is none exactly where template_split is test"),
    "no_template_leak": RuleInfo("No template stands on both sides of the template split"),
    "no_question_leak": RuleInfo("No question stands on both sides of the question split"),
    "no_reworded_leak": RuleInfo("No question is on both sides with other punctuation or blanks", is_blocking=False),
    "no_conflict": RuleInfo("No question has two different SQLs"),
    "no_dominant_template": RuleInfo("No template has more than 10 % of the pairs"),
    "held_out_parts": RuleInfo("Each held-out part has at least 3 % of the pairs"),
    "drafted_share": RuleInfo("Drafted questions are at most the share that the dbt var max_drafted_percent allows"),
    "tables_covered": RuleInfo("Every business table is in the SQL of at least one pair", is_blocking=False),
}  # fmt: skip
"""Code of each rule → what is known of it. A new rule gets a new code; a code is never used again."""
