"""Read and check the hand-written questions in `questions/*.yaml`. Called by workload.py and the tests.

A file is one theme. Each of its entries is one SQL statement with the questions that it answers:

    via: [bi, psql]                  # the tools that ask these questions, in turn
    entries:
      - sql: select count(*) from customers
        ask:
          - How many customers do we have?
      - who: orderer                 # a kind of person from people.yaml: fills {customer.full_name} and its like
        sql: select city from customers where full_name = '{customer.full_name}'
        ask: ["Which city does {customer.full_name} live in?"]
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FOLDER = Path(__file__).with_name("questions")
PLACEHOLDER = re.compile(r"\{(customer|employee)\.(full_name|email|phone)\}")

Via = Literal["psql", "bi", "app", "commenter", "annotation"]


class QuestionFileError(ValueError):
    """A file of questions is not what `questions.py` describes."""


class Entry(BaseModel):
    """One statement and the questions that it answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sql: str = Field(min_length=1)
    ask: tuple[str, ...] = Field(min_length=1)
    who: str | None = None
    via: Via | None = None

    @model_validator(mode="after")
    def _placeholders_need_a_person(self) -> "Entry":
        texts = (self.sql, *self.ask)
        if any(bool(PLACEHOLDER.search(text)) != (self.who is not None) for text in texts):
            raise ValueError(
                "a placeholder such as {customer.email} and 'who' go together, in the SQL and every question"
            )
        if any(("{" in PLACEHOLDER.sub("", text)) for text in texts):
            raise ValueError("unknown placeholder: use {customer|employee.full_name|email|phone}")
        if any(re.search(r"[\n;]|\*/|--", text) for text in self.ask) or ";" in self.sql:
            raise ValueError("a question is one line that can stand in an SQL comment; SQL has no semicolon")
        return self


class Theme(BaseModel):
    """One file of questions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    via: tuple[Via, ...] = Field(min_length=1)
    entries: tuple[Entry, ...] = Field(min_length=1)


_VALUE = re.compile(r"'[^']*'|\b\d+(?:\.\d+)?\b")


@dataclass(frozen=True)
class Question:
    """A question with its answer, still with placeholders where it names a person."""

    id: str
    theme: str
    question: str
    sql: str
    via: Via
    who: str | None


def load_questions(folder: Path = FOLDER) -> list[Question]:
    """Return every question of the folder's YAML files, in the order of file and line.

    Args:
        folder: Where the YAML files are.

    Returns:
        One item a question; the phrasings of one statement follow each other.

    Raises:
        QuestionFileError: If a file is malformed, or a question occurs twice.
    """
    questions: list[Question] = []
    for path in sorted(folder.glob("*.yaml")):
        theme = _read_theme(path)
        first = len(questions)
        for number, entry in enumerate(theme.entries, start=1):
            for phrasing, text in enumerate(entry.ask, start=1):
                via = entry.via or theme.via[(len(questions) - first) % len(theme.via)]
                sql = " ".join(entry.sql.split())
                questions.append(Question(f"{path.stem}-{number:03d}-{phrasing}", path.stem, text, sql, via, entry.who))
    seen: dict[str, str] = {}
    for question in questions:
        key = question.question.casefold()
        if key in seen:
            raise QuestionFileError(f"Question {question.id} repeats {seen[key]}: word it differently or remove it.")
        seen[key] = question.id
    return questions


def recurring_questions(questions: list[Question], ways: int = 3) -> list[Question]:
    """Keep what a company asks again and again: statements that differ in their values only, in several wordings.

    The sample's default workload: a query log is like that, and what is asked once would only lengthen training. It
    leaves 1,580 of 2,058 questions, over 192 of 486 templates.

    Args:
        questions: What `load_questions` returned.
        ways: Questions that a template needs at least; two where they are about a person, who makes each another one.
            Those that run without a comment are kept in any case: the dbt seed knows them.

    Returns:
        The questions kept, in their order.
    """
    templates = Counter(_template(question.sql) for question in questions)
    return [
        question
        for question in questions
        if question.via == "annotation"
        or templates[_template(question.sql)] >= (ways if question.who is None else min(ways, 2))
    ]


def _template(sql: str) -> str:
    """A statement without its values; the house style leaves nothing else to normalize."""
    return _VALUE.sub("?", sql)


def _read_theme(path: Path) -> Theme:
    try:
        return Theme.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise QuestionFileError(f"{path.name} is not a valid file of questions: {error}") from error
