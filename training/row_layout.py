"""Where the tokens of one forward pass lie in their row, and what they see. Used by data.py and the attention."""

import itertools
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Pairs that share a schema prefix, in one piece of the row: `[prefix | pair 1 | pair 2 | …]`.

    A row is one group or several, one behind the other, and no token sees another group. Within a group, the prefix
    sees itself causally; a pair sees the whole prefix and, causally, itself.

    Attributes:
        prefix_length: Tokens of the prefix, at least one.
        pair_lengths: Tokens of each pair; nothing is padded.
    """

    prefix_length: int
    pair_lengths: tuple[int, ...]

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return len(self.pair_lengths)

    @property
    def pair_starts(self) -> list[int]:
        """The place in the piece where each pair begins, and last where the piece ends."""
        return list(itertools.accumulate(self.pair_lengths, initial=self.prefix_length))

    @property
    def tokens(self) -> int:
        """Tokens of the whole piece."""
        return self.prefix_length + sum(self.pair_lengths)


def starts(groups: tuple[Group, ...]) -> list[int]:
    """Returns the place in the row where each group begins."""
    places = [0]
    for group in groups[:-1]:
        places.append(places[-1] + group.tokens)
    return places
