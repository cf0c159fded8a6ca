"""Every code that keeps a pair out of the corpus is one of the documented list, wherever it is given."""

import csv
import re
from pathlib import Path

from dagster_project.embedded.settings import REPOSITORY
from training.sql.errors import SqlError

SEED = REPOSITORY / "dbt_project" / "seeds" / "rejection_reasons.csv"
GIVEN_BY = {  # where codes stand in the source
    "training/sql/guard.py": r'_Blocked\(\s*"(\w+)"',
    "training/sql/validate.py": r'(?:PairVerdict\(|reason = |None, |: )"(\w+)"',
    "dagster_project/corpus/validation.py": r'reason = (?:reason or )?"(\w+)"',
    "dagster_project/corpus/import_lines.py": r'(?:rejection=|return |value, |question, |sql, )"(\w+)"',
    "dagster_project/corpus/import_pairs.py": r'rejection="(\w+)"',
    "dbt_project/models/intermediate/corpus/int_pairs_judged.sql": r"then '(\w+)'",
}
# The guard may be asked to keep tagged columns from the reader; the validation does not ask that.
NOT_GIVEN = {"pii_column"}


def listed() -> set[str]:
    with SEED.open(newline="") as file:
        return {row["code"] for row in csv.DictReader(file)}


def given(path: str) -> set[str]:
    found = set(re.findall(GIVEN_BY[path], Path(REPOSITORY / path).read_text())) - NOT_GIVEN
    return {f"blocked_{code}" for code in found} if path.endswith("guard.py") else found


def test_every_code_that_is_given_is_listed() -> None:
    errors = {kind.code for kind in SqlError.__subclasses__() if kind.__module__ == SqlError.__module__}
    everywhere = set.union(errors, *(given(path) for path in GIVEN_BY))

    assert all(given(path) for path in GIVEN_BY)
    assert everywhere - listed() == set()


def test_the_codes_that_reports_rely_on_are_listed() -> None:
    assert {
        "not_parseable", "not_one_select", "unknown_relation", "unknown_column", "runtime_error", "timeout",
        "empty_result", "non_deterministic", "question_is_sql", "contains_pii", "duplicate", "conflict", "too_long",
        "control_characters", "placeholder_left", "wrong_dialect",
    } <= listed()  # fmt: skip
