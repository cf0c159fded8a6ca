"""Questions to SQL behind the shared schema prefix, greedy or drawn. Used by checked.py."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from llguidance import LLMatcher
from transformers import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.constraint import GrammarConstraint
from training.data import bucketed_batches
from training.decoder import LlamaDecoder
from training.generation import Generation
from training.prompt import extract_sql, is_complete, question_suffix, schema_prefix
from training.sql.catalog import Catalog
from training.value_hints import ValueIndex

Choose = Callable[[torch.Tensor], torch.Tensor]  # the next token of each row, from its logits [B, vocabulary]

_COMPACT_BELOW = 0.75  # finished rows still cost time; copying the cache to drop them pays once a quarter is done


@dataclass
class _Row:
    """One question in work: its prompt behind the schema, and what has been generated."""

    prompt: list[int]
    answer: list[int] = field(default_factory=list)
    place: LLMatcher | None = None  # where the answer is in the grammar, if there is one


class Generator:
    """Answers questions about one warehouse with one model.

    Not safe for several threads at once: torch already uses every core for one call.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        catalog: Catalog,
        max_new_tokens: int,
        batch_size: int = 32,
        constraint: GrammarConstraint | None = None,
    ) -> None:
        """Runs the schema prefix once and keeps its keys and values.

        Args:
            model: A Llama, its adapter merged.
            tokenizer: The model's tokenizer.
            catalog: The tables that questions are about.
            max_new_tokens: Longest answer, in tokens.
            batch_size: Most questions decoded at once.
            constraint: The grammar that answers keep to; None lets the model write anything.
        """
        self._constraint = constraint
        self._tokenizer = tokenizer
        self._max_new_tokens = max_new_tokens
        self._batch_size = batch_size
        self._values = ValueIndex(catalog)
        self._decoder = LlamaDecoder(model, tokenizer.encode(schema_prefix(catalog)))
        # Only behind one of these can a text have become complete without an end token: others need not be looked at.
        pieces = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
        self._ends = frozenset(token for token, piece in enumerate(pieces) if set(piece) & set(";\n:`"))

    def generate(self, questions: Sequence[str]) -> list[Generation]:
        """Answers questions, the most likely token each time.

        Args:
            questions: Any number of questions.

        Returns:
            One generation a question, in the same order.
        """
        return self._answer(questions, lambda logits: logits.argmax(dim=-1))

    def draw(self, question: str, count: int, temperature: float) -> list[Generation]:
        """Draws several answers to one question.

        Args:
            question: The question; the same one gets the same answers again.
            count: How many.
            temperature: The logits are divided by it; below 1 likely tokens are drawn more often still.

        Returns:
            The answers; some may be equal.
        """
        chance = torch.Generator().manual_seed(zlib.crc32(question.encode()))

        def choose(logits: torch.Tensor) -> torch.Tensor:
            probabilities = (logits.float() / temperature).softmax(dim=-1).cpu()
            return torch.multinomial(probabilities, 1, generator=chance)[:, 0]

        return self._answer([question] * count, choose)

    def _answer(self, questions: Sequence[str], choose: Choose) -> list[Generation]:
        suffixes = [question_suffix(question, self._values.hints(question)) for question in questions]
        rows = [_Row(self._tokenizer.encode(suffix, add_special_tokens=False)) for suffix in suffixes]
        if self._constraint is not None:
            for row in rows:
                row.place = self._constraint.start()
        for group in bucketed_batches([len(row.prompt) for row in rows], self._batch_size, seed=None):
            self._decode([rows[index] for index in group], choose)
        return [self._finish(row) for row in rows]

    def _decode(self, rows: list[_Row], choose: Choose) -> None:
        """Decodes rows in step.

        All rows are at the same position: what all prompts have is read at once, and a row whose prompt is longer
        reads its own next prompt token while others already write. So neither padding nor a mask is needed.
        """
        common = min(len(row.prompt) for row in rows)
        room = max(len(row.prompt) for row in rows) + self._max_new_tokens
        cache = self._decoder.new_cache(len(rows), room)
        logits = self._decoder.forward(torch.tensor([row.prompt[:common] for row in rows]), cache)
        live = list(rows)  # the rows in the cache, in its order; some may be finished
        while True:
            chosen = choose(self._restrict(logits, live, cache.length)).tolist()
            following = [self._advance(row, cache.length, token) for row, token in zip(live, chosen, strict=True)]
            going = [index for index, row in enumerate(live) if not self._is_finished(row)]
            if not going:
                return
            if len(going) <= _COMPACT_BELOW * len(live):
                cache.keep(torch.tensor(going))
                live, following = [live[index] for index in going], [following[index] for index in going]
            logits = self._decoder.forward(torch.tensor(following)[:, None], cache)

    def _restrict(self, logits: torch.Tensor, rows: Sequence[_Row], position: int) -> torch.Tensor:
        """Keeps the rows that write inside the grammar; those that still read their prompt are left alone."""
        if self._constraint is None:
            return logits
        is_writing = [position >= len(row.prompt) and not self._is_finished(row) for row in rows]
        places = [row.place if writes else None for row, writes in zip(rows, is_writing, strict=True)]
        return self._constraint.restrict(logits, places)

    def _advance(self, row: _Row, position: int, chosen: int) -> int:
        """Returns the row's token at a position: of its prompt as long as that lasts, then what the model chose."""
        if position < len(row.prompt):
            return row.prompt[position]
        if not self._is_finished(row):
            row.answer.append(chosen)
            if row.place is not None and chosen != self._tokenizer.eos_token_id:
                row.place.consume_token(chosen)
        return chosen

    def _is_finished(self, row: _Row) -> bool:
        answer = row.answer
        if not answer:
            return False
        if answer[-1] == self._tokenizer.eos_token_id or len(answer) >= self._max_new_tokens:
            return True
        return answer[-1] in self._ends and is_complete(self._tokenizer.decode(answer))

    def _finish(self, row: _Row) -> Generation:
        text = self._tokenizer.decode(row.answer, skip_special_tokens=True)
        return Generation(extract_sql(text), self._decoder.prefix_length + len(row.prompt), len(row.answer))
