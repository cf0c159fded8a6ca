"""Adapters on a model in this process. The next one is loaded beside the present one, so memory must hold both."""

import asyncio
from collections.abc import Callable

from serving.adapters import Champion

Load = Callable[[str], Champion]


class InProcess:
    """The source of adapters of an API that holds its model itself; see `AdapterSource`."""

    def __init__(self, load: Load):
        """Prepare.

        Args:
            load: Loads the adapter with an id, in its own time: `serving.champion.load_champion`.
        """
        self._load = load

    async def start(self) -> None:
        """Nothing to begin with: the champion is loaded before the API listens."""

    async def load(self, adapter_id: str) -> Champion:
        """Load an adapter in a thread of its own; see `AdapterSource`."""
        return await asyncio.to_thread(self._load, adapter_id)

    async def unload(self, champion: Champion) -> None:
        """Nothing to give back: the memory goes with the last reference."""

    async def stop(self) -> None:
        """Nothing to give back."""

    def is_available(self) -> bool:
        """Return True: the model is in this process."""
        return True
