"""Which of several answers to a question is taken: the one given most often among those that the guard accepts.

Where candidates are run, it is the one whose result most of them give (self-consistency by execution; Shi et al. 2022,
Natural language to code translation with execution).
Without torch: used by checked.py on a model in this process, and by the API on models of other processes.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog
from training.sql.compare import same_result
from training.sql.errors import SqlError
from training.sql.guard import check
from training.sql.sandbox import Execution

DRAWS = 8
TEMPERATURE = 0.7
_DATE = re.compile(r"\bdate '(\d{4}-\d\d-\d\d)'")


def may_run(sql: str, catalog: Catalog) -> bool:
    """Tells whether an answer can be taken as it is.

    Args:
        sql: What a model wrote.
        catalog: The tables that it may read.

    Returns:
        True where the guard accepts it and its dates are dates.
    """
    return check(sql, catalog).allowed and all(map(_is_date, _DATE.findall(sql)))


def choose(first: str, drawn: Sequence[str], catalog: Catalog) -> str:
    """Chooses among answers of which the first is not accepted.

    Args:
        first: The most likely answer, which stands where no other is accepted.
        drawn: Others; those that mean the same are counted together.
        catalog: The tables that they may read.

    Returns:
        An accepted answer in canonical form, or the first.
    """
    accepted = Counter(form for sql in drawn if (form := accepted_form(sql, catalog)) is not None)
    return accepted.most_common(1)[0][0] if accepted else first


@dataclass(frozen=True)
class Candidate:
    """An answer that the guard accepts.

    Attributes:
        sql: In canonical form.
        votes: How many answers have that form.
        log_probability: Of the likeliest of them; minus infinity where the engine does not tell.
    """

    sql: str
    votes: int
    log_probability: float


def distinct(drafts: Sequence[str], log_probabilities: Sequence[float | None], catalog: Catalog) -> list[Candidate]:
    """Counts answers that mean the same as one.

    Args:
        drafts: All answers to one question, the most likely first.
        log_probabilities: Of each; may be empty.
        catalog: The tables that they may read.

    Returns:
        Those that the guard accepts, in the order of their first appearance.
    """
    found: dict[str, Candidate] = {}
    for place, draft in enumerate(drafts):
        form = accepted_form(draft, catalog)
        if form is None:
            continue
        known = log_probabilities[place] if place < len(log_probabilities) else None
        value = float("-inf") if known is None else known
        before = found.get(form, Candidate(form, 0, value))
        found[form] = Candidate(form, before.votes + 1, max(before.log_probability, value))
    return list(found.values())


def choose_by_result(candidates: Sequence[Candidate], executions: Sequence[Execution | None]) -> int:
    """Chooses the answer whose result most answers give.

    Results are equal as multisets of rows (`compare`); one that was cut at a cap is equal to no other. What failed, or
    was not run, has no vote.

    Args:
        candidates: At least one.
        executions: What each did; None where it was not run.

    Returns:
        The place of the likeliest candidate of the largest group; of equally large ones, of the one that has the
        likeliest. Where none ran, the place of the first of those given most often.
    """
    ran = [place for place, done in enumerate(executions) if done is not None and done.rows is not None]
    if not ran:
        return max(range(len(candidates)), key=lambda place: candidates[place].votes)
    groups: list[list[int]] = []
    for place in ran:
        alike = (group for group in groups if same_result(executions[group[0]], executions[place], ordered=False))
        group = next(alike, None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)

    def best(group: list[int]) -> int:
        return max(group, key=lambda place: candidates[place].log_probability)

    return best(
        max(groups, key=lambda g: (sum(candidates[place].votes for place in g), candidates[best(g)].log_probability))
    )


def accepted_form(sql: str, catalog: Catalog) -> str | None:
    """The canonical form of an answer that the guard accepts; None for one that it refuses."""
    if not may_run(sql, catalog):
        return None
    try:
        return canonicalize(sql, catalog)
    except SqlError:
        return sql


def _is_date(text: str) -> bool:
    """Whether a literal of a date's form is one: a model that counts months up to 13 writes some that are not."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
