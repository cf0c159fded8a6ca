"""Guesses how an answer goes on, from SQL that was learnt and the answers before it. Used by running_batch.py.

Speculative decoding by lookup (as in Saxena 2023, "Prompt lookup decoding", here in earlier answers): SQL over one
warehouse repeats itself, and reading five tokens costs hardly more than reading one, since both read every weight once.
The model reads the guesses together with the last token, and what it would have written itself is kept: an answer is
the one that it would have been without, only sooner.

What is remembered stays in the memory of this process.
"""

from collections.abc import Sequence

# Contexts, longest first: a longer one is right more often, a shorter one found more often.
_CONTEXTS = (6, 3)
_MOST_CONTEXTS = 50_000  # 12 MiB with answers of 60 tokens; the oldest are forgotten
_START = (-1,)  # stands before each answer, so that its first tokens have a context too


class Lookahead:
    """The contexts of earlier answers, and what followed each of them last."""

    def __init__(self) -> None:
        self._followed: dict[tuple[int, ...], tuple[tuple[int, ...], int]] = {}  # context → answer, place behind it

    def learn(self, answer: Sequence[int]) -> None:
        """Remembers an answer.

        Args:
            answer: All its tokens.
        """
        tokens = (*_START, *answer)
        for length in _CONTEXTS:
            for end in range(1, len(tokens)):
                context = tokens[max(0, end - length) : end]
                self._followed.pop(context, None)  # so that it counts as new
                self._followed[context] = (tokens, end)
        while len(self._followed) > _MOST_CONTEXTS:
            del self._followed[next(iter(self._followed))]

    def guess(self, answer: Sequence[int], most: int) -> list[int]:
        """Says what may come next.

        Args:
            answer: The tokens so far.
            most: Most tokens to guess.

        Returns:
            As many tokens as followed the same context before, none where it is new.
        """
        tokens = (*_START, *answer)
        for length in _CONTEXTS:
            known = self._followed.get(tokens[-length:])
            if known is not None:
                followed, place = known
                return list(followed[place : place + most])
        return []
