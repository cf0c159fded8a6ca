"""Whether the held-out pairs are new to a model: what training saw of their templates and of their wording.

Called by audit.py; summary.py reports accuracy on questions with a known wording and a new one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from training.data import Dataset, Pair
from training.sql.canonical import fingerprint
from training.sql.errors import SqlError

NEAR = 90.0  # of 100: about one word of ten changed
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Leaks:
    """What training knows of one held-out part.

    Attributes:
        templates: Ids of its pairs whose SQL template stands in training.
        questions: Ids of its pairs whose question, but for case and punctuation, stands in training.
        near: Ids of its pairs with a near-duplicate question in training, the same ones included.
    """

    templates: frozenset[str]
    questions: frozenset[str]
    near: frozenset[str]


def find_leaks(dataset: Dataset, held_out: Sequence[Pair]) -> Leaks:
    """Compares held-out pairs with those that the adapter learns from, or that choose its checkpoint.

    Two questions are near duplicates where rapidfuzz's token_sort_ratio (the share of characters that stay when one
    becomes the other, their words sorted) is at least `NEAR`.

    Args:
        dataset: The data set.
        held_out: The pairs of one held-out part, at least one.
    """
    known = (*dataset.training, *dataset.validation)
    templates = {_template(pair.sql) for pair in known}
    known_words = [_words(pair.question) for pair in known]
    words = [_words(pair.question) for pair in held_out]
    similarity = process.cdist(  # (held out, known)
        words, known_words, scorer=fuzz.token_sort_ratio, score_cutoff=NEAR
    )
    seen = set(known_words)
    return Leaks(
        templates=frozenset(pair.id for pair in held_out if _template(pair.sql) in templates),
        questions=frozenset(pair.id for pair, text in zip(held_out, words, strict=True) if text in seen),
        near=frozenset(pair.id for pair, best in zip(held_out, similarity.max(axis=1), strict=True) if best >= NEAR),
    )


@cache
def _template(sql: str) -> str:
    try:
        return fingerprint(sql)
    except SqlError:
        return sql


def _words(question: str) -> str:
    return " ".join(_WORD.findall(question.casefold()))
