"""A stand-in for `vllm serve`, as a process of its own: its protocol, with answers from a file in place of a model.

Written from vLLM's documentation and sources as of November 2026 (0.33):

* docs.vllm.ai/en/latest/features/lora: /v1/load_lora_adapter, /v1/unload_lora_adapter, /v1/models
* docs.vllm.ai/en/latest/features/structured_outputs: structured_outputs, in place of guided_* which ended with 0.12
* vllm/entrypoints/openai/models/serving.py: statuses and messages of loading and unloading
* vllm/entrypoints/openai/completion/protocol.py: request and response of /v1/completions; unknown fields are ignored;
  `logprobs` as OpenAI's completions have it, a number of alternatives, 0 for the tokens that were taken alone
* vllm/v1/structured_output/backend_guidance.py: the grammar goes through `llguidance.grammar_from("grammar", text)`

As there, a grammar is enforced by llguidance token by token; here a token is a byte. What the script says is followed
as far as the grammar allows it. The script is a JSON object:

    answers                   by question: the most likely answer, then drawn ones
    modules                   by adapter: answers that go before those
    delay_seconds             what an answer takes
    token_logprob             of each token, where the request asks for them; -0.01 where it is not said
    health                    status of /health
    max_lora_rank             16 where it is not said, as in vLLM
    loads_at_runtime          false: as without VLLM_ALLOW_RUNTIME_LORA_UPDATING
    knows_structured_outputs  false: as before 0.12

Run as: python -m tests.serving.vllm_double --port 8001 --script FILE --record FILE
"""

import argparse
import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

import llguidance
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

BASE = "tests/base-model"
_TOKENIZER = llguidance.LLTokenizer("byte")


