"""Which mutants of a gold query a database tells from it. Called by search.py."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluate.suite.mutants import Mutant
from training.sql.compare import difference
from training.sql.determinism import is_open
from training.sql.ordering import Answer, run_answer
from training.sql.sandbox import Executor


@dataclass(frozen=True)
class Outcome:
    """What one database says of some mutants of one gold query.

    Attributes:
        killed: Those that answer otherwise than the gold.
        stillborn: Those that are no valid SQL over these tables, whatever rows they hold.
    """

    killed: frozenset[Mutant] = frozenset()
    stillborn: frozenset[Mutant] = frozenset()


def clear_answer(gold: str, executor: Executor) -> Answer | None:
    """Runs a gold query where its answer can judge others.

    Args:
        gold: The query.
        executor: Connected to the database.

    Returns:
        Its answer; None where it fails, is cut at the row cap, or hangs on an order that the query leaves open (equals
        at its LIMIT): such an answer is one of several right ones.
    """
    answer = run_answer(gold, executor)
    if answer.execution.rows is None or answer.execution.is_truncated or is_open(gold, answer.execution, executor):
        return None
    return answer


def judge_mutants(gold: str, mutants: Sequence[Mutant], executor: Executor) -> Outcome:
    """Runs a gold query and its mutants on one database.

    Args:
        gold: The query.
        mutants: Its mutants.
        executor: Connected to the database.

    Returns:
        The outcome; a mutant that ran into the timeout is not killed.
    """
    answer = clear_answer(gold, executor)
    killed, stillborn = set(), set()
    for mutant in mutants:
        execution = executor.run(mutant.sql)
        if execution.sqlstate is not None and execution.sqlstate.startswith("42"):
            stillborn.add(mutant)
        elif answer is not None and execution.error_class != "timeout":
            if difference(answer.execution, execution, answer.blocks) is not None:
                killed.add(mutant)
    return Outcome(frozenset(killed), frozenset(stillborn))
