"""Writes the corpus as the data set that training reads: a folder named by the hash of what is in it.

Called by the asset `training/dataset`; read by `python -m training`. Format: one JSON object a line in `pairs.jsonl`,
`catalog.json` (training.sql.catalog), `manifest.json`, and for the evaluation `injection_questions.jsonl` and
`unanswerable_questions.jsonl`. `CURRENT` beside the folders names the newest.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from training.sql.catalog import Catalog

INJECTION_QUESTIONS = "injection_questions.jsonl"  # as training/evaluate/injection.py reads it
_INJECTION_QUESTIONS = "select question_id, category, question, target_sql from staging.injection_questions order by 1"
UNANSWERABLE_QUESTIONS = "unanswerable_questions.jsonl"  # as training/evaluate/refusal.py reads it
_UNANSWERABLE_QUESTIONS = "select question_id, category, part, question from staging.unanswerable_questions order by 1"
_PAIRS = """
select pair_id as id, instruction, input, output, origin, question_split, template_split, fingerprint, catalog_hash
from corpus.training_pairs
order by pair_id
"""


@dataclass(frozen=True)
class Dataset:
    """A data set on disk: its folder, its hash (16 hex digits), and how many pairs each part holds."""

    folder: Path
    dataset_hash: str
    sizes: dict[str, int]


def write_dataset(connection: psycopg.Connection, catalog: Catalog, home: Path) -> Dataset:
    """Writes the present corpus; an equal corpus gives the same folder and writes nothing.

    Args:
        connection: of a role that may read `corpus`.
        catalog: the warehouse's catalog.
        home: the state folder.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        pairs = cursor.execute(_PAIRS).fetchall()
    content = "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)
    dataset_hash = hashlib.sha256(f"{catalog.hash}\n{content}".encode()).hexdigest()[:16]
    datasets = home / "datasets"
    folder = datasets / dataset_hash
    if not (folder / "manifest.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pairs.jsonl").write_text(content, encoding="utf-8")
        catalog.save(folder / "catalog.json")
        manifest = {
            "dataset_hash": dataset_hash,
            "catalog_hash": catalog.hash,
            "pairs": len(pairs),
            "created_at": datetime.now(UTC).isoformat(),
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")  # last: its presence is the seal
    pointer = datasets / "CURRENT.new"
    pointer.write_text(dataset_hash)
    pointer.replace(datasets / "CURRENT")
    return Dataset(folder, dataset_hash, part_sizes(pairs))


def write_injection_questions(connection: psycopg.Connection, folder: Path) -> int:
    """Writes the questions that each evaluation attacks the model with beside a data set's pairs; see `_write`."""
    return _write(connection, _INJECTION_QUESTIONS, folder / INJECTION_QUESTIONS)


def write_unanswerable_questions(connection: psycopg.Connection, folder: Path) -> int:
    """Writes the questions that nothing in the warehouse answers beside a data set's pairs; see `_write`."""
    return _write(connection, _UNANSWERABLE_QUESTIONS, folder / UNANSWERABLE_QUESTIONS)


def _write(connection: psycopg.Connection, query: str, path: Path) -> int:
    """Writes rows of a seed into a data set's folder, one JSON object a line.

    They are no part of what its name is the hash of: nothing is trained on them, and the newest ones count.

    Args:
        connection: of a role that may read `staging`.
        query: of the rows.
        path: the file.

    Returns:
        How many there are.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query).fetchall()
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return len(rows)


def current_dataset(home: Path) -> Path:
    """Returns the folder of the newest data set.

    Raises:
        FileNotFoundError: none has been written.
    """
    pointer = home / "datasets" / "CURRENT"
    if not pointer.exists():
        raise FileNotFoundError("No data set has been written yet: materialize the asset training/dataset first.")
    return home / "datasets" / pointer.read_text().strip()


def part_sizes(pairs: list[dict]) -> dict[str, int]:
    """Counts the pairs of each part: train, dev, question_test, template_test."""
    names = {"train": "train", "dev": "dev", "test": "question_test", "none": "template_test"}
    counts = Counter(names[pair["question_split"]] for pair in pairs)
    return {name: counts[name] for name in names.values()}
