"""One fold of a cross-validation inside the benchmark's train and dev parts. Called by ablations.py.

A fifth of the templates is held out with all their pairs, and of the other pairs a fifth of the questions; an adapter
learns from the rest. A pair that is in a test part of either split is in no fold.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from training.benchmarks.text_to_sql.dataset import CanonicalPair, words_of
from training.benchmarks.text_to_sql.source import SPLITS
from training.errors import BadInput

FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """The pairs to learn from, and the two parts to judge on."""

    training: tuple[CanonicalPair, ...]
    questions: tuple[CanonicalPair, ...]
    templates: tuple[CanonicalPair, ...]

    def with_raw_sql(self) -> "Fold":
        """The same with the SQL to learn as the benchmark writes it; what is judged stays as it is."""
        return replace(self, training=tuple(replace(pair, sql=pair.source.sql) for pair in self.training))


def cut_fold(pairs: Sequence[CanonicalPair], number: int) -> Fold:
    """Cuts a fold; the same pairs give the same fold.

    Args:
        pairs: All pairs of the benchmark.
        number: 0 to 4.

    Returns:
        The fold.

    Raises:
        BadInput: A part of it is empty.
    """
    pool = [pair for pair in pairs if all(pair.source.parts[split] != "test" for split in SPLITS)]
    templates = [pair for pair in pool if _is_drawn(pair.template, number)]
    known = [pair for pair in pool if not _is_drawn(pair.template, number)]
    questions = [pair for pair in known if _is_drawn(pair.source.id, number)]
    judged = {words_of(pair) for pair in (*templates, *questions)}
    training = [pair for pair in known if words_of(pair) not in judged]
    if not (training and questions and templates):
        raise BadInput("The train and dev parts of the benchmark have too few pairs to cut a fold from them.")
    return Fold(tuple(training), tuple(questions), tuple(templates))


def _is_drawn(key: str, number: int) -> bool:
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % FOLDS == number
