"""Fill the people into questions that name one. Called by workload.py.

The YAML files hold placeholders only; the person comes from the generated business, drawn by seed and question, so the
same business and seed always ask about the same people.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import psycopg
import yaml
from psycopg.rows import dict_row

from dagster_project.sample.questions import PLACEHOLDER, Question, Via

Person = dict[str, str]


@dataclass(frozen=True)
class AskedQuestion:
    """A question as somebody asks it, and the SQL that answers it, without placeholders."""

    id: str
    question: str
    sql: str
    via: Via


def read_people(conn: psycopg.Connection) -> dict[str, list[Person]]:
    """Return the people of each kind in people.yaml, from the business in the connection's search path.

    Args:
        conn: Connection whose search path is the business schema.

    Returns:
        By kind, people as {"customer.full_name": …, "customer.email": …, "customer.phone": …} (or "employee.…").
    """
    kinds = yaml.safe_load(Path(__file__).with_name("people.yaml").read_text(encoding="utf-8"))
    people: dict[str, list[Person]] = {}
    with conn.cursor(row_factory=dict_row) as cursor:
        for kind, entry in kinds.items():
            rows = cursor.execute(entry["sql"]).fetchall()
            people[kind] = [{f"{entry['entity']}.{column}": value for column, value in row.items()} for row in rows]
    return people


def fill(question: Question, people: dict[str, list[Person]], seed: int) -> AskedQuestion | None:
    """Return the question with a person in place of its placeholders.

    Args:
        question: A question of the YAML files.
        people: What `read_people` returned.
        seed: Seed of the draw.

    Returns:
        The filled question, or None if the business (a very small one) has nobody of the kind.

    Raises:
        KeyError: If people.yaml has no such kind, or no such column.
    """
    if question.who is None:
        return AskedQuestion(question.id, question.question, question.sql, question.via)
    candidates = people[question.who]
    if not candidates:
        return None
    digest = hashlib.sha256(f"{seed}:{question.id}".encode()).digest()
    person = candidates[int.from_bytes(digest[:8]) % len(candidates)]
    text = PLACEHOLDER.sub(lambda match: person[match[0][1:-1]], question.question)
    sql = PLACEHOLDER.sub(lambda match: person[match[0][1:-1]].replace("'", "''"), question.sql)
    return AskedQuestion(question.id, text, sql, question.via)
