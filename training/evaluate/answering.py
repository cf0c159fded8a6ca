"""Lets one model answer questions as the API would, with what it wrote on the way. Called by run.py."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training import learnt_sql
from training.checked import CheckedGenerator, as_served
from training.config import TrainingConfig
from training.generate import Generator
from training.generation import Generation
from training.model import load_adapter, load_base
from training.progress import Progress
from training.prompt import schema_prefix
from training.sql.catalog import Catalog


@dataclass(frozen=True)
class Answered:
    """One answer.

    Attributes:
        sql: What the API would hand to the guard; empty where the model wrote no statement.
        written: All that the model wrote, before it was drawn again and chosen; the first answer first.
        milliseconds: Its share of the time of each step that it was in work in.
        log_probability: Of the first answer, where it is known.
        draft_log_probabilities: Of all in `written`, where there are several.
    """

    sql: str
    written: tuple[str, ...]
    milliseconds: float
    log_probability: float | None = None
    draft_log_probabilities: tuple[float | None, ...] = ()


class Model:
    """The base model or an adapter, loaded once for all questions.

    Attributes:
        tokens: That went through it so far: of the schema, which is read once, of questions and of all that it wrote.
    """

    def __init__(
        self, config: TrainingConfig, catalog: Catalog, source: str, adapter: Path | None, device: str, label: str
    ) -> None:
        """Loads it.

        Args:
            config: Preset; says how many questions are decoded at once, and how long an answer may be.
            catalog: The tables that questions are about.
            source: Base model.
            adapter: Adapter folder; None for the base model alone.
            device: `cpu` or `cuda`.
            label: What the progress bar names, such as `the adapter`.
        """
        # Judged in full precision of its type: a 4-bit base is a device of training, the merged model is served.
        model, tokenizer = load_base(source, config.dtype, device=device)
        if adapter is not None:
            model = load_adapter(model, adapter)
        if adapter is not None:
            learnt = learnt_sql.load(adapter.parent)
            self._generator = as_served(model, tokenizer, catalog, config, learnt=learnt)
        else:  # nearly all that the base model writes is refused: drawing it again would take minutes and help nobody
            plain = Generator(model, tokenizer, catalog, config.max_new_tokens, config.generation_batch)
            self._generator = CheckedGenerator(plain, catalog, draws=0)
        self._batch, self._label = config.generation_batch, label
        self.tokens = self._schema_tokens = len(tokenizer.encode(schema_prefix(catalog)))

    def answer(self, questions: Sequence[str], kind: str, candidates: int = 1) -> list[Answered]:
        """Answers as many questions at once as the preset says; as one is answered, the next joins.

        Args:
            questions: In any order.
            kind: What the progress bar counts, such as `questions`.
            candidates: Answers to each; all are in `written`.

        Returns:
            One answer a question, in the same order.
        """
        progress = Progress(f"answering with {self._label}", len(questions), kind)
        # Long questions first: none is left alone at the end.
        waiting = sorted(range(len(questions)), key=lambda index: len(questions[index]))
        milliseconds = dict.fromkeys(waiting, 0.0)
        answers: dict[int, Answered] = {}
        batch = self._generator.open_batch()
        in_work: set[int] = set()
        while waiting or in_work:
            while waiting and len(in_work) < self._batch:
                index = waiting.pop()
                batch.add(index, questions[index], candidates)
                in_work.add(index)
            began = time.monotonic()
            done = batch.step()
            each = (time.monotonic() - began) * 1000 / len(in_work)
            for index in in_work:
                milliseconds[index] += each
            for index, generation in done:
                in_work.discard(index)
                answers[index] = self._answered(generation, milliseconds[index])
            if done:
                progress.advance(len(done))
        return [answers[index] for index in range(len(questions))]

    def _answered(self, generation: Generation, milliseconds: float) -> Answered:
        self.tokens += generation.prompt_tokens - self._schema_tokens + generation.completion_tokens
        return Answered(
            generation.sql,
            generation.drafts or (generation.sql,),
            milliseconds,
            generation.log_probability,
            generation.draft_log_probabilities,
        )
