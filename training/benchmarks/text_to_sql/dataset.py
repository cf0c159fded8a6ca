"""A split of the benchmark as a dataset folder: what the pipeline would have built from a warehouse.

Called by run.py and ablations.py. Only one split's parts are in the folder that `write_split` writes: its training
part, and the part to judge on. Where training holds a pair whose question, or in the query split whose template, is
also judged, it leaves training: canonical SQL has fewer templates than the SQL of the benchmark, and what is judged
must be new.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.benchmarks.text_to_sql.source import SourcePair
from training.errors import BadInput
from training.sql.catalog import Catalog

_WORD = re.compile(r"\w+")
# How a split of the benchmark is called in a dataset, and what it makes of a pair that is judged.
_NAMES = {
    "question_split": {"question_split": "test", "template_split": "train"},
    "query_split": {"question_split": "none", "template_split": "test"},
}
_TRAINING = {"question_split": "train", "template_split": "train"}


@dataclass(frozen=True)
class CanonicalPair:
    """A pair with its SQL in canonical form and the template of that."""

    source: SourcePair
    sql: str
    template: str


@dataclass(frozen=True)
class SplitDataset:
    """What was written.

    Attributes:
        trained: Pairs in training.
        judged: Pairs that are judged.
        left_out: Pairs of the training part that are not in training, since what is judged would not be new.
    """

    trained: int
    judged: int
    left_out: int


def write_split(
    folder: Path, pairs: Sequence[CanonicalPair], catalog: Catalog, split: str, judged_part: str
) -> SplitDataset:
    """Writes one split's dataset folder.

    Args:
        folder: Created where it is missing.
        pairs: All pairs.
        catalog: Their tables.
        split: `question_split` or `query_split`.
        judged_part: The part to judge on, `dev` or `test`.

    Returns:
        The numbers of pairs.

    Raises:
        BadInput: There is nothing to train or to judge on.
    """
    judged = [pair for pair in pairs if pair.source.parts[split] == judged_part]
    training = [pair for pair in pairs if pair.source.parts[split] == "train"]
    if not judged or not training:
        empty = judged_part if not judged else "train"
        raise BadInput(
            f"No pair of the benchmark is in the part '{empty}' of its {split}; choose another --eval-split."
        )
    questions = {words_of(pair) for pair in judged}
    templates = {pair.template for pair in judged} if split == "query_split" else set()
    kept = [pair for pair in training if words_of(pair) not in questions and pair.template not in templates]
    write_folder(folder, catalog, kept, {split: judged})
    return SplitDataset(len(kept), len(judged), len(training) - len(kept))


def write_folder(
    folder: Path, catalog: Catalog, training: Sequence[CanonicalPair], judged: Mapping[str, Sequence[CanonicalPair]]
) -> None:
    """Writes a dataset folder.

    Args:
        folder: Created where it is missing.
        catalog: The pairs' tables.
        training: The pairs to learn from.
        judged: Those to judge on, by `question_split` or `query_split`.
    """
    rows = [_row(pair, _TRAINING) for pair in training]
    rows += [_row(pair, _NAMES[split]) for split, pairs in judged.items() for pair in pairs]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pairs.jsonl").write_text(text, encoding="utf-8")
    catalog.save(folder / "catalog.json")
    manifest = {"dataset_hash": hashlib.sha256(text.encode()).hexdigest()[:16], "catalog_hash": catalog.hash}
    (folder / "manifest.json").write_text(json.dumps(manifest) + "\n", encoding="utf-8")


def split_name(split: str) -> str:
    """Returns what a dataset calls a split of the benchmark: `question_split` or `template_split`."""
    return next(name for name, part in _NAMES[split].items() if part == "test")


def _row(pair: CanonicalPair, parts: dict[str, str]) -> dict[str, str]:
    return {"id": pair.source.id, "input": pair.source.question, "output": pair.sql, **parts}


def words_of(pair: CanonicalPair) -> str:
    """The question's words in lower case: pairs with the same ones ask the same."""
    return " ".join(_WORD.findall(pair.source.question.casefold()))
