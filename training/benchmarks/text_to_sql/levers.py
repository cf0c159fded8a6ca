"""The levers of the ablation: each takes away, or exchanges, one thing of the road from pair to answer.

What the product has no switch for, since one way was found better, is exchanged here in the modules that call it.
Called by ablations.py.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

from training import batches, checked, generate
from training.evaluate import answering, security
from training.prompt import INSTRUCTION, schema_prefix
from training.sql.catalog import Catalog
from training.value_hints import ValueIndex

REFERENCE = "reference"
_USERS_OF_THE_SCHEMA = (batches, generate, answering, security)
_AS_THEY_ARE = {"recombined_share": 0.0, "exchange_values": False}


@dataclass(frozen=True)
class Lever:
    """One row of the table.

    Attributes:
        name: What it changes.
        against: The lever that it is compared with, which differs from it in this one thing.
        settings: Of the preset, by name.
        is_raw: Whether the SQL to learn is as the benchmark writes it, instead of canonical.
        schema: Writes the prompt's schema from the catalog and the benchmark's DDL; None for the product's.
        has_hints: Whether the prompt shows values that the question names.
        has_grammar: Whether answers are kept inside the grammar.
        adapter_of: The lever whose adapter it judges; None to train one.
    """

    name: str
    against: str | None = REFERENCE
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_raw: bool = False
    schema: Callable[[Catalog, str], str] | None = None
    has_hints: bool = True
    has_grammar: bool = True
    adapter_of: str | None = None


def _ddl(_: Catalog, ddl: str) -> str:
    return f"{INSTRUCTION}\n{ddl.strip()}\n"


def _names_alone(catalog: Catalog, _: str) -> str:
    tables = tuple(
        replace(table, columns=tuple(replace(each, references=None, sample_values=()) for each in table.columns))
        for table in catalog.tables
    )
    return schema_prefix(replace(catalog, tables=tables))


# In the order that they are run in: one that judges the adapter of another, or is compared with it, stands behind it.
LEVERS = (
    Lever(REFERENCE, against=None),
    Lever("no grammar", has_grammar=False, adapter_of=REFERENCE),
    Lever("pairs as they are", settings=_AS_THEY_ARE),
    Lever(
        "and no grammar", "pairs as they are", settings=_AS_THEY_ARE, has_grammar=False, adapter_of="pairs as they are"
    ),
    Lever("and raw SQL", "and no grammar", settings=_AS_THEY_ARE, is_raw=True, has_grammar=False),
    Lever("schema as DDL", schema=_ddl),
    Lever("schema without keys and values", schema=_names_alone),
    Lever("no value hints", has_hints=False),
    Lever("attention only", settings={"lora_targets": "attention"}),
    Lever("rank 4", settings={"lora_rank": 4, "lora_alpha": 8}),
    Lever("rate of 1e-3", settings={"learning_rate": 1e-3}),
    Lever("no recombination", settings={"recombined_share": 0.0}),
)


@contextmanager
def pulled(lever: Lever, ddl: str) -> Iterator[None]:
    """Trains and judges inside with what the lever changes, apart from its settings and its dataset.

    Args:
        lever: The lever.
        ddl: The benchmark's schema.sql.
    """
    with ExitStack() as changes:
        if lever.schema is not None:
            for module in _USERS_OF_THE_SCHEMA:
                changes.enter_context(patch.object(module, "schema_prefix", lambda c: lever.schema(c, ddl)))
        if not lever.has_hints:
            changes.enter_context(patch.object(ValueIndex, "hints", lambda *_: ()))
        if not lever.has_grammar:
            changes.enter_context(patch.object(checked, "GrammarConstraint", lambda *_: None))
        yield
