"""Decide what the workload replay sends, and in which order. Pure given its inputs; called by replay.py.

The questions come back with realistic frequency (few are asked every day, most once); between them stands what every
real log holds: catalog queries, DDL, failing statements, maintenance.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from dagster_project.sample import comments
from dagster_project.sample.people import AskedQuestion

Tool = Literal["psql", "bi", "app", "commenter", "backoffice", "dbeaver", "dbeaver_metadata", "jdbc"]

REPEATS = 1_400  # questions asked once more, beside the first time
ZIPF_EXPONENT = 1.1
MISTYPED = 40  # psql questions whose first attempt fails
TYPOS = (
    ("select ", "selct "),
    ("from ", "form "),
    ("customer_id", "custmer_id"),
    ("orders", "order"),
    ("count(", "cuont("),
)
DASHBOARDS = {
    "orders": "Sales",
    "sales": "Sales",
    "buyers": "Customers",
    "customers": "Customers",
    "finance": "Finance",
    "fiscal": "Board report",
    "shipping": "Logistics",
    "support": "Service",
}


@dataclass(frozen=True)
class Statement:
    """One statement as a client sends it."""

    sql: str
    parameters: tuple[str | int, ...] | None = None


@dataclass(frozen=True)
class Script:
    """Statements that one tool sends one after the other in one session."""

    kind: str
    tool: Tool
    statements: tuple[Statement, ...]
    may_fail: bool = False


class NoiseScript(BaseModel):
    """One entry of noise.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: Tool
    times: int
    script: tuple[str, ...]
    fails: bool = False


def build_workload(questions: list[AskedQuestion], seed: int) -> list[Script]:
    """Return every script of the replay in the order it is sent.

    Args:
        questions: All questions, with their people filled in; each is asked at least once.
        seed: Seed of the repetitions and of the order.

    Returns:
        Scripts of the kinds "question" (one statement each) and those of noise.yaml.
    """
    rng = np.random.default_rng([seed, 3])
    ranks = 1 + rng.permutation(len(questions))
    weights = 1.0 / ranks**ZIPF_EXPONENT
    again = rng.choice(len(questions), size=REPEATS, p=weights / weights.sum())
    scripts = [_ask(question) for question in questions]
    scripts += [scripts[index] for index in again]
    typed = [question for question in questions if question.via == "psql"]
    for index in rng.permutation(len(typed))[:MISTYPED]:
        scripts += _mistype(typed[index])
    for kind, entries in read_noise().items():
        for entry in entries:
            statements = tuple(Statement(sql) for sql in entry.script)
            scripts += [Script(kind, entry.tool, statements, entry.fails)] * entry.times
    return [scripts[index] for index in rng.permutation(len(scripts))]


def read_noise() -> dict[str, list[NoiseScript]]:
    """Return the scripts of noise.yaml by kind."""
    kinds = yaml.safe_load(Path(__file__).with_name("noise.yaml").read_text(encoding="utf-8"))
    return {kind: [NoiseScript.model_validate(entry) for entry in entries] for kind, entries in kinds.items()}


def _ask(asked: AskedQuestion) -> Script:
    """Return the script that asks a question through its tool."""
    theme = asked.id.split("-")[0]
    match asked.via:
        case "psql":
            tool, statement = "psql", Statement(comments.psql_style(asked.question, asked.sql))
        case "bi":
            dashboard = DASHBOARDS.get(theme, theme.capitalize())
            tool, statement = "bi", Statement(comments.bi_style(asked.question, asked.sql, dashboard))
        case "annotation":  # runs bare: the dbt seed question_annotations knows what it answers
            tool, statement = "dbeaver", Statement(asked.sql)
        case "app" | "commenter":
            tool = asked.via
            sql, values = comments.bind(asked.sql)
            commented = comments.sqlcommenter_style(asked.question, sql, f"report/{theme}")
            comment = commented[len(sql) :].replace("%", "%%")
            statement = Statement(sql + comment, tuple(values))
    return Script("question", tool, (statement,))


def _mistype(asked: AskedQuestion) -> list[Script]:
    """Return the attempts of somebody who mistypes the question's SQL; none where no typo fits."""
    for right, wrong in TYPOS[len(asked.id) % len(TYPOS) :] + TYPOS:
        if right in asked.sql:
            sql = comments.psql_style(asked.question, asked.sql.replace(right, wrong, 1))
            return [Script("failing", "psql", (Statement(sql),), may_fail=True)]
    return []