class Server:
    """What one server knows."""

    def __init__(self, arguments: argparse.Namespace):
        self._script = arguments.script
        self.modules: dict[str, str] = {}

    def script(self) -> dict[str, Any]:
        """Read what the test has written last."""
        return json.loads(self._script.read_text())

    def load(self, name: str, path: str) -> JSONResponse | None:
        """Load an adapter, as serving.py's `load_lora_adapter`; returns an error or None."""
        script = self.script()
        if not script.get("loads_at_runtime", True):
            return error(404, "NotFoundError", "Not Found")
        if name in self.modules:
            return error(400, "InvalidUserInput", f"The lora adapter '{name}' has already been loaded.")
        if not (Path(path) / "adapter_model.safetensors").is_file():
            return error(404, "NotFoundError", f"Loading lora {name} failed: No adapter found for {path}")
        rank = json.loads((Path(path) / "adapter_config.json").read_text())["r"]
        if rank > script.get("max_lora_rank", 16):
            message = f"LoRA rank {rank} is greater than max_lora_rank {script.get('max_lora_rank', 16)}."
            return error(500, "InternalServerError", message)
        self.modules[name] = path
        return None

    async def complete(self, body: dict[str, Any]) -> Response:
        """Answer a request for a completion."""
        if body["model"] not in {BASE, *self.modules}:
            return error(404, "NotFoundError", f"The model `{body['model']}` does not exist.")
        script = self.script()
        is_kept = script.get("knows_structured_outputs", True)
        grammar = (body.get("structured_outputs") or {}).get("grammar") if is_kept else None
        question = body["prompt"].partition("Question: ")[2].partition("\n")[0]
        if question:  # not where only the grammar is being proved
            await asyncio.sleep(script.get("delay_seconds", 0))
        known = script.get("modules", {}).get(body["model"], {}).get(question) or script["answers"].get(question, [" "])
        first, *others = known
        is_drawn = body.get("temperature", 1.0) > 0
        wanted = [(others or [first])[index % len(others or [first])] for index in range(body.get("n", 1))]
        try:
            texts = [self._write(text, grammar, body["max_tokens"]) for text in (wanted if is_drawn else [first])]
        except ValueError as problem:
            return error(400, "BadRequestError", str(problem))
        prompt_tokens, completion_tokens = len(body["prompt"].encode()), sum(len(text) + 1 for text, _ in texts)
        return JSONResponse(
            {
                "id": f"cmpl-{uuid.uuid4().hex}",
                "object": "text_completion",
                "created": int(time.time()),
                "model": body["model"],
                "choices": [
                    {
                        "index": index,
                        "text": text,
                        "logprobs": logprobs(text, script) if body.get("logprobs") is not None else None,
                        "finish_reason": reason,
                        "stop_reason": None,
                    }
                    for index, (text, reason) in enumerate(texts)
                ],
                "usage": {
                    "prompt_tokens": prompt_tokens,
                    "completion_tokens": completion_tokens,
                    "total_tokens": prompt_tokens + completion_tokens,
                },
            }
        )

    def _write(self, wanted: str, grammar: str | None, most: int) -> tuple[str, str]:
        if grammar is None:
            return wanted[:most], "stop" if len(wanted) <= most else "length"
        matcher = llguidance.LLMatcher(_TOKENIZER, llguidance.grammar_from("grammar", grammar))
        if matcher.is_error():
            raise ValueError(f"Grammar error: {matcher.get_error()}")
        written = bytearray()
        while len(written) < most:
            mask = allocate_token_bitmask(1, _TOKENIZER.vocab_size)
            fill_next_token_bitmask(matcher, mask, 0)
            allowed = [token for token in range(_TOKENIZER.vocab_size) if mask[0, token // 32] >> (token % 32) & 1]
            rest = wanted.encode()[len(written) :]
            token = rest[0] if rest and rest[0] in allowed else (_TOKENIZER.eos_token if not rest else None)
            if token not in allowed:
                token = next((other for other in allowed if other != _TOKENIZER.eos_token), _TOKENIZER.eos_token)
            if token == _TOKENIZER.eos_token:
                return written.decode(), "stop"
            matcher.consume_token(token)
            written.append(token)
            if matcher.is_stopped():
                return written.decode(), "stop"
        return written.decode(errors="ignore"), "length"


def logprobs(text: str, script: dict[str, Any]) -> dict[str, Any]:
    """Build what vLLM tells of the tokens that were taken, the end among them."""
    tokens = [*text, "<|end|>"]
    told = {"tokens": tokens, "token_logprobs": [script.get("token_logprob", -0.01)] * len(tokens)}
    return {**told, "top_logprobs": [None] * len(tokens), "text_offset": list(range(len(tokens)))}


def error(status: int, kind: str, message: str) -> JSONResponse:
    """Build vLLM's error shape."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": status}}
    return JSONResponse(body, status_code=status)


def build(arguments: argparse.Namespace) -> FastAPI:
    """Build the server's app."""
    server, app = Server(arguments), FastAPI()

    @app.get("/health")
    async def health() -> Response:
        return Response(status_code=server.script().get("health", 200))

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        cards = {BASE: (BASE, None)} | {name: (path, BASE) for name, path in server.modules.items()}
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "vllm", "root": root, "parent": parent}
            for name, (root, parent) in cards.items()
        ]
        return {"object": "list", "data": data}

    @app.post("/v1/completions")
    async def completions(request: Request) -> Response:
        body = await request.json()
        with arguments.record.open("a") as record:
            record.write(json.dumps({"port": arguments.port, **body}) + "\n")
        return await server.complete(body)

    @app.post("/v1/load_lora_adapter")
    async def load(request: Request) -> Response:
        body = await request.json()
        done = f"Success: LoRA adapter '{body['lora_name']}' added successfully."
        return server.load(body["lora_name"], body["lora_path"]) or Response(done)

    @app.post("/v1/unload_lora_adapter")
    async def unload(request: Request) -> Response:
        name = (await request.json())["lora_name"]
        if server.modules.pop(name, None) is None:
            return error(404, "NotFoundError", f"The lora adapter '{name}' cannot be found.")
        return Response(f"Success: LoRA adapter '{name}' removed successfully.")

    return app


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--script", type=Path, required=True, help="JSON, read for each request")
    parser.add_argument("--record", type=Path, required=True, help="file that takes each request, a line each")
    arguments = parser.parse_args()
    uvicorn.run(build(arguments), host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
