"""What a value looks like by itself: pure functions over one text, strict ones, with a checksum where there is one.

Called by suggest.py, which counts how many of a column's values have a shape.
"""

import ipaddress
import re
import unicodedata
from functools import cache
from pathlib import Path

import phonenumbers
from stdnum import iban, luhn
from stdnum.ch import ssn as ch_ssn
from stdnum.de import idnr as de_idnr
from stdnum.es import dni as es_dni
from stdnum.es import nie as es_nie
from stdnum.fr import nir as fr_nir
from stdnum.it import codicefiscale as it_codicefiscale
from stdnum.pl import pesel as pl_pesel
from stdnum.us import ssn as us_ssn

_EMAIL = r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}"
_PLUS_PHONE = r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){7,13}(?!\w)"
_US_PHONE = re.compile(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}")
_PHONE_SIGNS = re.compile(r"[+(\d][\d ()./-]{5,22}(?: ?(?:x|ext\.?) ?\d{1,5})?")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}.*|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2})")
_CARD = re.compile(
    r"(?:4\d{12}|4\d{15}|4\d{18}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|6(?:011|[45]\d\d)\d{12}|3[068]\d{12})"
)
_TOKEN = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # JWT
    r"|\$2[abxy]\$\d\d\$.{53}|\$argon2\w*\$.+|\$(?:5|6|scrypt|pbkdf2\S*)\$.+"  # password hashes
    r"|(?:sk|pk|rk)_(?:live|test)_\w{10,}|gh[pousr]_\w{30,}|github_pat_\w+|glpat-[\w-]{15,}|xox[abprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|-----BEGIN [A-Z ]*PRIVATE KEY-----.*",
    re.DOTALL,
)
_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]")
_STREET = re.compile(
    r"\d+\w?,? [\w.' -]+\b(?:street|str?|road|rd|avenue|ave|lane|ln|drive|dr|court|ct|boulevard|blvd|way|close|terrace"
    r"|crescent|hollow|parkway|pkwy|circle|cir|trail|trl|highway|hwy|square|sq)\b\.?.*"
    r"|[\w.' -]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|laan|straat|gatan|vägen) ?\d+ ?\w?\b.*"
    r"|(?:\d+,? (?:bis |ter )?)?(?:rue|avenue|boulevard|place|chemin|allée|impasse|quai|cours) [\w' -]+.*\d*.*"
    r"|(?:calle|c/|avenida|avda\.?|plaza|paseo|carrer|camino|rua|via|viale|piazza|corso|ul\.|al\.|pl\.|os\.)"
    r" ?[\w.'/ -]+\d+.*",
    re.IGNORECASE | re.DOTALL,
)
_PERSON_WORD = r"(?:[^\W\d_]\.|[^\W\d_][^\W\d_'’-]*(?:[-'’][^\W\d_]+)*)"
_PERSON = re.compile(rf"{_PERSON_WORD}(?:,? {_PERSON_WORD}){{1,4}}\.?")
_COMPANY = re.compile(
    r"\b(?:inc|llc|ltd|limited|corp|co|company|group|gmbh|mbh|ag|kg|ohg|e\.?v|s\.?a|sarl|sas|s\.?l|srl|s\.?p\.?a|bv|nv|plc|ab"
    r"|oy|z ?o\. ?o|holdings?|partners|bank|university|&)(?:\.|\b|$)",
    re.IGNORECASE,
)
_LONG_NUMBER = r"(?<!\w)(?:[A-Z]{2}\d{2}[A-Z0-9 ]{11,30}|\d[\d -]{11,22})\d(?!\w)"
_WORD = re.compile(r"[^\W\d_]+")


