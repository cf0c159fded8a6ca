"""A small dataset folder for the tests of training: two tables and simple questions."""

import json
from pathlib import Path

from training.sql.catalog import Catalog, Column, Table

CATALOG = Catalog(
    (
        Table(
            "shop",
            "customers",
            None,
            (
                Column("customer_id", "integer", False, True),
                Column("email", "text", False, False, pii="email", sample_values=("ada@example.com",)),
                Column("tier", "text", False, False, sample_values=("gold", "silver")),
            ),
        ),
        Table(
            "shop",
            "orders",
            None,
            (
                Column("order_id", "integer", False, True),
                Column("customer_id", "integer", False, False, references="customers.customer_id"),
                Column("seller_id", "integer", False, False, references="customers.customer_id"),
                Column("total", "numeric(10,2)", False, False),
            ),
        ),
    )
)


def pair_rows(training: int = 24) -> list[dict]:
    """Rows of pairs.jsonl: training pairs, three for validation, three held out on each split."""
    parts = [("train", "train")] * training + [("dev", "train"), ("test", "train"), ("none", "test")] * 3
    return [
        {
            "id": f"p{number}",
            "instruction": "Write one PostgreSQL query that answers the question.",
            "input": f"how many orders above {number}",
            "output": f"SELECT COUNT(*) FROM orders WHERE orders.total > {number}",
            "origin": "comment",
            "question_split": question_split,
            "template_split": template_split,
            "fingerprint": "f",
            "catalog_hash": CATALOG.hash,
        }
        for number, (question_split, template_split) in enumerate(parts)
    ]


def write_dataset(folder: Path, rows: list[dict] | None = None) -> Path:
    """Writes the folder that `training.data.load_dataset` reads, and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = pair_rows() if rows is None else rows
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    CATALOG.save(folder / "catalog.json")
    manifest = {"dataset_hash": "feed", "pairs": len(rows), "created_at": "2026-11-23", "catalog_hash": CATALOG.hash}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
