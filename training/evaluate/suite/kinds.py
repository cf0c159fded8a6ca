"""What makes each kind of variant different: chances in percent, read by rows.py. Pure data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """How a variant's rows come from the sandbox's.

    Attributes:
        name: The end of the schema's name.
        changed: Percent of plain values that are drawn anew, from the column's own or the gold queries' literals.
        nulled: Percent of values that become null, where the column may be.
        moved: Percent of foreign keys that are given another parent.
        values: How many different values a column is drawn from; None for all it has.
        parents: How many parents a foreign key is drawn from; None for all.
        copied: Percent of rows that stand twice or three times, under keys of their own.
        kept: Percent of rows that stay, of each table a different share from this one up to 100; a table that no other
            refers to may lose all.
    """

    name: str
    changed: int
    nulled: int = 0
    moved: int = 20
    values: int | None = None
    parents: int | None = None
    copied: int = 0
    kept: int = 100


KINDS = (
    Kind("perturbed", changed=40, moved=30),
    Kind("skewed", changed=75, moved=85, values=3, parents=4),
    Kind("emptied", changed=25, kept=4),
    Kind("duplicated", changed=15, copied=60),
    Kind("nulled", changed=25, nulled=35),
)
