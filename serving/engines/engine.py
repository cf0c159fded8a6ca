"""What an engine is, wherever its model runs: questions to SQL."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from training.generation import Generation


class EngineBusy(Exception):
    """The queue is full; ask again shortly."""


class EngineFailed(Exception):
    """The model did not produce an answer."""


class Engine(Protocol):
    """Whatever turns a question into SQL."""

    async def generate(self, question: str, candidates: int = 1) -> "Generation":
        """Return the generated SQL with its token counts.

        Args:
            question: In natural language.
            candidates: How many answers to write; all are in `drafts` where it is above 1 and the model can draw.

        Raises:
            EngineBusy: The queue is full.
            EngineFailed: The model failed or took too long.
        """
        ...

    def queue_depth(self) -> int:
        """Return how many questions wait."""
        ...

    def close(self) -> None:
        """Stop; questions that still wait fail."""
        ...
