"""Whether what is drawn inside the grammar is always SQL, and always about what exists. Called by `__main__`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from sqlglot.errors import SqlglotError

from training.choice import DRAWS, may_run
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
        drawn: All draws, those that were drawn again among them.
        cut_off: Longer than an answer may be: no answer is given.
        parsed: SQL.
        named: SQL whose relations and columns all exist where it names them.
        allowed: SQL that the guard lets run.
        refused: Asked for and given up: neither the first draw nor one of `DRAWS` more was allowed.
        answers: What was given, one text for each that was asked for and not refused.
    """

    drawn: int = 0
    cut_off: int = 0
    parsed: int = 0
    named: int = 0
    allowed: int = 0
    refused: int = 0
    answers: list[str] = field(default_factory=list)

    def add(self, answer: Generation, catalog: Catalog) -> None:
        """Counts a draw, and keeps it where it may be given."""
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
        if may_run(answer.sql, catalog):
            self.answers.append(answer.sql)

    def as_dict(self) -> dict[str, int]:
        """The counts by name; `answered` is that of the answers."""
        counts = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "answers"}
        return {**counts, "answered": len(self.answers)}


def draw_many(
    generator: Generator, catalog: Catalog, questions: Sequence[str], count: int, temperature: float
) -> Correctness:
    """Draws answers; one that the guard refuses is drawn again, as often as the API does it.

    Args:
        generator: With a grammar.
        catalog: What it may name.
        questions: At least one, asked equally often.
        count: Least number of answers that are asked for.
        temperature: Of the draws.

    Returns:
        The counts, and the answers.
    """
    found = Correctness()
    each = -(-count // len(questions))
    for question in questions:
        missing, tried = each, 0
        for _ in range(1 + DRAWS):
            before = len(found.answers)
            for answer in generator.draw(question, missing, temperature, skip=tried):
                found.add(answer, catalog)
            tried += missing
            missing -= len(found.answers) - before
            if not missing:
                break
        found.refused += missing
    return found
