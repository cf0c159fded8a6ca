"""Measures each contender by turns on one adapter and one dataset. Called by `__main__`."""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from serving.benchmarks import grammar_size, llama_server, ours
from serving.benchmarks.alone import peak_memory_mib
from serving.benchmarks.api_overhead import measure_overhead
from serving.benchmarks.correctness import draw_many
from serving.benchmarks.plain_generate import PlainGenerate
from serving.benchmarks.questions import read_questions
from serving.benchmarks.timing import Answered, summarize
from training import learnt_sql
from training.benchmarks.hardware import hardware
from training.checked import CheckedGenerator, inside_grammar
from training.choice import DRAWS
from training.config import TrainingConfig, config_from_dict
from training.errors import BadInput
from training.evaluate.injection import load_injections
from training.export.gguf_file import write_gguf
from training.model import load_adapter, load_base
from training.prompt import question_suffix, schema_prefix
from training.sql.catalog import Catalog
from training.value_hints import ValueIndex

TEMPERATURES = (1.0, 1.5)
_QUESTIONS_DRAWN = 40
_WARM_UP = "warm up"


class Comparison:
    """One adapter and one dataset for all contenders."""

    def __init__(self, base_model: str, adapter: Path, data: Path, report: Callable[[str], object]) -> None:
        """Reads the settings of the adapter's run.

        Args:
            base_model: Path or id.
            adapter: Folder that peft's save_pretrained wrote, `run.json` beside it.
            data: Dataset folder.
            report: Told one line of text after each measurement; other processes find it by its name.
        """
        self._base_model, self._adapter, self._data, self._report = base_model, adapter, data, report
        self._catalog = Catalog.load(data / "catalog.json")
        self._config = _run_config(adapter)

    def setting(self) -> dict[str, str | int]:
        """What the figures depend on."""
        _, tokenizer = self._base()
        return {
            "base_model": Path(self._base_model).name,
            "schema_tokens": len(tokenizer.encode(schema_prefix(self._catalog))),
            "hardware": hardware(),
        }

    def measure_engine(self, clients: Sequence[int], questions: int) -> dict:
        """Our engine; for each number of clients the figures, and how much of the answers the grammar forced.

        `first_answers` has the figures without second draws: each first answer is given, as the others give it.
        """
        model, tokenizer = self._with_adapter()
        asked, learnt = read_questions(self._data, questions), learnt_sql.load(self._adapter.parent)
        result: dict = {}
        for name, draws in (("engine", DRAWS), ("first answers", 0)):
            figures = {}
            for number in clients:
                generator = None  # a new one each time, for what an earlier one has answered it would guess
                began = time.perf_counter()
                # It begins with what the API begins with: the SQL that the adapter was trained on.
                plain = inside_grammar(model, tokenizer, self._catalog, self._config, learnt=learnt)
                result.setdefault("load_seconds", round(time.perf_counter() - began, 2))
                generator = CheckedGenerator(plain, self._catalog, draws)
                del plain
                generator.generate([_WARM_UP])
                timings, generations, wall = ours.answer(generator, asked, number)
                figures[str(number)] = self._told(name, number, timings, wall) | ours.shares(generations)
            result |= {"first_answers": figures} if draws == 0 else figures
        return result | {"peak_memory_mib": peak_memory_mib()}

    def measure_drawn(self, count: int) -> dict:
        """At each temperature the counts of drawn answers."""
        generator = inside_grammar(*self._with_adapter(), self._catalog, self._config) if count else None
        hostile = [injection.question for injection in load_injections(self._data)]
        questions = read_questions(self._data, _QUESTIONS_DRAWN) + hostile
        result = {}
        for temperature in TEMPERATURES if count else ():
            counts = draw_many(generator, self._catalog, questions, count, temperature).as_dict()
            self._report(f"drawn at temperature {temperature}: {counts}")
            result[str(temperature)] = counts
        return result

    def measure_plain(self, clients: Sequence[int], questions: int) -> dict:
        """The model with its adapter beside it, by transformers' own `generate`."""
        model, tokenizer = self._base()
        plain = PlainGenerate(model, tokenizer, self._adapter, self._config.max_new_tokens)
        prompts = self._prompts(questions)
        result = {}
        for number in clients:
            # A smaller last batch would make a client's wait look shorter than it is.
            timings, wall = plain.answer(prompts[: max(1, len(prompts) // number) * number], number)
            result[str(number)] = self._told("plain generate", number, timings, wall)
        return result | {"peak_memory_mib": peak_memory_mib()}

    def measure_llama(self, clients: Sequence[int], questions: int, weights: str) -> dict | None:
        """llama.cpp's server on the merged model; None where it is not installed, or cannot read such a model."""
        if not llama_server.is_installed():
            self._report(f"llama.cpp: {llama_server.PROGRAM} is not on the PATH, so it is left out")
            return None
        model, tokenizer = self._with_adapter()
        prompts = self._prompts(questions)
        context = max(len(tokenizer.encode(prompt)) for prompt in prompts) + self._config.max_new_tokens + 8
        result: dict = {"weights": weights}
        peaks = []
        with tempfile.TemporaryDirectory(prefix="auditune-benchmark-") as folder:
            file = Path(folder) / "adapter.gguf"
            try:
                write_gguf(model, tokenizer, file, weights, "benchmark")
            except BadInput as error:
                self._report(f"llama.cpp is left out: {error}")
                return None
            for number in clients:
                with llama_server.llama_server(file, number, context) as server:
                    timings, wall = llama_server.answer(server.port, prompts, number, self._config.max_new_tokens)
                    peaks.append(peak_memory_mib(server.process_id))
                result[str(number)] = self._told("llama.cpp", number, timings, wall)
        return result | {"peak_memory_mib": None if None in peaks else max(peaks)}

    def measure_api(self, requests: int) -> dict:
        """The API around a model that takes no time."""
        result = measure_overhead(self._data, read_questions(self._data, _QUESTIONS_DRAWN), requests)
        self._report(f"API: {result['p50_ms']} ms at one client, {result['requests_per_second']} requests/s at 16")
        return result

    def measure_grammar(self) -> dict:
        """The grammar of a large catalog."""
        model, tokenizer = self._base()
        seconds = round(grammar_size.compile_seconds(tokenizer, model.config.vocab_size), 2)
        self._report(f"grammar of {grammar_size.TABLES} tables: {seconds} s")
        return {"tables": grammar_size.TABLES, "seconds": seconds}

    def _base(self) -> tuple:
        return load_base(self._base_model, self._config.dtype)

    def _with_adapter(self) -> tuple:
        model, tokenizer = self._base()
        return load_adapter(model, self._adapter), tokenizer

    def _prompts(self, count: int) -> list[str]:
        values, prefix = ValueIndex(self._catalog), schema_prefix(self._catalog)
        questions = read_questions(self._data, count)
        return [prefix + question_suffix(question, values.hints(question)) for question in questions]

    def _told(self, name: str, clients: int, timings: Sequence[Answered], wall: float) -> dict:
        figures = summarize(timings, wall)
        self._report(
            f"{name}, {clients} clients: {figures['answers_per_second']} answers/s, "
            f"{figures['tokens_per_second']} tokens/s, p50 {figures['p50_ms']} ms, p95 {figures['p95_ms']} ms, "
            f"first token {figures['first_token_p50_ms']} ms"
        )
        return figures


def _run_config(adapter: Path) -> TrainingConfig:
    run = adapter.parent / "run.json"
    return config_from_dict(json.loads(run.read_text(encoding="utf-8"))["config"], source="run.json of the adapter")
