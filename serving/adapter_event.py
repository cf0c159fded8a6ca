"""What happened when an alias moved: a row of raw_serving.adapter_events."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class AdapterEvent:
    """One attempt to follow an alias.

    Attributes:
        alias: `champion` or `challenger`.
        adapter_id: Where it points.
        serving_adapter_id: What the alias stands for in the API afterwards; None where it stands for nothing.
        event: `swapped`, or `refused` where the adapter before it was kept, which is an alert.
        reason: Why it was refused, in one sentence of our own; None where it was not.
        canaries_asked: Questions that it was asked before it was to serve.
        canaries_passed: Of these, the ones whose SQL the guard allows.
        seconds: What loading and asking took.
    """

    alias: str
    adapter_id: str
    serving_adapter_id: str | None
    event: Literal["swapped", "refused"]
    reason: str | None
    canaries_asked: int
    canaries_passed: int
    seconds: float
