"""Write the dbt seed `question_annotations` from questions/annotated.yaml: questions of statements without a comment.

Run as: `python -m dagster_project.sample.annotations`, after annotated.yaml has changed.
"""

import csv
from pathlib import Path

from dagster_project.sample.questions import load_questions

SEED_FILE = Path(__file__).parents[2] / "dbt_project" / "seeds" / "question_annotations.csv"


def annotation_rows() -> list[tuple[str, str]]:
    """Return (statement, question) of every question that is asked without a comment."""
    return [(question.sql, question.question) for question in load_questions() if question.via == "annotation"]


def write_seed(path: Path = SEED_FILE) -> None:
    """Write the seed file anew."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("statement", "question"))
        writer.writerows(annotation_rows())


if __name__ == "__main__":
    write_seed()
