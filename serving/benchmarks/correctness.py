"""Whether what is drawn inside the grammar is always SQL, and always about what exists. Called by `__main__`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlglot.errors import SqlglotError

from training.generate import Generator
from training.generation import Generation
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.guard import check
from training.sql.parse import parse_select


@dataclass
class Correctness:
    """Counts of drawn answers.

    Attributes:
        drawn: All.
        cut_off: Longer than an answer may be: no answer is given.
        parsed: SQL.
        named: SQL whose relations and columns all exist where it names them. What is not among them is drawn again.
        allowed: SQL that the guard lets run.
    """

    drawn: int = 0
    cut_off: int = 0
    parsed: int = 0
    named: int = 0
    allowed: int = 0

    def add(self, answer: Generation, catalog: Catalog) -> None:
        """Counts an answer."""
        self.drawn += 1
        if not answer.sql:
            self.cut_off += 1
            return
        try:
            parse_select(answer.sql)
        except (SqlError, SqlglotError):
            return
        self.parsed += 1
        verdict = check(answer.sql, catalog)
        self.named += verdict.rule not in {"unknown_relation", "unknown_column", "ambiguous_column"}
        self.allowed += verdict.allowed

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def draw_many(
    generator: Generator, catalog: Catalog, questions: Sequence[str], count: int, temperature: float
) -> Correctness:
    """Draws answers.

    Args:
        generator: With a grammar.
        catalog: What it may name.
        questions: At least one, asked equally often.
        count: Least number of answers.
        temperature: Of the draws.

    Returns:
        The counts.
    """
    found = Correctness()
    each = -(-count // len(questions))
    for question in questions:
        for answer in generator.draw(question, each, temperature):
            found.add(answer, catalog)
    return found
