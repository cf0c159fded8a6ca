"""What looks personal although no tagged column holds it: Presidio's findings, less what is known to be nobody's.

What a model wrote is not asked about: an address that no column holds is one that it made up.

Called by `proof.py`.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg

from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.privacy.places import Text
from dagster_project.privacy.presidio import Finding, second_opinion
from dagster_project.privacy.values import Hit

_CLASSES = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "US_SSN": "national_id",
}
# In logs and configurations numbers and addresses of machines are everywhere: only what has a form of its own counts.
_CERTAIN = frozenset({"email", "iban"})
# What a pattern could be found in; the rest of a text need not be looked at.
_WORTH_A_LOOK = re.compile(r"[^\n]{0,80}@[^\n]{0,80}|[A-Z]{2}\d\d ?(?:[A-Z0-9]{4} ?){2,7}[A-Z0-9]{0,4}")
_SEVEN_DIGITS = re.compile(r"(?:\d\D*){7}|@|:[0-9a-fA-F]*:", re.DOTALL)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_GIVEN_OUT = ipaddress.ip_network("2000::/3")  # all addresses of version 6 that anybody can have
_CAST = re.compile(r"\d+::dec", re.IGNORECASE)  # a number as a decimal, no address
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}")
_NOBODYS = (Path(__file__).parent / "nobodys.sql").read_text()


def find_patterns(owner: psycopg.Connection, texts: Iterable[Text]) -> list[Hit]:
    """Asks Presidio about texts and leaves out what is known to be nobody's.

    Args:
        owner: Connection of auditune_owner, to ask which findings are surrogates of values that no column holds.
        texts: What to look at.
    """
    places: dict[tuple[str, bool], str] = {}
    for text in texts:
        for part in () if text.is_a_models else _parts(text):
            places.setdefault((part, text.kind == "technical"), text.place)
    asked = list(places)
    found = [
        (Hit(places[asked[finding.text]], _CLASSES[finding.entity], finding.value), asked[finding.text][0])
        for finding in second_opinion([part for part, _ in asked])
        if _counts(finding, is_technical=asked[finding.text][1])
    ]
    house = _house_addresses()
    found = [(hit, content) for hit, content in found if hit.value not in house]
    parameters = {"findings": [hit.value for hit, _ in found], "contents": [content for _, content in found]}
    nobodys = {place - 1 for (place,) in owner.execute(_NOBODYS, parameters)}
    return [hit for place, (hit, _) in enumerate(found) if place not in nobodys]


def _parts(text: Text) -> Iterator[str]:
    for content in text.readings:
        # by themselves too: in ?email=jane@corp.com Presidio takes all of it for the address, and finds it wrong
        yield from _ADDRESS.findall(content)
        if text.kind == "technical":
            yield from _WORTH_A_LOOK.findall(content)
        elif _SEVEN_DIGITS.search(content):
            yield content


def _counts(finding: Finding, *, is_technical: bool) -> bool:
    pii_class, value = _CLASSES.get(finding.entity), finding.value
    if pii_class is None or (is_technical and pii_class not in _CERTAIN):
        return False
    if pii_class == "email":
        return not value.lower().endswith(("@example.com", ".example.com"))
    if pii_class == "ip":
        address = ipaddress.ip_interface(value).ip
        return address.is_global and (address.version == 4 or address in _GIVEN_OUT) and not _CAST.fullmatch(value)
    # a bare number is an amount or an id more often than a telephone; a date is none at all
    return pii_class != "phone" or not (value.isdigit() or _DATE.match(value))


def _house_addresses() -> set[str]:
    """Addresses that stand in the dbt project itself: the owners of its groups, which Dagster shows and logs."""
    return {found for path in DBT_PROJECT.glob("models/**/*.yml") for found in _ADDRESS.findall(path.read_text())}
