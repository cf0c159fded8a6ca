"""Values of the warehouse that a question names, and the columns that hold them. Used by data.py and generate.py.

A small model cannot know that PostNL is a carrier or that "Yoga Mats" are stored as 'Yoga Mat'; the warehouse does. The
catalog lists the values of untagged text columns with at most 100 of them, so a hint never shows a person's data.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from training.sql.catalog import Catalog

_WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
_MAX_WORDS = 5
_MAX_COLUMNS = 3  # what more columns hold (`cancelled`, say) tells them apart no longer
_MAX_HINTS = 4


@dataclass(frozen=True)
class ValueHint:
    """A value that the question names, as it is stored, and the columns that hold it, as `table.column`."""

    value: str
    columns: tuple[str, ...]

    @property
    def text(self) -> str:
        """The hint as the prompt shows it."""
        return f"{self.value} ({', '.join(self.columns)})"


class ValueIndex:
    """The catalog's values by their words."""

    def __init__(self, catalog: Catalog) -> None:
        is_qualified = len(catalog.business_schemas) > 1
        found: dict[tuple[str, ...], dict[str, list[str]]] = {}
        for table in catalog.tables:
            name = f"{table.schema}.{table.name}" if is_qualified else table.name
            for column in table.columns:
                for value in () if column.pii else column.sample_values:
                    key = words_of(value)
                    if 0 < len(key) <= _MAX_WORDS:
                        found.setdefault(key, {}).setdefault(value, []).append(f"{name}.{column.name}")
        self._hints = {
            key: tuple(
                ValueHint(value, tuple(columns)) for value, columns in values.items() if len(columns) <= _MAX_COLUMNS
            )
            for key, values in found.items()
        }

    def hints(self, question: str) -> tuple[ValueHint, ...]:
        """Finds the values that a question names.

        Args:
            question: In natural language.

        Returns:
            At most four hints, in the question's order; of two values that share a word the longer one.
        """
        words = words_of(question)
        found: list[ValueHint] = []
        start = 0
        while start < len(words):
            length, hints = self._longest(words, start)
            found += [hint for hint in hints if hint not in found]
            start += length
        return tuple(found[:_MAX_HINTS])

    def _longest(self, words: Sequence[str], start: int) -> tuple[int, tuple[ValueHint, ...]]:
        for length in range(min(_MAX_WORDS, len(words) - start), 0, -1):
            hints = self._hints.get(tuple(words[start : start + length]))
            if hints:
                return length, hints
        return 1, ()


def words_of(text: str) -> tuple[str, ...]:
    """The text's words in lower case and, roughly, in the singular, so that "Yoga Mats" finds 'Yoga Mat'."""
    return tuple(_singular(word.casefold()) for word in _WORD.findall(text))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
