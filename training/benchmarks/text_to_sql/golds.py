"""Which pairs of a benchmark can be used, and whether its parts can be judged: known before anything is trained.

Called by run.py and ablations.py.
"""

from collections.abc import Callable
from pathlib import Path

from training.benchmarks.text_to_sql.dataset import CanonicalPair
from training.benchmarks.text_to_sql.source import Source
from training.data import load_dataset
from training.errors import BadInput
from training.evaluate.audit import audit_evaluator, audit_split
from training.evaluate.score import Scorer
from training.sql.canonical import canonicalize, fingerprint
from training.sql.catalog import Catalog
from training.sql.compare import difference
from training.sql.errors import SqlError
from training.sql.guard import check
from training.sql.ordering import run_answer
from training.sql.sandbox import Executor
from training.sql.schema_names import sandbox_names

_NAMED_AT_MOST = 20


def usable_pairs(
    source: Source, catalog: Catalog, reader: str, report: Callable[[str], object]
) -> tuple[list[CanonicalPair], dict[str, str]]:
    """Brings all SQL to its canonical form and runs it; what cannot be used is told and left out.

    Args:
        source: The benchmark.
        catalog: Its tables.
        reader: DSN of a role that may read them.
        report: Told one line of text at a time.

    Returns:
        Its pairs, in file order; and those that are left out, id → why: a code of the canonical form, a rule of the
        guard, an error class of the server, or `unstable` where two runs differ or the rows are more than the cap.

    Raises:
        BadInput: Not one pair can be used.
    """
    usable, unusable = [], {}
    with Executor.standing_in(reader, sandbox_names([source.schema])) as executor:
        for pair in source.pairs:
            try:
                canonical = canonicalize(pair.sql, catalog)
            except SqlError as error:
                unusable[pair.id] = error.code
                continue
            if flaw := _flaw(canonical, catalog, executor):
                unusable[pair.id] = flaw
            else:
                usable.append(CanonicalPair(pair, canonical, fingerprint(canonical)))
    if unusable:
        named = ", ".join(f"{name} ({why})" for name, why in list(unusable.items())[:_NAMED_AT_MOST])
        report(f"{len(unusable)} of {len(source.pairs)} pairs cannot be used and are left out: {named}")
    if not usable:
        raise BadInput("The SQL of no pair can be used; is it written for the tables of schema.sql?")
    return usable, unusable


def audit_before_training(dataset: Path, reader: str) -> None:
    """Audits the evaluator on a split's dataset as the evaluation will, so that no training is in vain.

    Args:
        dataset: The split's dataset folder.
        reader: DSN of a role that may read the tables.

    Raises:
        TrainingFailed: The split cannot be judged.
    """
    loaded = load_dataset(dataset)
    with Executor.standing_in(reader, sandbox_names(loaded.catalog.business_schemas)) as executor:
        scorer = Scorer(loaded.catalog, loaded.pairs, executor)
        for split in ("question_split", "template_split"):
            if pairs := loaded.held_out(split):
                audit_split(loaded, split)
                audit_evaluator(scorer, pairs)


def _flaw(sql: str, catalog: Catalog, executor: Executor) -> str | None:
    verdict = check(sql, catalog)
    if not verdict.allowed:
        return verdict.rule
    gold = run_answer(sql, executor)
    if gold.execution.error_class is not None:
        return gold.execution.error_class
    return None if difference(gold.execution, executor.run(sql), gold.blocks) is None else "unstable"
