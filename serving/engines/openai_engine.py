"""Questions to SQL by an adapter on engine servers that speak OpenAI's protocol.

Prompt, grammar and the choice among redrawn answers are those of a model in this process.
"""

import asyncio
import zlib
from dataclasses import replace
from typing import Any

from serving.engines.engine import EngineFailed
from serving.engines.replicas import Replicas
from training.choice import DRAWS, TEMPERATURE, choose, may_run
from training.generation import Generation
from training.prompt import extract_sql, question_suffix, schema_prefix
from training.sql.catalog import Catalog
from training.sql.grammar import build_answer_grammar
from training.value_hints import ValueIndex

# What is not said is taken from the model's generation_config.json, of which a model in this process takes nothing.
_PLAIN_SAMPLING = {"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}


class OpenAIEngine:
    """The engine of one adapter; see `serving.engines.engine.Engine`."""

    def __init__(
        self,
        replicas: Replicas,
        module: str,
        catalog: Catalog,
        *,
        readable: Catalog | None = None,
        max_new_tokens: int,
        timeout_seconds: float,
    ):
        """Prepare the prompt and the grammar.

        Args:
            replicas: The servers, which hold the adapter.
            module: What they call it: one LoRA module an adapter, named by its id, so that a name never changes its
                meaning while it is served.
            catalog: The tables that questions are about, as the model has learnt them.
            readable: What answers may name; None for all of the catalog.
            max_new_tokens: Longest answer, in tokens.
            timeout_seconds: Longest wait for an answer, redrawn ones included.
        """
        self._replicas = replicas
        self._catalog = readable or catalog
        self._timeout_seconds = timeout_seconds
        self._prefix = schema_prefix(catalog)
        self._values = ValueIndex(catalog)
        self._request: dict[str, Any] = {
            "model": module,
            "max_tokens": max_new_tokens,
            "structured_outputs": {"grammar": build_answer_grammar(self._catalog)},
            **_PLAIN_SAMPLING,
        }

    async def generate(self, question: str, candidates: int = 1) -> Generation:
        """Answer a question; see `Engine`."""
        prompt = self._prefix + question_suffix(question, self._values.hints(question))
        try:
            async with asyncio.timeout(self._timeout_seconds):
                # Of each token that was taken: how probable the whole answer is decides whether it is given.
                first = await self._ask(prompt, temperature=0.0, logprobs=0)
                is_accepted = await asyncio.to_thread(may_run, first.sql, self._catalog)
                if is_accepted and candidates == 1:
                    return first
                # The same question draws the same answers again.
                seed, count = zlib.crc32(question.encode()), DRAWS if candidates == 1 else candidates - 1
                drawn = await self._ask(prompt, temperature=TEMPERATURE, n=count, seed=seed)
                sql = first.sql
                if not is_accepted:
                    sql = await asyncio.to_thread(choose, sql, drawn.drafts, self._catalog)
        except TimeoutError as error:
            raise EngineFailed(f"no answer within {self._timeout_seconds:g} seconds") from error
        tokens = first.completion_tokens + drawn.completion_tokens
        return replace(first, sql=sql, completion_tokens=tokens, drafts=(first.sql, *drawn.drafts))

    def queue_depth(self) -> int:
        """Return how many requests are in work: the servers, not this process, hold what waits."""
        return self._replicas.in_flight()

    def close(self) -> None:
        """Nothing to stop: the connections belong to the servers' set."""

    async def _ask(self, prompt: str, **sampling: float) -> Generation:
        """Asks for one or more answers to one prompt; all of them are in `drafts`."""
        response = await self._replicas.complete({**self._request, "prompt": prompt, **sampling})
        try:
            texts = tuple(extract_sql(choice["text"]) for choice in response["choices"])
            usage = response["usage"]
            probability = _log_probability(response["choices"][0])
            counts = (usage["prompt_tokens"], usage["completion_tokens"])
            return Generation(texts[0], *counts, log_probability=probability, drafts=texts)
        except (KeyError, IndexError, TypeError) as error:
            raise EngineFailed("the engine server's response is not OpenAI's") from error


def _log_probability(choice: dict[str, Any]) -> float | None:
    """That of a whole answer, among what the grammar allowed; None where the server does not tell."""
    told = (choice.get("logprobs") or {}).get("token_logprobs")
    return sum(told) if told else None
