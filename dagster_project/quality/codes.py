"""The codes of the corpus rules and what each asks for.

Apart from the rules themselves: importing Great Expectations takes seconds, and Dagster needs only the checks' names.
"""

RULE_DESCRIPTIONS = {
    "corpus_columns": "The table has exactly the columns of its contract",
    "corpus_size": "There are enough pairs to train on (AUDITUNE_MIN_PAIRS, 300 by default)",
    "pair_id_unique": "No pair_id stands twice",
    "question_not_null": "Every pair has a question",
    "sql_not_null": "Every pair has SQL",
    "question_length": "A question has 3 to 500 characters",
    "question_split_values": "question_split is train, dev, test or none",
    "rows_returned": "Every SQL returned at least one row in the sandbox",
    "pair_unique": "Question and SQL together are unique, case of the question apart",
    "text_not_empty": "Question and SQL are not blank",
    "canonical_form": "SQL is one SELECT on one line, without semicolon, comment or double blank",
    "no_personal_value": "No value of a tagged column in question or SQL",
    "no_template_leak": "No template stands on both sides of the template split",
    "no_question_leak": "No question stands on both sides of the question split",
    "no_conflict": "No question has two different SQLs",
    "no_dominant_template": "No template has more than 10 % of the pairs",
    "held_out_parts": "Each held-out part has at least 3 % of the pairs",
}
"""Code of each rule → what it asks for. A new rule gets a new code; a code is never used again."""
