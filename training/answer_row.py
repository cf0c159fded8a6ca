"""One answer in work, and those that have written the same so far. Used by running_batch.py."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import torch
from llguidance import LLMatcher

Pick = Callable[[torch.Tensor], int]  # the place of the token to take, from the scores of those allowed


@dataclass(eq=False)
class Row:
    """One answer in work.

    Attributes:
        prompt: Tokens behind the schema prefix.
        pick: Chooses among the allowed tokens.
        place: Where the answer is in the grammar; None without one.
        answer: Tokens so far, the end token included.
        forced: How many of them the grammar left no choice about.
        guessed: How many of them the model had read as guesses before they were written.
        log_probability: Of the tokens that were chosen.
        unread: Tokens that the model has not read yet.
        length: Tokens that it has read behind the prefix.
        guess: Tokens that may follow the unread ones.
        twins: Rows with the same prompt that have chosen the same tokens so far: the model reads for all of them at
            once. What they hold themselves is set when they part from this row, or end with it.
    """

    prompt: list[int]
    pick: Pick
    place: LLMatcher | None = None
    answer: list[int] = field(default_factory=list)
    forced: int = 0
    guessed: int = 0
    log_probability: float = 0.0
    unread: list[int] = field(default_factory=list)
    length: int = 0
    guess: list[int] = field(default_factory=list)
    twins: list["Row"] = field(default_factory=list)

    def choose(self, scores: torch.Tensor) -> dict[int, list["Row"]]:
        """Lets the row and its twins choose.

        Args:
            scores: Of the tokens that are allowed.

        Returns:
            Who chose each place among the scores; the row's own choice first, with itself at the head.
        """
        chosen: dict[int, list[Row]] = {}
        for row in (self, *self.twins):
            chosen.setdefault(row.pick(scores), []).append(row)
        return chosen

    def hand_over(self, heirs: Collection["Row"]) -> None:
        """Gives what the row has written so far to some of its twins; the first of them leads the others.

        Args:
            heirs: At least one; they are no twins of this row any more.
        """
        leader, *others = heirs
        self.twins = [twin for twin in self.twins if twin not in heirs]
        leader.answer, leader.unread = list(self.answer), list(self.unread)
        leader.place = None if self.place is None else self.place.deep_copy()
        leader.forced, leader.guessed, leader.length = self.forced, self.guessed, self.length
        leader.log_probability = self.log_probability
        leader.twins = others

    def end(self) -> list["Row"]:
        """Gives the answer to all twins.

        Returns:
            The row and they.
        """
        together = [self]
        while self.twins:
            twin = self.twins[0]
            self.hand_over([twin])
            together.append(twin)
        return together

    def take_guessed(self) -> int:
        """Takes what was written off the guesses, as far as they agree: the model has read that.

        Returns:
            How many tokens, if all that was written was guessed: then the state behind them is there too. Else 0.
        """
        right = 0
        while right < min(len(self.unread), len(self.guess)) and self.unread[right] == self.guess[right]:
            right += 1
        self.length += right
        self.guessed += right
        is_whole = right == len(self.unread)
        self.unread, self.guess = self.unread[right:], self.guess[right:] if is_whole else []
        return right if is_whole else 0
