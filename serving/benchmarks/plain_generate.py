"""The usual way: peft's model as it is and transformers' `generate`, the whole prompt read for each question."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import PeftModel
from transformers import PreTrainedModel, StoppingCriteria
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from serving.benchmarks.timing import Answered


class PlainGenerate:
    """A model that answers a batch of questions at a time, greedily and without a grammar."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, adapter: Path, max_new_tokens: int
    ) -> None:
        """Attaches the adapter.

        Args:
            model: The base model; changed in place.
            tokenizer: Its tokenizer.
            adapter: What peft's save_pretrained wrote.
            max_new_tokens: Longest answer, in tokens.
        """
        model.set_attn_implementation("sdpa")
        self._model = PeftModel.from_pretrained(model, str(adapter)).eval()
        self._tokenizer, self._max_new_tokens = tokenizer, max_new_tokens

    def answer(self, prompts: Sequence[str], clients: int) -> tuple[list[Answered], float]:
        """Answers as many prompts at a time as there are clients; a batch waits for its longest answer.

        Args:
            prompts: Schema and question, at least one.
            clients: How many ask at a time.

        Returns:
            The timings, and the seconds that all took.
        """
        timings = []
        began = time.perf_counter()
        for start in range(0, len(prompts), clients):
            timings += self._batch([self._tokenizer.encode(prompt) for prompt in prompts[start : start + clients]])
        return timings, time.perf_counter() - began

    @torch.inference_mode()
    def _batch(self, prompts: list[list[int]]) -> list[Answered]:
        end = self._tokenizer.eos_token_id
        longest = max(map(len, prompts))
        ids = torch.tensor([[end] * (longest - len(prompt)) + prompt for prompt in prompts])  # padded on the left
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        first = _FirstToken()
        began = time.perf_counter()
        written = self._model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=self._max_new_tokens,
            do_sample=False,
            pad_token_id=end,
            stopping_criteria=[first],
        )[:, longest:]
        seconds = time.perf_counter() - began
        lengths = [int((row == end).nonzero()[0]) + 1 if (row == end).any() else len(row) for row in written]
        return [Answered(first.at - began, seconds, length) for length in lengths]


class _FirstToken(StoppingCriteria):
    """Stops nothing; remembers when it was asked first, which is behind the first token."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: object) -> torch.Tensor:  # noqa: ARG002
        self.at = self.at or time.perf_counter()
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)
