"""The guard's look at generated SQL, once for each statement: the same question, asked again, need not wait for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from training.sql.guard import Verdict

_STATEMENTS = 2000

Judgement = tuple[str, Verdict]


class Judgements:
    """The latest judgements on one catalog, in memory only. For the event loop's thread."""

    def __init__(self, judge: Callable[[str], Judgement]):
        """Prepare.

        Args:
            judge: Pure, and slow enough (milliseconds) to be called in another thread.
        """
        self._judge = judge
        self._known: OrderedDict[str, Judgement] = OrderedDict()

    async def of(self, sql: str) -> Judgement:
        """Return the judgement on a statement."""
        known = self._known.get(sql)
        if known is None:
            known = self._known[sql] = await asyncio.to_thread(self._judge, sql)
            if len(self._known) > _STATEMENTS:
                self._known.popitem(last=False)
        self._known.move_to_end(sql)
        return known
