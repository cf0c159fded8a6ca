"""Chooses the variants of a sandbox: of several seeds the one that kills most of the mutants that are still alive.

Called by Dagster's asset `raw_training/suite_variants` and by benchmarks. Greedy, kind by kind: each new variant is
worth what it tells apart that those before it do not.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from training.evaluate.suite.build import VariantBuilder, drop_variants, variant_schemas
from training.evaluate.suite.kills import judge_mutants
from training.evaluate.suite.kinds import KINDS, Kind
from training.evaluate.suite.mutants import Mutant, mutate
from training.sql.canonical import canonicalize, fingerprint
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.sandbox import Executor

GOAL = 0.95  # of all mutants, killed by the sandbox or a variant
_SEEDS = 2  # tried for each kind; with three, 97.3 % of the sample's mutants died as with two, and 96.2 % of GeoQuery's
_TIMEOUT_MS = 2000
_MAX_TEMPLATES = 400


@dataclass(frozen=True)
class Variant:
    """One variant that was kept.

    Attributes:
        name: The end of its schemas' names.
        kind: What was done to the sandbox's rows.
        seed: That of its kind.
        rows: How many rows it holds.
        newly_killed: Mutants that it kills, and neither the sandbox nor a variant before it.
    """

    name: str
    kind: str
    seed: int
    rows: int
    newly_killed: int


@dataclass(frozen=True)
class Suite:
    """The variants of one warehouse's sandboxes, and what they are worth.

    Attributes:
        variants: In the order in which they were chosen.
        mutants: Operator → mutants that are valid SQL and have another canonical form than their gold query.
        killed_alone: Operator → those that the sandbox alone tells from their gold query.
        survivors: Gold queries and the mutants that neither the sandbox nor a variant tells from them.
    """

    variants: tuple[Variant, ...]
    mutants: Mapping[str, int]
    killed_alone: Mapping[str, int]
    survivors: tuple[tuple[str, Mutant], ...]

    @property
    def kill_rate_alone(self) -> float:
        """Share of the mutants that the sandbox alone kills."""
        return sum(self.killed_alone.values()) / max(1, sum(self.mutants.values()))

    @property
    def kill_rate(self) -> float:
        """Share of the mutants that the sandbox or a variant kills."""
        return 1 - len(self.survivors) / max(1, sum(self.mutants.values()))


def choose_variants(
    builder: VariantBuilder,
    dsn: str,
    statements: Iterable[str],
    catalog: Catalog,
    report: Callable[[str], None],
) -> Suite:
    """Builds the variants and measures them; variants of an earlier suite go.

    Args:
        builder: Builds a variant.
        dsn: Of the role that runs queries: auditune_sandbox.
        statements: Gold queries in canonical form; one of each template is mutated.
        catalog: The tables that they read, with what refers to what.
        report: Told what was chosen, a line each.

    Returns:
        The suite; its variants stand in the database.
    """
    golds = one_of_each_template(statements)
    with _executor(dsn, builder.sandboxes) as sandbox:
        alive, made, killed_alone = _first_round(golds, catalog, sandbox)
    report(f"{made.total()} mutants of {len(golds)} queries; {killed_alone.total()} killed by the sandbox alone")
    variants: list[Variant] = []
    for kind in KINDS:
        variant, alive = _choose(builder, kind.name, kind, 1, dsn, alive)
        variants.append(variant)
        report(f"{variant.name}: seed {variant.seed}, {variant.newly_killed} more, {_count(alive)} alive")
    for first in variants[:]:
        # Another of a kind that has helped may help again; one that does not is not kept.
        if first.newly_killed and _count(alive) > (1 - GOAL) * made.total():
            second, alive = _choose(builder, f"{first.name}_2", _kind(first), 2, dsn, alive)
            variants += [second] if second.newly_killed else []
            report(f"{second.name}: seed {second.seed}, {second.newly_killed} more, {_count(alive)} alive")
    drop_variants(builder.connection, builder.schemas, keep=[variant.name for variant in variants])
    survivors, same = _without_same(alive, catalog)
    return Suite(tuple(variants), dict(made - same), dict(killed_alone), survivors)


def one_of_each_template(statements: Iterable[str]) -> list[str]:
    """Keeps the first gold query of each template, of at most so many templates that the search stays short.

    Args:
        statements: In canonical form.

    Returns:
        The queries in the order of their templates' fingerprints, which is no order of theirs.
    """
    first: dict[str, str] = {}
    for statement in sorted(set(statements)):
        first.setdefault(fingerprint(statement), statement)
    return [first[template] for template in sorted(first)][:_MAX_TEMPLATES]


_Alive = dict[str, tuple[Mutant, ...]]  # gold query → its mutants that nothing has killed yet


def _first_round(
    golds: Sequence[str], catalog: Catalog, sandbox: Executor
) -> tuple[_Alive, Counter[str], Counter[str]]:
    """What the sandbox alone leaves alive, and by operator how many mutants are valid SQL and how many it kills."""
    alive: _Alive = {}
    made, killed = Counter(), Counter()
    for gold in golds:
        mutants = mutate(gold, catalog)
        outcome = judge_mutants(gold, mutants, sandbox)
        valid = [mutant for mutant in mutants if mutant not in outcome.stillborn]
        made.update(mutant.operator for mutant in valid)
        killed.update(mutant.operator for mutant in outcome.killed)
        alive[gold] = tuple(mutant for mutant in valid if mutant not in outcome.killed)
    return alive, made, killed


def _choose(
    builder: VariantBuilder, name: str, kind: Kind, number: int, dsn: str, alive: _Alive
) -> tuple[Variant, _Alive]:
    """Builds a variant with each seed and keeps the best one."""
    best: tuple[int, int, _Alive] | None = None
    rows, built = 0, None
    for seed in range((number - 1) * _SEEDS + 1, number * _SEEDS + 1):
        rows, built = builder.build(name, kind, seed), seed
        left = _left_alive(alive, dsn, name, builder.schemas)
        if best is None or _count(left) < best[0]:
            best = _count(left), seed, left
        if not best[0]:
            break
    _, seed, left = best
    if seed != built:
        rows = builder.build(name, kind, seed)
    return Variant(name, kind.name, seed, rows, _count(alive) - _count(left)), left


def _kind(variant: Variant) -> Kind:
    return next(kind for kind in KINDS if kind.name == variant.kind)


def _left_alive(alive: _Alive, dsn: str, name: str, schemas: Sequence[str]) -> _Alive:
    left = {}
    with _executor(dsn, variant_schemas(schemas, name)) as variant:
        for gold, mutants in alive.items():
            killed = judge_mutants(gold, mutants, variant).killed if mutants else frozenset()
            left[gold] = tuple(mutant for mutant in mutants if mutant not in killed)
    return left


def _without_same(alive: _Alive, catalog: Catalog) -> tuple[tuple[tuple[str, Mutant], ...], Counter[str]]:
    """The survivors but those whose canonical form is the gold's, which nothing can kill; and how many those are."""
    survivors, same = [], Counter()
    for gold, mutants in alive.items():
        for mutant in mutants:
            if _canonical(mutant.sql, catalog) == gold:
                same[mutant.operator] += 1
            else:
                survivors.append((gold, mutant))
    return tuple(survivors), same


def _canonical(sql: str, catalog: Catalog) -> str | None:
    try:
        return canonicalize(sql, catalog)
    except SqlError:
        return None


def _executor(dsn: str, sandboxes: Mapping[str, str]) -> Executor:
    return Executor.standing_in(dsn, sandboxes, _TIMEOUT_MS)


def _count(alive: _Alive) -> int:
    return sum(map(len, alive.values()))
