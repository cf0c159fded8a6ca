"""What the name of a column says it holds. Pure; the words stand in column_words.yaml."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml


@dataclass(frozen=True)
class NameHint:
    """What a name says.

    Attributes:
        pii: the class.
        kind: `full`, `single`, `handle`, `role` or `bare` for names, else `any`; it tells what values must look like.
    """

    pii: str
    kind: str


def words_of(name: str) -> list[str]:
    """Cuts a name into lower-case words without accents: `eMail_Größe2` → e, mail, grosse, 2."""
    cut = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d+$)", "_", name)
    folded = unicodedata.normalize("NFKD", cut.casefold().replace("ł", "l"))
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return [word for word in re.split(r"[\W_]+", plain) if word]


def hints(table: str, column: str) -> list[NameHint]:
    """What the name of a column hints at; the last of its words counts most, so it comes first.

    Args:
        table: the table's name: `name` in a table of customers is a person's.
        column: the column's name.

    Returns:
        No hint where the name is about something else (`phone_model`, `email_opt_in`, `address_id`, `product_name`).
    """
    words = words_of(column)
    while len(words) > 1 and words[-1].isdigit():
        words.pop()  # address_line2
    if not words or _ends_in_head(words):
        return []
    known, found = _words(), []
    for last in range(len(words), 0, -1):
        for first in range(max(0, last - 3), last):
            joined = "".join(words[first:last])
            hint = known.get(joined) or known.get(re.sub(r"(nr|no|num|nummer|number)$", "", joined))
            if hint and hint not in found:
                found.append(hint)
    if words[-1] in ("name", "names", "nom", "nome") and not found:
        found = _bare_name(words_of(table), words[:-1])
    return [hint for hint in found if not (hint.pii == "name" and _is_of_thing(words))]


def _bare_name(table: list[str], before: list[str]) -> list[NameHint]:
    """`name`, by what stands before it, or else by the table it is in."""
    about = before or table
    singular = {word.removesuffix("s") for word in about} | set(about)
    roles = set(_document()["name"]["role"])
    return [NameHint("name", "bare")] if singular & roles else []


def _is_of_thing(words: list[str]) -> bool:
    return any(word in _document()["things"] for word in words[:-1])


def _ends_in_head(words: list[str]) -> bool:
    # `ip` and `in` are short words with two lives: only the last word of several is a head
    heads = _document()["heads"]
    joined = "".join(words)
    return len(words) > 1 and words[-1] in heads and joined not in _words() and "".join(words[-2:]) not in _words()


@cache
def _document() -> dict:
    return yaml.safe_load(Path(__file__).with_name("column_words.yaml").read_text(encoding="utf-8"))


@cache
def _words() -> dict[str, NameHint]:
    classes = {name: kinds for name, kinds in _document().items() if name not in ("heads", "things")}
    return {
        word: NameHint(pii, kind) for pii, kinds in classes.items() for kind, words in kinds.items() for word in words
    }
