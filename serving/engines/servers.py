"""Adapters on engine servers: decrypted into memory, loaded on every replica under their ids, and taken away again."""

import asyncio
from collections import Counter

from serving.adapters import Champion
from serving.engines.adapter_folder import AdapterFolder, open_folder, remove_folder
from serving.engines.openai_engine import OpenAIEngine
from serving.engines.replica import ReplicaRefused
from serving.engines.replicas import Replicas
from serving.settings import Settings
from serving.startup import StartupError
from training.registry import CHAMPION

_USED_BY = "serving: engine servers"


class EngineServers:
    """The source of adapters of an API whose model is on other processes; see `AdapterSource`."""

    def __init__(self, settings: Settings):
        """Prepare without connecting; the servers may start later than the API."""
        self._settings = settings
        self.replicas = Replicas(settings.engine_urls, limit=settings.engine_queue_size)
        self._base_model: str | None = None  # what the servers hold
        self._uses: Counter[str] = Counter()  # how often each adapter was loaded and not unloaded

    def open_champion(self) -> Champion:
        """Decrypt the champion before the API listens; each server loads it when it is let in.

        Raises:
            StartupError: There is no champion, or it cannot be decrypted.
        """
        opened = open_folder(self._settings, CHAMPION, used_by=_USED_BY)
        self.replicas.require(opened.record.adapter_id, opened.folder)
        self._base_model = opened.record.base_model
        self._uses[opened.record.adapter_id] += 1
        return self._champion(opened)

    async def start(self) -> None:
        """Connect to the servers."""
        await self.replicas.start()

    async def load(self, adapter_id: str) -> Champion:
        """Load an adapter on every server that answers; see `AdapterSource`."""
        opened = await asyncio.to_thread(open_folder, self._settings, adapter_id, used_by=_USED_BY)
        try:
            if opened.record.base_model != self._base_model:
                raise ReplicaRefused(
                    f"Adapter {adapter_id} belongs to {opened.record.base_model}, but the engine servers hold "
                    f"{self._base_model}: start servers on its base model, and the API again."
                )
            await self.replicas.add_module(adapter_id, opened.folder)
        except ReplicaRefused as error:
            await asyncio.to_thread(remove_folder, self._settings, adapter_id)
            raise StartupError(str(error)) from error
        self._uses[adapter_id] += 1
        return self._champion(opened)

    async def unload(self, champion: Champion) -> None:
        """Unload an adapter everywhere and delete its files, when other APIs on the same servers have changed too."""
        await asyncio.sleep(2 * self._settings.champion_poll_seconds)
        self._uses[champion.adapter_id] -= 1
        if self._uses[champion.adapter_id]:
            return  # it was loaded again meanwhile
        await self.replicas.remove_module(champion.adapter_id)
        await asyncio.to_thread(remove_folder, self._settings, champion.adapter_id)

    async def stop(self) -> None:
        """Close the connections. The servers keep their adapters: other processes may use them."""
        await self.replicas.stop()

    def is_available(self) -> bool:
        """Return whether at least one server is let in."""
        return self.replicas.well() > 0

    def _champion(self, opened: AdapterFolder) -> Champion:
        record = opened.record
        engine = OpenAIEngine(
            self.replicas,
            record.adapter_id,
            opened.catalog,
            readable=opened.readable,
            max_new_tokens=opened.max_new_tokens,
            timeout_seconds=self._settings.generation_timeout_seconds,
        )
        created = int(record.created_at.timestamp())
        return Champion(
            record.adapter_id,
            record.base_model,
            opened.readable,
            created,
            engine=engine,
            calibration=opened.calibration,
        )
