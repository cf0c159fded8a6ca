"""The English side of recombination: what of a question is a noun phrase, and which word is the opposite of which.

A few patterns of how people ask, no grammar: a question that fits none is left alone. Called by recombine.py.
"""

import random
import re
from collections.abc import Collection

_OPPOSITES = {
    "largest": ("smallest",),
    "biggest": ("smallest",),
    "greatest": ("smallest", "lowest"),
    "highest": ("lowest",),
    "longest": ("shortest",),
    "tallest": ("lowest",),
    "most": ("fewest", "least"),
    "maximum": ("minimum",),
    "latest": ("earliest",),
    "newest": ("oldest",),
    "smallest": ("largest", "biggest"),
    "lowest": ("highest",),
    "shortest": ("longest",),
    "least": ("most",),
    "fewest": ("most",),
    "minimum": ("maximum",),
    "earliest": ("latest",),
    "oldest": ("newest",),
}
_SUPERLATIVE = re.compile(rf"\b({'|'.join(_OPPOSITES)})\b", re.IGNORECASE)
_OTHER_SUPERLATIVE = re.compile(r"\b(?!(?:west|east|rest|forest|interest|request|guest|test|best|worst)\b)\w{3,}est\b")

_IS_THE = re.compile(
    r"(?:what|which|who|where|show|name|list|give me|tell me)(?: is| are| me)?(?: all)? (the .+)", re.I
)
_SUBJECT_VERB = re.compile(r"(?:what|which) (\w+) (\w+) (.+)", re.I)
# Behind a noun of two words, such as `open tickets` or `three teams`, only these are taken for its verb.
_PLURAL_VERB = re.compile(
    r"(?:what|which) (\w+ \w+s) (are|were|have|had|came|bring|sold) (?!we |you |they |i )(.+)", re.I
)
_PLURAL_LIST = re.compile(r"(?:what|which) (?:are|is) (?:all )?(?:the )?((?:\w+ ){0,2}\w+s) (?:in|of) (.+)", re.I)
_COUNTED = re.compile(r"how many (\w+(?: \w+)?)\b", re.I)
# What stands second in "what states in the south have …" or "what states does …": no verb of that noun.
_NO_VERB = frozenset(
    {"is", "do", "does", "did", "was", "were", "in", "of", "on", "at", "to", "for", "from", "with", "near", "that"}
    | {"which", "by", "and", "or", "high", "long", "big", "through", "next", "per", "would", "should", "will"}
    | {"still", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
)
_AUXILIARY = frozenset({"are", "did", "do", "does", "had", "has", "have", "is", "was", "were"})


def opposite(question: str, draw: random.Random) -> tuple[str, dict[str, str]] | None:
    """Asks for the other end: each `largest` becomes `smallest`, each `lowest` `highest`.

    Args:
        question: The question.
        draw: Chooses among several opposites.

    Returns:
        The other question, and the words that were exchanged, as old to new; None where no such word stands in it, or
        another superlative does, whose opposite is not known.
    """
    exchanged: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        word = match[0].lower()
        exchanged.setdefault(word, draw.choice(_OPPOSITES[word]))
        return exchanged[word]

    changed = _SUPERLATIVE.sub(other, question)
    if not exchanged or any(word not in _OPPOSITES for word in _OTHER_SUPERLATIVE.findall(question.lower())):
        return None
    return changed, exchanged


def noun_phrase(question: str) -> str | None:
    """Turns a question into what it asks for: `which states border texas` into `the states that border texas`.

    Args:
        question: The question.

    Returns:
        The phrase, beginning with `the`; None where the question fits no pattern.
    """
    text = " ".join(question.rstrip("?. ").split())
    if "?" in text:  # two sentences
        return None
    text = text.partition(",")[0]  # behind it stands how to order or to show them
    if match := _IS_THE.fullmatch(text):
        return match[1]
    match = _PLURAL_VERB.fullmatch(text)
    if match is None:
        match = _SUBJECT_VERB.fullmatch(text)
        if match is None or not _is_clause(*match.groups()):
            return None
    noun, verb, rest = match.groups()
    return f"the {noun} that {verb} {rest}"


def counted(question: str) -> str | None:
    """Turns a request for a list into one for its length; None where the question fits no pattern."""
    text = " ".join(question.rstrip("?. ").split())
    if match := _PLURAL_LIST.fullmatch(text):
        return f"how many {match[1]} are in {match[2]}"
    match = _SUBJECT_VERB.fullmatch(text)
    if match is None or not match[1].endswith("s") or not _is_clause(*match.groups()):
        return None
    return f"how many {match[1]} {match[2]} {match[3]}"


def listed(question: str) -> str | None:
    """Turns a request for a number of things into one for the things; None where the question fits no pattern."""
    return _COUNTED.sub(r"which \1", question) if len(_COUNTED.findall(question)) == 1 else None


def put_phrase(question: str, value: str, phrase: str, nouns: Collection[str]) -> str | None:
    """Puts a noun phrase where a question names a value.

    Args:
        question: The question.
        value: Stands in it once, as words of their own.
        phrase: Begins with `the`.
        nouns: Words that may stand behind the value as part of its name, such as `river`.

    Returns:
        The other question; None where the value does not stand there once, or such a word stands behind it.
    """
    named = re.compile(rf"(?:\bthe )?(?<!\w){re.escape(value)}(?!\w)(?= (\w+)|)", re.IGNORECASE)
    found = [match[1] for match in named.finditer(question)]
    return named.sub(lambda _: phrase, question) if len(found) == 1 and found[0] not in nouns else None


def _is_clause(noun: str, verb: str, rest: str) -> bool:
    """Whether the verb is of the noun: of a verb in the present, just one of the two ends in s."""
    noun, verb = noun.lower(), verb.lower()
    # In "which payment methods has Ada used" the second word is no verb, in "what has Ada bought" the first no noun.
    if {noun, verb} & _NO_VERB or noun in _AUXILIARY or rest.split()[0].lower() in _AUXILIARY or noun.isdigit():
        return False
    if verb in ("are", "have"):
        return noun.endswith("s") or noun == "people"
    return noun.endswith("s") != verb.endswith("s")
