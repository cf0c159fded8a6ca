"""The longer queries of the rules, one `.sql` file each, named by the rule's code."""

from pathlib import Path


def read(rule_code: str) -> str:
    """Returns the query that selects what breaks a rule.

    Args:
        rule_code: the rule's code, and the file's name.
    """
    return Path(__file__).with_name(f"{rule_code}.sql").read_text(encoding="utf-8")
