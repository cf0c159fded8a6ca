"""How probable it is that an answer is right, from what is known before it is run; whether to give it at all.

The calibration is fitted by the evaluation (training/evaluate/refusal.py) and lies beside the adapter, in
`calibration.json`. Without torch: used by the evaluation and by the API, on models of this and of other processes.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from training.choice import accepted_form, may_run
from training.sql.catalog import Catalog
from training.value_hints import words_of

FILE = "calibration.json"
FEATURES = ("log_probability", "log_probability_per_word", "agreement", "known_words")
_LOWEST = -30.0  # what is less probable is all the same
_PARTS_OF_NAMES = re.compile(r"[_.]")
# What a question has besides the things that it asks about.
_COMMON = frozenset(
    words_of(
        "a about after all also among an and any are as at average be been before best between both but by can count "
        "could date day did difference do does during each earliest ever every fewest few find first for from get give "
        "greater had has have highest how i in into is it its last latest least less list long lowest many maximum me "
        "mean minimum month more most much my name new newest no not now number of old oldest on one only or other our "
        "out over per percentage please quarter rank second share show since so some sort sorted still sum tell ten "
        "than that the their them then there these they this those three to today top total two under up us use was "
        "we week were what when where which while who whose why will with within without would year yesterday you"
    )
)


@dataclass(frozen=True)
class Evidence:
    """What is known of an answer.

    Attributes:
        log_probability: Of the whole first answer, natural logarithm; None where the engine does not tell.
        log_probability_per_word: The same for each word of its SQL.
        agreement: Where the first answer was refused and others were drawn, the share of them that are the one taken;
            else 1.
        known_words: Share of the question's content words that the catalog knows; 1 where it has none.
    """

    log_probability: float
    log_probability_per_word: float
    agreement: float
    known_words: float


class Witness:
    """Collects the evidence on the answers of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        """Prepares.

        Args:
            catalog: Its names, comments and values are the words that are known.
        """
        self._catalog = catalog

    def evidence(
        self, question: str, sql: str, drafts: Sequence[str], log_probability: float | None
    ) -> Evidence | None:
        """Says what is known of an answer.

        Args:
            question: As asked.
            sql: The answer that was taken.
            drafts: All that was written, the first answer first; empty or that one alone where it was taken.
            log_probability: Of the first answer.

        Returns:
            The evidence; None where the engine tells no probability.
        """
        if log_probability is None:
            return None
        total = max(log_probability, _LOWEST)
        words = 1 + len((drafts[0] if drafts else sql).split())
        return Evidence(total, total / words, self._agreement(sql, drafts), self.known_share(question))

    def known_share(self, question: str) -> float:
        """The share of the question's content words that the catalog knows, 0 to 1; numbers are left out."""
        content = [word for word in words_of(question) if word not in _COMMON and not any(map(str.isdigit, word))]
        return sum(word in self._known for word in content) / len(content) if content else 1.0

    @cached_property
    def _known(self) -> frozenset[str]:
        texts = []
        for table in self._catalog.tables:
            texts += [table.name, table.comment or ""]
            for column in table.columns:
                texts += [column.name, column.comment or "", *(() if column.pii else column.sample_values)]
        return frozenset(word for text in texts for word in words_of(_PARTS_OF_NAMES.sub(" ", text)))

    def _agreement(self, sql: str, drafts: Sequence[str]) -> float:
        drawn = drafts[1:]
        if not drawn or may_run(drafts[0], self._catalog):
            return 1.0
        taken = accepted_form(sql, self._catalog)
        return sum(accepted_form(text, self._catalog) == taken for text in drawn) / len(drawn)


@dataclass(frozen=True)
class Calibration:
    """A logistic model: confidence = 1 / (1 + exp(-(bias + Σ weight · (feature - mean) / scale))).

    Attributes:
        means: Of each feature in `FEATURES`, where it was fitted.
        scales: Standard deviations.
        weights: One for each feature.
        bias: The intercept.
        threshold: Answers below it are not given.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    threshold: float

    def confidence(self, evidence: Evidence) -> float:
        """The probability, 0 to 1, that an answer is right."""
        values = [getattr(evidence, name) for name in FEATURES]
        parts = zip(self.weights, values, self.means, self.scales, strict=True)
        score = self.bias + sum(weight * (value - mean) / scale for weight, value, mean, scale in parts)
        return 1 / (1 + math.exp(-max(min(score, 50.0), -50.0)))

    def is_given(self, evidence: Evidence) -> bool:
        """Whether an answer is sure enough to be given."""
        return self.confidence(evidence) >= self.threshold

    def save(self, path: Path) -> None:
        """Writes the file that is released with the adapter."""
        path.write_text(json.dumps({"features": FEATURES, **asdict(self)}, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Calibration | None":
        """Reads the file in an adapter's folder.

        Returns:
            The calibration; None where the adapter has none, or has one of other features.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        stored = json.loads(path.read_text(encoding="utf-8"))
        if tuple(stored.pop("features")) != FEATURES:
            return None
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()})
