"""A decision of the gate as Markdown, for people. Pure; called by storing.py, which draws the pictures beside it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.gate.decision import SLOWEST, GateDecision
from training.gate.finding import Finding, Verdict
from training.gate.non_inferiority import FEW_PAIRS, MARGIN
from training.gate.scorecard import SPLITS, JudgedAnswer, Scorecard

REPORT_FILE = "report.md"
RIGHT, UNKNOWN = "right", "wrong, class unknown"
COLUMNS = ("rule", "split", "category", "verdict", "n", "challenger", "opponent", "difference", "p", "why")


@dataclass(frozen=True)
class Subject:
    """Who was judged, and against whom.

    Attributes:
        adapter_id: The challenger.
        run_id: The run that trained it.
        base_model: What it adapts.
        dataset_hash: What it was trained on.
        champion_id: The champion at that time; None where there was none.
    """

    adapter_id: str
    run_id: str
    base_model: str
    dataset_hash: str
    champion_id: str | None


@dataclass(frozen=True)
class Confusion:
    """What became of the same pairs with the challenger and its opponent.

    Attributes:
        opponent: `champion`, or `base` where no pair is shared with a champion.
        classes: `right` and each class of errors that occurs.
        counts: By split, the number of pairs by the opponent's class and the challenger's.
    """

    opponent: str
    classes: tuple[str, ...]
    counts: dict[str, Counter[tuple[str, str]]]


def table_rows(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Writes findings as the rows of a table, by `COLUMNS`; Dagster shows the same.

    Args:
        findings: In the order of the table.
    """
    return [dict(zip(COLUMNS, _cells(finding), strict=True)) for finding in findings]


def confusion(challenger: Scorecard, champion: Scorecard | None, base: Scorecard) -> Confusion | None:
    """Counts how often the challenger ended otherwise than the champion did, or the base model.

    Args:
        challenger: The new adapter's answers.
        champion: The champion's, None where there is none.
        base: The base model's.

    Returns:
        The counts; None where no pair is shared with either.
    """
    for opponent, other in (("champion", champion), ("base", base)):
        if other is None:
            continue
        counts = {
            split: Counter(
                (_class_of(other.answers[split][pair]), _class_of(answer))
                for pair, answer in challenger.answers[split].items()
                if pair in other.answers[split]
            )
            for split in SPLITS
            if split in challenger.answers and split in other.answers
        }
        found = {name for cells in counts.values() for pair in cells for name in pair}
        if found:
            return Confusion(opponent, (RIGHT, *sorted(found - {RIGHT})), counts)
    return None


def report(subject: Subject, decision: GateDecision, pictures: Sequence[tuple[str, str]]) -> str:
    """Writes the report.

    Args:
        subject: Who was judged.
        decision: The verdict with its findings.
        pictures: Caption and file name of each picture beside the report.

    Returns:
        Markdown. Neither a question nor SQL stands in it.
    """
    verdict = "promoted" if decision.is_promoted else "not promoted"
    champion = "none yet" if subject.champion_id is None else f"`{subject.champion_id}`"
    by_category = [finding for finding in decision.findings if finding.rule.startswith("not_inferior")]
    general = [finding for finding in decision.findings if finding not in by_category]
    lines = [
        f"# Release gate: adapter {subject.adapter_id} {verdict}",
        "",
        decision.reason,
        "",
        f"- run `{subject.run_id}` on the data set `{subject.dataset_hash}`, base model `{subject.base_model}`",
        f"- champion at that time: {champion}",
        "",
        "## Rules",
        "",
        *markdown_table(table_rows(general)),
    ]
    for split in SPLITS:
        rows = [finding for finding in by_category if finding.split == split]
        if rows:
            columns = [name for name in COLUMNS if name not in ("rule", "split")]
            table = [{name: row[name] for name in columns} for row in table_rows(rows)]
            lines += ["", f"## By category, {split.replace('_', ' ')}", "", *markdown_table(table)]
    missing = decision.of(Verdict.NOT_COMPARED)
    if missing:
        lines += ["", "## What could not be compared", ""]
        lines += [f"- `{finding.rule}`, {finding.split}, {finding.category}: {finding.note}" for finding in missing]
    for caption, name in pictures:
        lines += ["", f"## {caption}", "", f"![{caption}]({name})"]
    return "\n".join([*lines, "", "## How it was judged", "", _METHOD, ""])


def markdown_table(rows: Sequence[dict[str, str]]) -> list[str]:
    """Lays rows out as a Markdown table.

    Args:
        rows: All with the same columns; at least one.
    """
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return lines + ["| " + " | ".join(row[name].replace("|", "\\|") for name in columns) + " |" for row in rows]


_METHOD = f"""Differences are challenger minus opponent, in points, on the pairs that both answered, with 95 % intervals
(Tango 1998); p is of the exact McNemar test, two-sided. Where fewer than 20 pairs are shared, and there are more, the
shares of all pairs are compared (Fisher's exact test, Newcombe's interval). A whole split must not be worse beyond
noise (p below 5 %).

A category is refused where more than {MARGIN:.0%} of its pairs are lost, beyond noise; it passes where the interval
proves that less is lost; else it is open. All categories and the variants are one family of tests: p is multiplied by
Tarone's factor (1990), so that an equal model is refused by any of them at most once in twenty. Categories with fewer
than {FEW_PAIRS} pairs, on which nothing can be proven alone, are judged once more together.

Time is refused where it is more than {SLOWEST} times the champion's, and beyond noise (bootstrap over pairs). The base
model answered the same questions in both evaluations: what it took longer, the machine was slower, and that is divided
out."""


def _cells(finding: Finding) -> list[str]:
    is_time = finding.rule == "latency"
    number = "{:.0f} ms" if is_time else "{:.1%}"
    values = ["–" if value is None else number.format(value) for value in (finding.challenger, finding.opponent)]
    difference = "–"
    if finding.low is not None and is_time:
        difference = f"× {finding.ratio:.2f} [{finding.low:.2f}, {finding.high:.2f}]"
    elif finding.low is not None and finding.opponent is not None:
        points = [100 * value for value in (finding.challenger - finding.opponent, finding.low, finding.high)]
        difference = "{:+.1f} [{:+.1f}, {:+.1f}]".format(*points)
    elif finding.low is not None:
        values[0] += f" [{finding.low:.1%}, {finding.high:.1%}]"
    p_value = finding.p_value if finding.p_value_adjusted is None else finding.p_value_adjusted
    where = [finding.rule, finding.split, finding.category, str(finding.verdict)]
    n, p = "–" if finding.n is None else str(finding.n), "–" if p_value is None else f"{p_value:.3f}"
    return [*where, n, *values, difference, p, finding.note]


def _class_of(answer: JudgedAnswer) -> str:
    return RIGHT if answer.is_right else answer.error_class or UNKNOWN
