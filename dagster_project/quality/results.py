"""The outcome of one rule, as the table, the checks and the pages take it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RuleResult:
    """One rule's outcome.

    Attributes:
        rule_code: the rule's stable code.
        description: what the rule asks for.
        is_success: it holds.
        is_blocking: nothing trains on a corpus that breaks it; else it is a warning.
        observed: the observed value where the rule has one.
        unexpected_count: rows that break it; None where the rule is not about rows.
    """

    rule_code: str
    description: str
    is_success: bool
    is_blocking: bool
    observed: str | None
    unexpected_count: int | None
