"""Rows of one model in work together: each step all move on, some leave, others join. Used by generate.py, checked.py.

What the grammar forces is not asked of the model: it is read in the next step together with the token before it. While
few rows are in work, how they may go on is guessed (lookahead.py) and read along with them. Rows of one prompt are read
as one until they choose different tokens.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable

import torch

from training.answer_row import Row
from training.constraint import GrammarConstraint
from training.decoder import LlamaDecoder
from training.lookahead import Lookahead
from training.row_cache import Span

IsComplete = Callable[[list[int]], bool]

# Up to so many allowed tokens their scores are computed one by one, without reading the whole vocabulary's weights.
_FEW_TOKENS = 1024
# Guesses fill a step up to so many tokens, shared by its rows, and each row has one. The products of AVX2 take six
# tokens at a time: one to six take 10 to 13 ms, seven to twelve 16 to 20. Forty questions of the sample, two cores,
# first answers a second, guessed from the SQL that was learnt: with 6, 12 and 18 tokens 2.3 to 2.5, 2.5, and 2.4 to
# 2.5 with one client; with 12, and none or one for each row, 3.3 and 3.9 with four clients, 4.3 and 4.9 with sixteen.
_TOKENS_A_STEP = 12
_ROOM = 256  # tokens behind the prefix that a row begins with; more are made where a row needs them


class RunningBatch:
    """The rows in work and those that wait for a place. For one thread at a time.

    Attributes:
        lookahead: What answers are guessed from; each that is finished is added.
    """

    def __init__(
        self,
        decoder: LlamaDecoder,
        constraint: GrammarConstraint | None,
        *,
        size: int,
        max_new_tokens: int,
        end: int,
        is_complete: IsComplete,
    ) -> None:
        """Reserves the memory that all rows will ever need together.

        Args:
            decoder: The model.
            constraint: The grammar that answers keep to, if any.
            size: Most rows that are read in a step.
            max_new_tokens: Longest answer, in tokens.
            end: The token that ends an answer.
            is_complete: Tells from an answer's tokens that nothing can follow that matters.
        """
        self._decoder, self._constraint = decoder, constraint
        self._size, self._max_new_tokens = size, max_new_tokens
        self._end, self._is_complete = end, is_complete
        self.lookahead = Lookahead()
        self._cache = decoder.new_cache(size, _ROOM)
        self._live: list[Row] = []  # in the cache's order
        self._waiting: deque[Row] = deque()
        self._done: list[Row] = []  # parted from another in this step, and finished

    def add(self, rows: Iterable[Row]) -> None:
        """Lets rows join at the next step, as far as there are places; the others wait."""
        for row in rows:
            row.unread = list(row.prompt)
            self._waiting.append(row)

    def __len__(self) -> int:
        """Rows in work or waiting."""
        return sum(1 + len(row.twins) for row in (*self._live, *self._waiting))

    def drop(self, rows: Collection[Row]) -> None:
        """Takes rows out, wherever they are."""
        for row in (*self._live, *self._waiting):
            row.twins = [twin for twin in row.twins if twin not in rows]
        self._waiting = deque(left for row in self._waiting if (left := _without(row, rows)))
        for index, row in enumerate(self._live):
            self._live[index] = _without(row, rows) or row
        self._leave([index for index, row in enumerate(self._live) if row in rows])

    def step(self) -> list[Row]:
        """Moves every row on.

        Returns:
            The rows that are finished now; they are no longer in the batch.
        """
        self._join()
        if not self._live:
            return []
        self._guess()
        spans = [Span(row.unread + row.guess, row.length, len(row.guess)) for row in self._live]
        hidden = self._decoder.forward(spans, self._cache)  # [W, hidden]
        states, place = [], 0
        for row in self._live:
            row.length += len(row.unread)
            states.append((row, place))
            place += 1 + len(row.guess)
        while states:  # once, and again for rows whose guesses were right
            states = [(row, place + right) for row, place, right in self._written(hidden, states) if right]
        finished = [index for index, row in enumerate(self._live) if self._is_finished(row)]
        rows = [*self._done, *(self._live[index] for index in finished)]
        for row in rows:
            self.lookahead.learn(row.answer)
        self._leave(finished)
        self._done = []
        return [each for row in rows for each in row.end()]

    def _guess(self) -> None:
        unread = sum(len(row.unread) for row in self._live)
        most = max(1, (_TOKENS_A_STEP - unread) // len(self._live))
        for row in self._live:
            row.guess = self.lookahead.guess(row.answer, min(most, self._max_new_tokens - len(row.answer) - 1))
            if row.place is not None:
                del row.guess[row.place.validate_tokens(row.guess) :]

    def _written(self, hidden: torch.Tensor, states: list[tuple[Row, int]]) -> Iterable[tuple[Row, int, int]]:
        """Writes behind each state.

        Yields:
            The row, its state, and over how many guesses it may move on: 0 where the next was wrong or there is none.
        """
        for row, place, scores, allowed in self._scored(hidden, states):
            chosen = row.choose(scores)
            parting = list(chosen.items())[1:]
            for _, heirs in parting:
                row.hand_over(heirs)
            for choice, (leader, *_) in chosen.items():
                leader.log_probability += float(scores[choice] - scores.logsumexp(dim=0))
                self._write(leader, choice if allowed is None else int(allowed[choice]))
            for _, (leader, *_) in parting:
                self._part(row, leader)
            yield row, place, 0 if self._is_finished(row) else row.take_guessed()

    def _part(self, row: Row, leader: Row) -> None:
        """Gives a row's former twin a place of its own, with what was read for both."""
        if self._is_finished(leader):
            self._done.append(leader)
        elif len(self._live) < self._size:
            self._cache.move(self._live.index(row), len(self._live), leader.length)
            self._live.append(leader)
        else:  # it reads all of it again once there is a place
            leader.unread, leader.length = [*leader.prompt, *leader.answer], 0
            self._waiting.appendleft(leader)

    def _join(self) -> None:
        begun: dict[tuple[int, ...], Row] = {}  # by their prompts
        while self._waiting:
            row = self._waiting[0]
            same = None if row.answer else begun.get(tuple(row.prompt))
            if same is None and len(self._live) == self._size:
                return
            self._waiting.popleft()
            if same is not None:
                same.twins.append(row)
                continue
            if not row.answer:
                begun[tuple(row.prompt)] = row
            needed = len(row.prompt) + self._max_new_tokens
            if needed > self._cache.room:
                self._cache.grow(max(needed, 2 * self._cache.room), len(self._live))
            self._live.append(row)

    def _leave(self, indexes: list[int]) -> None:
        """Takes rows out; the last ones fill their places."""
        for index in sorted(indexes, reverse=True):
            last = self._live.pop()
            if index < len(self._live):
                self._cache.move(len(self._live), index, last.length)
                self._live[index] = last

    def _scored(
        self, hidden: torch.Tensor, states: list[tuple[Row, int]]
    ) -> Iterable[tuple[Row, int, torch.Tensor, torch.Tensor | None]]:
        """Each row and state with the scores of the tokens that may be written there, and those; None for all."""
        few = _FEW_TOKENS if hidden.device.type == "cpu" else 0  # elsewhere one large product is faster than many
        wide = []
        for row, index in states:
            allowed = None
            if row.place is not None:
                allowed = torch.from_numpy(self._constraint.allowed(row.place))
                if len(allowed) <= few:
                    yield row, index, self._decoder.score(hidden[index : index + 1], allowed)[0], allowed
                    continue
            wide.append((index, row, allowed))
        if wide:
            logits = self._decoder.score(hidden[[index for index, *_ in wide]])  # [W, vocabulary]
            for (index, row, allowed), scores in zip(wide, logits, strict=True):
                yield row, index, scores if allowed is None else scores[allowed], allowed

    def _write(self, row: Row, token: int) -> None:
        """Adds a chosen token and what the grammar forces behind it."""
        following = [token]
        if row.place is not None and token != self._end:
            following += self._constraint.advance(row.place, token)
        row.unread = following[: self._max_new_tokens - len(row.answer)]
        row.answer += row.unread
        row.forced += len(row.unread) - 1

    def _is_finished(self, row: Row) -> bool:
        answer = row.answer
        return answer[-1] == self._end or len(answer) >= self._max_new_tokens or self._is_complete(answer)


def _without(row: Row, rows: Collection[Row]) -> Row | None:
    """Who goes on where some rows are given up: the row, or else its twins, led by the first; None if there is none."""
    if row not in rows:
        return row
    if not row.twins:
        return None
    heirs = list(row.twins)
    row.hand_over(heirs)
    return heirs[0]
