"""Writes the corpus as the files that other trainers read: chat messages, prompt and completion, Alpaca.

Called by `python -m dagster_project.corpus export`. Each format is a folder with a file of JSON lines for each part
(`train`, `validation`, and the two held-out parts) and the JSON Schema of its lines, which lies in `schemas/` here.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import psycopg
from psycopg.rows import dict_row

from dagster_project.corpus.errors import ExportError
from dagster_project.warehouse.connect import connect
from dagster_project.warehouse.settings import Warehouse
from training.prompt import question_suffix, schema_prefix
from training.sql.catalog import Catalog, read_catalog
from training.value_hints import ValueIndex

SCHEMAS = Path(__file__).with_name("schemas")
# question_split → the file; names that `datasets.load_dataset` takes for a train, validation or test split by itself
PARTS = {"train": "train", "dev": "validation", "test": "question_test", "none": "template_test"}
_PAIRS = "select pair_id, instruction, input, output, question_split from corpus.training_pairs order by pair_id"


@dataclass(frozen=True)
class Prompter:
    """The prompt that training, evaluation and serving use, for one catalog."""

    prefix: str
    values: ValueIndex

    @classmethod
    def of(cls, catalog: Catalog) -> "Prompter":
        """Prepares it for a catalog."""
        return cls(schema_prefix(catalog), ValueIndex(catalog))

    def prompt(self, question: str) -> str:
        """Returns the whole prompt; the SQL follows after one blank."""
        return self.prefix + question_suffix(question, self.values.hints(question))


def chat_line(pair: dict[str, str], prompter: Prompter) -> dict[str, Any]:
    """A pair as chat messages: the whole prompt is the user's, for models without a system role."""
    messages = [
        {"role": "user", "content": prompter.prompt(pair["input"])},
        {"role": "assistant", "content": pair["output"]},
    ]
    return {"id": pair["pair_id"], "messages": messages}


def prompt_completion_line(pair: dict[str, str], prompter: Prompter) -> dict[str, Any]:
    """A pair as prompt and completion, which put together are the text that auditune trains on."""
    return {"id": pair["pair_id"], "prompt": prompter.prompt(pair["input"]), "completion": f" {pair['output']}"}


def alpaca_line(pair: dict[str, str], prompter: Prompter) -> dict[str, Any]:  # noqa: ARG001 - one signature for all
    """A pair in Alpaca's fields: the corpus's own instruction, the question alone as input."""
    return {key: pair[key] for key in ("instruction", "input", "output")} | {"id": pair["pair_id"]}


_LINES: dict[str, Callable[[dict[str, str], Prompter], dict[str, Any]]] = {
    "chat": chat_line,
    "prompt-completion": prompt_completion_line,
    "alpaca": alpaca_line,
}
FORMATS = tuple(_LINES)


def export_pairs(warehouse: Warehouse, folder: Path, formats: tuple[str, ...]) -> Iterator[str]:
    """Writes the present corpus.

    Args:
        warehouse: the warehouse.
        folder: where the folders of the formats go; made if missing. Files of an earlier export are replaced.
        formats: which of `FORMATS`.

    Yields:
        A sentence about each format that is written.

    Raises:
        ExportError: the corpus is missing or empty, or the folder cannot be written.
    """
    with connect(warehouse.dsn, "AUDITUNE_DSN") as connection:
        if connection.execute("select to_regclass('corpus.training_pairs')").fetchone()[0] is None:
            raise ExportError("There is no corpus yet: `make run` makes one, and so does `make import-pairs`.")
        prompter = Prompter.of(read_catalog(connection))
        for name in formats:
            try:
                sizes = _write(connection, prompter, folder / name, _LINES[name])
                shutil.copyfile(SCHEMAS / f"{name}.schema.json", folder / name / "schema.json")
            except OSError as error:
                reason = error.strerror or error.__class__.__name__
                raise ExportError(f"{folder} cannot be written ({reason}): give another folder as OUT.") from None
            if not sizes:
                raise ExportError("The corpus is empty: `select * from corpus.corpus_quality` says why.")
            parts = ", ".join(f"{part} {sizes[part]}" for part in PARTS.values())
            yield f"{folder / name}: {sum(sizes.values())} pairs ({parts})"


def _write(
    connection: psycopg.Connection, prompter: Prompter, folder: Path, line: Callable[[dict, Prompter], dict[str, Any]]
) -> Counter[str]:
    """Writes one format; returns the number of lines of each part."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes: Counter[str] = Counter()
    with ExitStack() as stack:
        files: dict[str, TextIO] = {
            part: stack.enter_context((folder / f"{part}.jsonl.new").open("w", encoding="utf-8"))
            for part in PARTS.values()
        }
        with connection.transaction(), connection.cursor(name="pairs", row_factory=dict_row) as cursor:
            for pair in cursor.execute(_PAIRS):
                part = PARTS[pair["question_split"]]
                files[part].write(json.dumps(line(pair, prompter), ensure_ascii=False) + "\n")
                sizes[part] += 1
    for part in PARTS.values():  # only whole files take the place of those of an earlier export
        (folder / f"{part}.jsonl.new").replace(folder / f"{part}.jsonl")
    return sizes
