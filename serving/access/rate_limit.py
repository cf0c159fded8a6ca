"""A token bucket: so many requests a minute, evenly refilled; called by `key_ring`, one bucket a key."""


class TokenBucket:
    """Holds at most one minute's requests; a request takes one. Not for several threads at once."""

    def __init__(self, per_minute: int, now: float):
        """Start full.

        Args:
            per_minute: Requests a minute.
            now: Seconds on the clock that `take` is given later.
        """
        self.per_minute = per_minute
        self._tokens = float(per_minute)
        self._filled_at = now

    def take(self, now: float) -> float:
        """Take one request.

        Returns:
            0 where it may go on, else the seconds after which the next one may.
        """
        refilled = self._tokens + (now - self._filled_at) * self.per_minute / 60
        self._tokens = min(float(self.per_minute), refilled)
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) * 60 / self.per_minute