@cache
def given_names() -> frozenset[str]:
    """Common given names of ten European languages, in lower case, without accents."""
    lines = Path(__file__).with_name("first_names.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(line for line in lines if not line.startswith("#")).split())


def is_email(value: str) -> bool:
    """An e-mail address."""
    return re.fullmatch(_EMAIL, value) is not None


def is_iban(value: str) -> bool:
    """A bank account number with its country's length and checksum."""
    return value[:2].isalpha() and iban.is_valid(value, check_country=False)


def is_card(value: str) -> bool:
    """A payment card's number: an issuer's prefix and the checksum."""
    digits = re.sub(r"[ -]", "", value)
    return _CARD.fullmatch(digits) is not None and luhn.is_valid(digits)


def is_ip(value: str) -> bool:
    """An IPv4 or IPv6 address, perhaps with a port or a prefix length."""
    plain = re.sub(r"^(\d+\.\d+\.\d+\.\d+):\d+$", r"\1", value)
    if plain.count(".") != 3 and plain.count(":") < 2:
        return False
    try:
        ipaddress.ip_interface(plain)
    except ValueError:
        return False
    return True


def is_token(value: str) -> bool:
    """A secret of a known make: a signed token, a password's hash, a service's key."""
    return _TOKEN.fullmatch(value) is not None


def is_national_id(value: str) -> bool:
    """An identity, tax or insurance number of a person, of those with a form or checksum that nothing else has."""
    plain = re.sub(r"[ .-]", "", value).upper()
    if re.fullmatch(r"\d{3}-\d{2}-\d{4}", value):
        return us_ssn.is_valid(value)
    if re.fullmatch(r"\d{11}", plain):
        return pl_pesel.is_valid(plain) or de_idnr.is_valid(plain)
    if re.fullmatch(r"[XYZ]?\d{7,8}[A-Z]", plain):
        return es_dni.is_valid(plain) or es_nie.is_valid(plain)
    if re.fullmatch(r"756\d{10}", plain):
        return ch_ssn.is_valid(plain)
    if re.fullmatch(r"[12]\d{12,14}", plain):
        return fr_nir.is_valid(plain)
    return _NINO.fullmatch(value.upper()) is not None or it_codicefiscale.is_valid(plain)


def is_phone(value: str) -> bool:
    """A phone number that says so itself: with a country code, or written as in North America."""
    if _US_PHONE.fullmatch(value):
        return True
    if not value.startswith("+") or not _PHONE_SIGNS.fullmatch(value):
        return False
    return _is_possible_number(value)


def is_phone_in_digits(value: str) -> bool:
    """Digits alone that are a valid number once a plus stands before them."""
    if not re.fullmatch(r"[1-9]\d{10,13}", value):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{value}"))
    except phonenumbers.NumberParseException:
        return False


def could_be_phone(value: str) -> bool:
    """Digits and signs as in a phone number of any country, for a column that is named like one."""
    digits = sum(sign.isdigit() for sign in value)
    return 6 <= digits <= 17 and _PHONE_SIGNS.fullmatch(value) is not None and not _DATE.fullmatch(value)


def is_date(value: str) -> bool:
    """A day in figures."""
    return _DATE.fullmatch(value) is not None


def is_street(value: str) -> bool:
    """A street with a house number, or a number with a street, in one of seven languages."""
    return len(value) <= 200 and any(sign.isdigit() for sign in value) and _STREET.fullmatch(value) is not None


def could_be_address(value: str) -> bool:
    """A few letters and no link."""
    return sum(sign.isalpha() for sign in value) >= 3 and "://" not in value


def is_known_person(value: str) -> bool:
    """Two to five words, one of the first two a given name that is common in Europe; no company."""
    if len(value) > 60 or not could_be_person(value):
        return False
    return any(_plain(word) in given_names() for word in _WORD.findall(value)[:2])


def could_be_person(value: str) -> bool:
    """Two to five words of letters that begin with a capital (or are all capitals), as a person's name may be."""
    if not _PERSON.fullmatch(value) or _COMPANY.search(value):
        return False
    words = _WORD.findall(value)
    return words[0][0].isupper() and words[-1][0].isupper() or value.islower()


def could_be_one_name(value: str) -> bool:
    """A given name or a surname alone, as far as its letters tell."""
    return len(value) <= 40 and re.fullmatch(rf"{_PERSON_WORD}(?: {_PERSON_WORD}){{0,3}}", value) is not None


def could_be_secret(value: str) -> bool:
    """No blank in it and at least four signs."""
    return len(value) >= 4 and not re.search(r"\s", value)


def could_be_identity_number(value: str) -> bool:
    """Digits, perhaps letters among them, as on an identity paper."""
    return re.fullmatch(r"[A-Z0-9][A-Z0-9 ./-]{4,20}", value.upper()) is not None and sum(map(str.isdigit, value)) >= 4


def could_be_account(value: str) -> bool:
    """At least eight digits, perhaps with blanks: an account or card number of any bank."""
    return re.fullmatch(r"[A-Z]{0,2}[\d *Xx-]{8,34}", value) is not None


def holds_person(value: str) -> bool:
    """A text with an e-mail address or a phone number in it, or with a bank account's or card's among its words."""
    if re.search(_EMAIL, value) or re.search(_PLUS_PHONE, value):
        return True
    if len(value.split()) < 3:
        return False
    return any(is_iban(number) or is_card(number) for number in re.findall(_LONG_NUMBER, value))


def names_person(value: str) -> bool:
    """A sentence in which a common given name is followed by another capitalized word."""
    words = value.split()
    return len(words) >= 4 and any(
        first[:1].isupper() and second[:1].isupper() and _plain(first.strip(",.;:!?()\"'")) in given_names()
        for first, second in zip(words, words[1:], strict=False)
    )


def is_prose(value: str) -> bool:
    """Five words or more: somebody wrote it."""
    return len(_WORD.findall(value)) >= 5


def is_company(value: str) -> bool:
    """A name with a company's legal form, or the like."""
    return _COMPANY.search(value) is not None


@cache
def _plain(word: str) -> str:
    """Lower case without accents, as the given names are written."""
    folded = unicodedata.normalize("NFKD", word.casefold().replace("ł", "l"))
    return "".join(sign for sign in folded if sign.isascii() and sign.isalpha())


def _is_possible_number(value: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(value))
    except phonenumbers.NumberParseException:
        return False
