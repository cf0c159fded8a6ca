"""One engine server: vLLM's HTTP interface, as far as it is used.

Read from vLLM's documentation (features/lora, features/structured_outputs, serving/openai_compatible_server) and its
sources (entrypoints/serve/lora, entrypoints/openai/completion), November 2026.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import httpx

_PROBE = httpx.Timeout(5.0, connect=2.0)
_LOAD = httpx.Timeout(120.0, connect=2.0)
# Written in Lark and in nothing else: a server that ignores the field, or knows another grammar language, fails it.
_GRAMMAR = 'start: "kept " DIGITS\nDIGITS: /[0-9]{3}/\n'
_KEPT = re.compile(r"kept [0-9]{3}")


class ReplicaRefused(Exception):
    """An engine server cannot do what it must; the message says what to do."""


class Replica:
    """A server, and what is known of it.

    Attributes:
        name: Host and port, for the log.
        is_well: Whether it gets requests.
        in_flight: Requests that it is working on.
        failures: Looks that failed in a row.
        last_refusal: Why it was not let in, so that the log says it once.
    """

    def __init__(self, client: httpx.AsyncClient, url: str):
        self._client = client
        self._url = url.rstrip("/")
        parsed = httpx.URL(url)
        self.name = f"{parsed.host}:{parsed.port or parsed.scheme}"
        self.is_well = False
        self.in_flight = 0
        self.failures = 0
        self.last_refusal: str | None = None

    async def complete(self, body: dict[str, Any]) -> httpx.Response:
        """Send a request for a completion.

        Raises:
            httpx.TransportError: The connection failed before there was a whole response.
        """
        self.in_flight += 1
        try:
            return await self._client.post(f"{self._url}/v1/completions", json=body)
        finally:
            self.in_flight -= 1

    async def check(self) -> None:
        """Prove that the server and its engine live.

        Raises:
            httpx.HTTPError: They do not.
        """
        (await self._client.get(f"{self._url}/health", timeout=_PROBE)).raise_for_status()

    async def has(self, names: Collection[str]) -> bool:
        """Return whether the server has loaded these adapters."""
        response = await self._client.get(f"{self._url}/v1/models", timeout=_PROBE)
        response.raise_for_status()
        return set(names) <= {model["id"] for model in response.json()["data"]}

    async def prepare(self, modules: Mapping[str, Path]) -> None:
        """Load the adapters that the server lacks, and prove that it keeps to a grammar.

        Raises:
            ReplicaRefused: It does not.
            httpx.HTTPError: It is lost.
        """
        for name, folder in modules.items():
            if not await self.has([name]):
                await self.load(name, folder)
        for name in list(modules)[:1]:
            await self._prove_grammar(name)

    async def load(self, name: str, folder: Path) -> None:
        """Load an adapter, unless the server has it.

        Raises:
            ReplicaRefused: The server cannot.
            httpx.HTTPError: It is lost.
        """
        if await self.has([name]):
            return
        body = {"lora_name": name, "lora_path": str(folder)}
        response = await self._client.post(f"{self._url}/v1/load_lora_adapter", json=body, timeout=_LOAD)
        if response.status_code != httpx.codes.OK and not await self.has([name]):  # another API may have been faster
            raise ReplicaRefused(
                f"{self.name} could not load adapter {name} (status {response.status_code}): start it by `python -m "
                f"serving engine`, on the adapter's base model and where it can read {folder}."
            )

    async def unload(self, name: str) -> None:
        """Unload an adapter; one that is not there is no error.

        Raises:
            httpx.HTTPError: The server is lost.
        """
        await self._client.post(f"{self._url}/v1/unload_lora_adapter", json={"lora_name": name}, timeout=_PROBE)

    async def _prove_grammar(self, name: str) -> None:
        body = {
            "model": name,
            "prompt": "SQL:",
            "max_tokens": 16,
            "temperature": 0,
            "structured_outputs": {"grammar": _GRAMMAR},
        }
        response = await self._client.post(f"{self._url}/v1/completions", json=body, timeout=_LOAD)
        is_kept = response.status_code == httpx.codes.OK and _KEPT.fullmatch(response.json()["choices"][0]["text"])
        if not is_kept:
            raise ReplicaRefused(
                f"{self.name} does not keep to a grammar: it must be vLLM 0.12 or newer, started with "
                "--structured-outputs-config.backend guidance."
            )
