"""Pairs and answers about the small data set. Used by the tests beside it."""

from training.data import Pair
from training.evaluate.answering import Answered

GOLD = "SELECT COUNT(*) FROM orders WHERE orders.total > 30"


def one_pair(sql: str) -> Pair:
    """A held-out pair with this gold."""
    return Pair("p", "how many", sql, "test", "train")


def answered(sql: str, *drafts: str) -> Answered:
    """A model's answer; it wrote the drafts, or nothing else."""
    return Answered(sql, drafts or (sql,), 1.0)


def split_by_template(rows: list[dict]) -> list[dict]:
    """Gives the pairs that the template split holds out a template of their own."""
    for row in rows:
        if row["template_split"] == "test":
            row |= {"input": f"the largest of {row['id']}", "output": "SELECT MAX(orders.total) FROM orders"}
    return rows
