"""Makers of values for invented columns, and the columns as cases: what is sampled, what is expected.

A schema is its tables; a table is its columns, each with type, the class that a person would tag it with (or None), and
a maker of values (None: the column is empty). Values are Faker's, of five countries, always the same.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from faker import Faker

from dagster_project.personal_columns.catalog import BusinessColumn, BusinessTable

ROWS = 120
_LOCALES = ("en_US", "de_DE", "fr_FR", "es_ES", "pl_PL")
Maker = Callable[[random.Random], object]
Schemas = Mapping[str, Mapping[str, list[tuple[str, str, str | None, Maker | None]]]]


@dataclass(frozen=True)
class Case:
    """A column, its sampled values, and the tag that it should get."""

    table: BusinessTable
    column: BusinessColumn
    values: list[str]
    expected: str | None

    @property
    def name(self) -> str:
        return f"{self.table.schema}.{self.table.name}.{self.column.name}"


def made(method: str, locale: str | None = None, **options: object) -> Maker:
    """A value of Faker's, of one country or of any."""
    return lambda rng: str(getattr(_faker(locale or rng.choice(_LOCALES)), method)(**options)).replace("\n", ", ")


def pick(*choices: str) -> Maker:
    return lambda rng: rng.choice(choices)


def number(low: int, high: int) -> Maker:
    return lambda rng: rng.randint(low, high)


def text(pattern: str) -> Maker:
    """A text with a digit for each `#`, a capital for each `@`."""
    signs = {"#": "0123456789", "@": "ABCDEFGHJKMNPQRSTUVWXYZ"}
    return lambda rng: "".join(rng.choice(signs[sign]) if sign in signs else sign for sign in pattern)


def sentence_about(pattern: str = "{plain} {person} called. {plain}") -> Maker:
    """A sentence with a person's name, and with an e-mail address if the pattern has one."""

    def make(rng: random.Random) -> str:
        fake = _faker(rng.choice(_LOCALES))
        person, plain = f"{fake.first_name()} {fake.last_name()}", fake.sentence(6)
        return pattern.format(plain=plain, person=person, email=fake.email())

    return make


NAME, EMAIL, PHONE, STREET = made("name"), made("email"), made("phone_number"), made("street_address")
DAY, UUID, IBAN = made("date"), made("uuid4"), made("iban")


def cases(schemas: Schemas) -> Iterator[Case]:
    """Every column of some schemas."""
    for place, locale in enumerate(_LOCALES):
        _faker(locale).seed_instance(place)
    rng = random.Random(1)
    for schema, tables in schemas.items():
        for name, described in tables.items():
            columns = tuple(BusinessColumn(column, kind) for column, kind, _, _ in described)
            table = BusinessTable(schema, name, "r", None, ROWS, columns)
            for column, (_, _, expected, make) in zip(columns, described, strict=True):
                drawn = [str(make(rng)) for _ in range(ROWS)] if make else []
                yield Case(table, column, list(dict.fromkeys(drawn)), expected)


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)
