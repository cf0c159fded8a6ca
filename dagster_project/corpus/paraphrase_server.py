"""Asks an OpenAI-compatible server for other words. Called by `drafting`, where the user has named such a server."""

from types import TracebackType
from typing import Self

import httpx

from dagster_project.corpus.draft_settings import DraftSettings

_MAX_TOKENS = 120
_MAX_FAILURES = 2  # in a row; then the server is left alone until the next run


class ServerFailed(Exception):
    """The server gave no answer; the message says why, without anything that was sent or received."""


class ParaphraseServer:
    """One server, asked one question at a time.

    Attributes:
        failures: what went wrong so far, a sentence each.
    """

    def __init__(self, settings: DraftSettings) -> None:
        """Opens nothing yet.

        Args:
            settings: with `url` and `model`.
        """
        key = settings.api_key.get_secret_value()
        self._client = httpx.Client(
            timeout=settings.timeout_seconds, headers={"Authorization": f"Bearer {key}"} if key else {}
        )
        self._url, self._model = f"{settings.url}/chat/completions", settings.model
        self._in_a_row = 0
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @property
    def is_given_up(self) -> bool:
        """Whether it has failed too often in a row to be asked again."""
        return self._in_a_row >= _MAX_FAILURES

    def ask(self, messages: list[dict[str, str]]) -> str | None:
        """Asks once.

        Args:
            messages: a chat in OpenAI's form.

        Returns:
            The answer's text; None where the server answered without one.

        Raises:
            ServerFailed: it did not answer, or with something else than a chat completion.
        """
        try:
            answer = self._ask(messages)
        except ServerFailed as error:
            self._in_a_row += 1
            self.failures.append(str(error))
            raise
        self._in_a_row = 0
        return answer

    def _ask(self, messages: list[dict[str, str]]) -> str | None:
        body = {"model": self._model, "messages": messages, "temperature": 0.7, "max_tokens": _MAX_TOKENS}
        try:
            response = self._client.post(self._url, json=body)
        except httpx.TimeoutException:
            raise ServerFailed("The server of AUDITUNE_DRAFT_URL took too long to answer.") from None
        except httpx.HTTPError as error:
            raise ServerFailed(
                f"The server of AUDITUNE_DRAFT_URL cannot be reached ({type(error).__name__})."
            ) from None
        if response.status_code != 200:
            raise ServerFailed(f"The server of AUDITUNE_DRAFT_URL answered with status {response.status_code}.")
        try:
            content = response.json()["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError):
            raise ServerFailed("The server of AUDITUNE_DRAFT_URL answered with no chat completion.") from None
        return content if isinstance(content, str) else None
