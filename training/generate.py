"""Questions to SQL behind the shared schema prefix, greedy or drawn. Used by checked.py."""

import zlib
from collections.abc import Iterable, Sequence

import torch
from transformers import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.answer_row import Pick, Row
from training.constraint import GrammarConstraint
from training.decoder import LlamaDecoder
from training.generation import Generation
from training.prompt import extract_sql, is_complete, question_suffix, schema_prefix
from training.running_batch import RunningBatch
from training.sql.catalog import Catalog
from training.value_hints import ValueIndex


class Generator:
    """Answers questions about one warehouse with one model.

    Not safe for several threads at once: torch already uses every core for one call.

    Attributes:
        batch: The rows in work, for who adds questions while others are answered.
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
        self._values = ValueIndex(catalog)
        self._decoder = LlamaDecoder(model, tokenizer.encode(schema_prefix(catalog)))
        # Only behind one of these can a text have become complete without an end token: others need not be looked at.
        pieces = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
        ends = frozenset(token for token, piece in enumerate(pieces) if set(piece) & set(";\n:`"))
        self.batch = RunningBatch(
            self._decoder,
            constraint,
            size=batch_size,
            max_new_tokens=max_new_tokens,
            end=tokenizer.eos_token_id,
            # No method: the batch would hold the generator, and gigabytes of weights wait for the collector of cycles.
            is_complete=lambda answer: answer[-1] in ends and is_complete(tokenizer.decode(answer)),
        )

    def expect(self, statements: Iterable[str]) -> None:
        """Lets answers be guessed from SQL that was not written here; what is answered stays the same.

        Args:
            statements: Such as the model was trained on; the last ones are remembered longest.
        """
        for statement in statements:
            tokens = self._tokenizer.encode(f" {statement}", add_special_tokens=False)
            self.batch.lookahead.learn([*tokens, self._tokenizer.eos_token_id])

    def generate(self, questions: Sequence[str]) -> list[Generation]:
        """Answers questions, the most likely token each time.

        Args:
            questions: Any number of questions.

        Returns:
            One generation a question, in the same order.
        """
        return self._run([self.greedy_row(question) for question in questions])

    def draw(self, question: str, count: int, temperature: float, *, skip: int = 0) -> list[Generation]:
        """Draws several answers to one question.

        Args:
            question: The question; the same one gets the same answers again.
            count: How many.
            temperature: The logits are divided by it; below 1 likely tokens are drawn more often still.
            skip: Draws of this question that have been made before: these are others.

        Returns:
            The answers; some may be equal.
        """
        return self._run(self.drawn_rows(question, skip + count, temperature)[skip:])

    def greedy_row(self, question: str) -> Row:
        """A row for `batch` whose answer is the most likely token each time."""
        return self._row(question, lambda scores: int(scores.argmax()))

    def drawn_rows(self, question: str, count: int, temperature: float) -> list[Row]:
        """Rows for `batch` as `draw` uses them; each has its own chance, whatever else is in the batch."""
        seed = zlib.crc32(question.encode())
        return [self._row(question, _drawing(seed + index, temperature)) for index in range(count)]

    def finish(self, row: Row) -> Generation:
        """What a finished row says; nothing where its grammar was cut off at the longest answer."""
        is_cut = row.place is not None and row.answer[-1] != self._tokenizer.eos_token_id
        text = "" if is_cut else self._tokenizer.decode(row.answer, skip_special_tokens=True)
        return Generation(
            extract_sql(text),
            prompt_tokens=self._decoder.prefix_length + len(row.prompt),
            completion_tokens=len(row.answer),
            forced_tokens=row.forced,
            guessed_tokens=row.guessed,
            cached_tokens=self._decoder.prefix_length,
            log_probability=row.log_probability,
        )

    def _run(self, rows: list[Row]) -> list[Generation]:
        # Long prompts first: they are read together, and no long one is left alone at the end.
        self.batch.add(sorted(rows, key=lambda row: len(row.prompt), reverse=True))
        try:
            while self.batch:
                self.batch.step()
        finally:
            self.batch.drop(rows)
        return [self.finish(row) for row in rows]

    def _row(self, question: str, pick: Pick) -> Row:
        suffix = question_suffix(question, self._values.hints(question))
        place = self._constraint.start() if self._constraint is not None else None
        return Row(self._tokenizer.encode(suffix, add_special_tokens=False), pick, place)


def _drawing(seed: int, temperature: float) -> Pick:
    chance = torch.Generator().manual_seed(seed)

    def pick(scores: torch.Tensor) -> int:
        if len(scores) == 1:
            return 0  # forced, which must not use up a draw: it mostly comes without being asked for
        probabilities = (scores / temperature).softmax(dim=-1)
        return int(torch.multinomial(probabilities, 1, generator=chance))

    return pick
