"""Decides which class of personal values a column holds, from its name, its type and sampled values. Pure.

Precision counts as much as recall: a tag too many takes a column out of every prompt, a tag too few lets a person
through. So values decide where there are any, and a name alone is believed only of an empty column.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dagster_project.personal_columns import shapes
from dagster_project.personal_columns.catalog import BusinessColumn, BusinessTable
from dagster_project.personal_columns.column_names import NameHint, hints

_TEXTS = frozenset({"text", "character varying", "character", "citext", "name"})
_WHOLE_NUMBERS = frozenset({"bigint", "integer", "numeric"})
_DATES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
_DOCUMENTS = frozenset({"json", "jsonb", "xml", "hstore"})

_MOST = 0.6
"""Share of the values that must have a shape for the column to be of it, whatever its name."""
_SEVERAL = 0.3
"""Enough where the column is named like it as well."""
_SOME = 0.05
"""Enough for free text, where a personal value stands here and there."""

# What a value is by itself, and how it is called in a reason; strict shapes first.
_BY_THEMSELVES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("email", "e-mail addresses", shapes.is_email),
    ("iban", "bank account numbers", shapes.is_iban),
    ("token", "secrets of a known make", shapes.is_token),
    ("card", "payment card numbers", shapes.is_card),
    ("national_id", "identity numbers", shapes.is_national_id),
    ("ip", "IP addresses", shapes.is_ip),
    ("phone", "phone numbers", shapes.is_phone),
    ("address", "street addresses", shapes.is_street),
    ("name", "names of persons", shapes.is_known_person),
)
_FEW = 5
"""Fewer different values than this say nothing about names and streets: an airport is called John F. Kennedy."""

_NAME_SHAPES: dict[str, Callable[[str], bool]] = {
    "full": shapes.could_be_person,
    "role": shapes.could_be_person,
    "bare": shapes.could_be_one_name,
    "single": shapes.could_be_one_name,
    "handle": shapes.could_be_secret,
}
# What a value could be, for a column that is named so.
_BY_NAME: dict[str, tuple[str, Callable[[str], bool]]] = {
    "phone": ("phone numbers", shapes.could_be_phone),
    "address": ("texts with letters", shapes.could_be_address),
    "national_id": ("identity numbers", shapes.could_be_identity_number),
    "iban": ("account numbers", shapes.could_be_account),
    "card": ("long numbers", shapes.could_be_account),
    "token": ("words without a blank", shapes.could_be_secret),
    "free_text": ("sentences", shapes.is_prose),
}


@dataclass(frozen=True)
class Suggestion:
    """A tag for a column.

    Attributes:
        pii: the class.
        reason: why, in words without a value, such as `98 % of 200 sampled values are e-mail addresses`.
        is_by_values: values say so, not the name alone.
    """

    pii: str
    reason: str
    is_by_values: bool = True


def suggest(table: BusinessTable, column: BusinessColumn, values: list[str]) -> Suggestion | None:
    """Decides about one column.

    Args:
        table: its table, whose name tells what `name` means.
        column: the column.
        values: distinct sampled values, without blanks; empty where there are none or they cannot be read.

    Returns:
        The tag to suggest; None where nothing says that the column is personal.
    """
    base = column.type.removesuffix("[]").rpartition(".")[2]
    named = hints(table.name, column.name)
    if column.is_enum:
        return None
    if base in _TEXTS:
        return _of_text(named, values)
    if base in _WHOLE_NUMBERS:
        return _of_digits(named, [value for value in values if value.isdecimal()], len(values))
    if base in _DATES:
        return _of_date(named, len(values))
    if base in ("inet", "cidr"):
        return Suggestion("ip", f"its type is {base}", is_by_values=bool(values))
    if base == "uuid":
        return next((Suggestion("token", "by its name") for hint in named if hint.pii == "token"), None)
    if base in _DOCUMENTS:
        return _of_prose(values, are_documents=True)
    return None


def _of_text(named: list[NameHint], values: list[str]) -> Suggestion | None:
    if not values:
        return _by_name_alone([hint for hint in named if hint.pii not in ("birth_date", "free_text")])
    hinted = {hint.pii for hint in named}
    for pii, what, has_shape in _BY_THEMSELVES:
        share = _share(values, has_shape)
        if pii in ("name", "address") and pii not in hinted and len(values) < _FEW:
            continue
        if share >= (_SEVERAL if pii in hinted else _MOST) and not _is_version(pii, hinted, values):
            return Suggestion(pii, _reason(share, values, what))
    for hint in named:
        found = _as_hinted(hint, values)
        if found:
            return found
    return _of_prose(values)


def _as_hinted(hint: NameHint, values: list[str]) -> Suggestion | None:
    """Whether values could be what the name hints at."""
    if hint.pii == "name":
        return _as_name(hint, values)
    if hint.pii == "birth_date":
        share = _share(values, shapes.is_date)
        return Suggestion("birth_date", _reason(share, values, "dates")) if share >= _MOST else None
    if hint.pii not in _BY_NAME:
        return None
    what, could_be = _BY_NAME[hint.pii]
    share = _share(values, could_be)
    return Suggestion(hint.pii, f"by its name; {_reason(share, values, what)}") if share >= _MOST else None


def _as_name(hint: NameHint, values: list[str]) -> Suggestion | None:
    could_be = _NAME_SHAPES[hint.kind]
    share = _share(values, could_be)
    if share < _MOST or _share(values, shapes.is_company) >= _SEVERAL:
        return None
    return Suggestion("name", f"by its name; {_reason(share, values, 'words as in names')}")


def _of_prose(values: list[str], *, are_documents: bool = False) -> Suggestion | None:
    """Texts with a person in some of them."""
    holding = _share(values, shapes.holds_person)
    if _is_some(holding, values):
        return Suggestion("free_text", _reason(holding, values, "texts that hold an address or number of a person"))
    naming = _share(values, shapes.names_person)
    if not are_documents and naming >= _SEVERAL and len(values) >= 3:
        return Suggestion("free_text", _reason(naming, values, "sentences with a person's name in them"))
    return None


def _of_digits(named: list[NameHint], digits: list[str], count: int) -> Suggestion | None:
    if count == 0:
        return _by_name_alone([hint for hint in named if hint.pii in ("phone", "card", "national_id", "iban")])
    if len(digits) < _MOST * count:
        return None
    share = _share(digits, shapes.is_card)
    if share >= _MOST:
        return Suggestion("card", _reason(share, digits, "payment card numbers"))
    for hint in named:
        if hint.pii in ("phone", "card", "national_id", "iban"):
            what, could_be = _BY_NAME[hint.pii]
            share = _share(digits, could_be)
            if share >= _MOST:
                return Suggestion(hint.pii, f"by its name; {_reason(share, digits, what)}")
    # an identifier is a valid number by chance more often than not once in twenty times
    share = _share(digits, shapes.is_phone_in_digits)
    if share >= 0.95 and len(digits) >= 20:
        return Suggestion("phone", _reason(share, digits, "phone numbers without their plus"))
    return None


def _of_date(named: list[NameHint], count: int) -> Suggestion | None:
    if any(hint.pii == "birth_date" for hint in named):
        return Suggestion("birth_date", "by its name and type", is_by_values=count > 0)
    return None


def _by_name_alone(named: list[NameHint]) -> Suggestion | None:
    certain = [hint for hint in named if hint.kind not in ("role", "bare")]
    return (
        Suggestion(certain[0].pii, "by its name; there is no value to look at", is_by_values=False) if certain else None
    )


def _is_version(pii: str, hinted: set[str], values: list[str]) -> bool:
    """Four small numbers with dots may be a program's version; addresses of the world start anywhere."""
    if pii != "ip" or "ip" in hinted:
        return False
    starts = {value.partition(".")[0] for value in values}
    return all(start.isdecimal() and int(start) < 30 for start in starts) and "10" not in starts


def _is_some(share: float, values: list[str]) -> bool:
    return share >= _SOME and share * len(values) >= 2 or share >= _MOST


def _share(values: list[str], has_shape: Callable[[str], bool]) -> float:
    return sum(has_shape(value) for value in values) / len(values) if values else 0.0


def _reason(share: float, values: list[str], what: str) -> str:
    # never 100 % where one value is another
    percent = min(99, round(share * 100)) if share < 1 else 100
    return f"{percent} % of {len(values)} sampled values are {what}"
