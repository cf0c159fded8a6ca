"""Challenger against champion: on each split, on all variants of the sandbox, and in each category. Pure.

A whole split must not be worse beyond noise (exact McNemar test, 5 %). A category may lose up to `MARGIN`, because a
better model may well give up a little somewhere. Its pairs are few, so it has one of three ends:

- it is not inferior: the 95 % interval of the difference (Tango's, for pairs) lies above -MARGIN;
- it is inferior, which refuses: the loss is larger than MARGIN and beyond noise;
- it is open: its pairs cannot tell.

So that many small tests do not refuse by chance what is equally good, the categories of both splits are one family of
tests, which errs at 5 % at most (Tarone's factor; a category in which few answers differ counts for nothing, for it
could not refuse). And so that a category with few pairs does not pass unseen, all categories with fewer than
`FEW_PAIRS` are judged once more together, on the union of their pairs. Which they are is settled by their sizes alone,
before any answer is looked at.
"""

from dataclasses import dataclass

from training.evaluate.statistics import tarone_factor
from training.gate.comparison import SIGNIFICANCE, Comparison, compare
from training.gate.finding import Finding, Verdict
from training.gate.scorecard import ALL, SUITE_ACCURACY, Scorecard

MARGIN = 0.10  # of a category's pairs
FEW_PAIRS = 35  # on fewer even two models that never differ are not proven alike within MARGIN: z²(1 - M)/M = 34.6
SMALL_CATEGORIES = "small categories"
OTHER_SUITE = "the champion was judged by other test databases than the challenger"


@dataclass(frozen=True)
class _Member:
    """One test of the family: what it is about, how it came out, and why it could not be made where it is None."""

    rule: str
    split: str
    category: str
    comparison: Comparison | None
    margin: float
    lacking: str = "the champion has no figure"


def against_champion(challenger: Scorecard, champion: Scorecard, splits: list[str]) -> list[Finding]:
    """Compare a challenger with the champion in every respect but time and security.

    Args:
        challenger: The new adapter.
        champion: The present one.
        splits: Those that the challenger was measured on.

    Returns:
        Findings on whole splits first, then of the family: variants, categories, small categories together.
    """
    whole = [_whole_split(challenger, champion, split) for split in splits]
    family = [member for split in splits for member in _family(challenger, champion, split)]
    least = [member.comparison.least_p_value for member in family if member.comparison is not None]
    factor = tarone_factor(least, SIGNIFICANCE)
    return whole + [_judge(member, factor) for member in family]


def _whole_split(challenger: Scorecard, champion: Scorecard, split: str) -> Finding:
    rule, comparison = "not_worse_than_champion", compare(challenger, champion, split)
    if comparison is None:
        note = f"the champion was not measured on the {split}"
        return Finding(rule, split, ALL, Verdict.NOT_COMPARED, note)
    if comparison.is_worse():
        note = f"it is worse than the champion on the {split} ({comparison.text})"
        return Finding.of_comparison(rule, split, ALL, Verdict.REFUSES, note, comparison)
    return Finding.of_comparison(rule, split, ALL, Verdict.PASSES, comparison.text, comparison)


def _family(challenger: Scorecard, champion: Scorecard, split: str) -> list[_Member]:
    members = [_on_all_variants(challenger, champion, split)]
    small: list[str] = []
    for category in challenger.categories(split):
        comparison = compare(challenger, champion, split, category=category)
        members.append(_Member("not_inferior_in_category", split, category, comparison, MARGIN))
        if comparison is None or comparison.n < FEW_PAIRS:
            small.append(category)
    if len(small) > 1:
        answers = challenger.answers[split]
        pairs = {pair for pair, answer in answers.items() if not answer.categories.isdisjoint(small)}
        together = compare(challenger, champion, split, within=pairs)
        members.append(_Member("not_inferior_in_small_categories", split, SMALL_CATEGORIES, together, MARGIN))
    return members


def _on_all_variants(challenger: Scorecard, champion: Scorecard, split: str) -> _Member:
    rule = "not_worse_on_all_variants"
    comparison = compare(challenger, champion, split, metric=SUITE_ACCURACY)
    if comparison is None:
        lacking = "the champion" if challenger.score(split, SUITE_ACCURACY) is not None else "the challenger"
        return _Member(rule, split, ALL, None, 0.0, f"{lacking} has no figure")
    if challenger.suite_hash is None or challenger.suite_hash != champion.suite_hash:
        return _Member(rule, split, ALL, None, 0.0, OTHER_SUITE)
    return _Member(rule, split, ALL, comparison, 0.0)


def _judge(member: _Member, factor: int) -> Finding:
    rule, split, category, comparison = member.rule, member.split, member.category, member.comparison
    where = {
        ALL: f"on all variants of the sandbox, {split}",
        SMALL_CATEGORIES: f"in the small categories of the {split}",
    }
    place = where.get(category, f"in the category {category} of the {split}")
    if comparison is None:
        note = member.lacking if member.lacking == OTHER_SUITE else f"{member.lacking} {place}"
        return Finding(rule, split, category, Verdict.NOT_COMPARED, note)
    if comparison.is_worse(factor) and comparison.difference < -member.margin:
        verdict, note = Verdict.REFUSES, f"it is worse than the champion {place} ({comparison.text})"
    elif member.margin == 0:
        verdict, note = Verdict.PASSES, comparison.text
    elif comparison.low > -member.margin:
        verdict, note = Verdict.PASSES, f"proven not inferior ({comparison.text})"
    elif category != SMALL_CATEGORIES and comparison.n < FEW_PAIRS:
        verdict, note = Verdict.OPEN, f"few pairs, judged with other small ones ({comparison.text})"
    else:
        verdict, note = Verdict.OPEN, f"too few pairs to tell ({comparison.text})"
    return Finding.of_comparison(rule, split, category, verdict, note, comparison, factor)
