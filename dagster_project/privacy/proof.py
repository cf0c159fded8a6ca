"""Reads everything again that was made from the log or by people, for personal values. Called by asset checks.

Two opinions that share no code with what made the texts: every value of every tagged column, and Presidio's patterns.
What a hit says is shown to nobody: a hit is a place and a class.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import psycopg

from dagster_project.privacy.beside import find_beside, read_beside
from dagster_project.privacy.patterns import find_patterns
from dagster_project.privacy.places import Text, file_texts, warehouse_texts
from dagster_project.privacy.surnames import find_surnames, read_surnames
from dagster_project.privacy.values import find_values, value_batches, without_surrogates


@dataclass
class Proof:
    """What was read and found.

    Attributes:
        values: How many values of tagged columns were looked for.
        read: Texts read, by place.
        hits: Personal values found, by place and class.
        doubts: Words that may be somebody's surname or not, by place; they fail nothing.
    """

    values: int = 0
    read: Counter[str] = field(default_factory=Counter)
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        """Whether something was read and nothing found."""
        return bool(self.read) and self.values > 0 and not self.hits


def prove(owner: psycopg.Connection, home: Path, server_logs: Collection[Path] = ()) -> Proof:
    """Looks for personal values where there may be none.

    Args:
        owner: Connection of auditune_owner, in autocommit mode.
        home: The state folder.
        server_logs: Files of the server's own log, which are not read.
    """

    def texts() -> Iterator[Text]:
        return chain(warehouse_texts(owner), file_texts(home, server_logs))

    proof = Proof()
    found = set()
    beside = read_beside(owner)
    proof.values += beside.count
    found |= set(find_beside(texts(), beside))
    for batch in value_batches(owner):
        proof.values += len(batch)
        found |= find_values(texts(), batch)
    found |= set(find_patterns(owner, _counted(texts(), proof.read)))
    proof.hits.update((hit.place, hit.pii_class) for hit in without_surrogates(owner, found))
    doubts = find_surnames(owner, warehouse_texts(owner), read_surnames(owner))
    proof.doubts.update(hit.place for hit in without_surrogates(owner, doubts))
    return proof


def _counted(texts: Iterator[Text], read: Counter[str]) -> Iterator[Text]:
    for text in texts:
        read[text.place] += 1
        yield text
