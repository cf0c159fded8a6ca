"""Presidio's opinion on texts. Called by `proof.py`; run as `python -m dagster_project.privacy.presidio`.

Its pattern recognizers and checksums alone: it has no language model here, so it knows no names. In a process of its
own, because importing it imports spaCy, and torch where that is installed. Texts and findings go through pipes.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from dagster_project.embedded.settings import REPOSITORY

# phonenumbers' Leniency.STRICT_GROUPING: a telephone is in groups as its country writes it. Presidio's own 1, VALID,
# takes order numbers for some: 12345 67890 would be one of India, 0815-4711 one of Germany.
_PHONE_LENIENCY = 2
_SURE_ENOUGH = 0.4  # Presidio's score of a pattern that stands alone, without a word beside it that speaks for it


@dataclass(frozen=True)
class Finding:
    """A stretch of a text that looks personal: the text's number, Presidio's name of its kind, what stands there."""

    text: int
    entity: str
    value: str


def second_opinion(texts: Sequence[str]) -> list[Finding]:
    """Asks Presidio about texts.

    Args:
        texts: What to look at.

    Returns:
        Its findings.

    Raises:
        RuntimeError: The process failed; its words are left out, because they may quote a text.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__], input=json.dumps(texts), capture_output=True, text=True, cwd=REPOSITORY
    )
    if done.returncode != 0:
        raise RuntimeError("Presidio failed: install the packages of requirements.lock again (`make setup`).")
    return [Finding(number, entity, texts[number][start:end]) for number, entity, start, end in json.loads(done.stdout)]


def _recognizers() -> list:
    # Neither is needed, and both take seconds to import. Nothing is downloaded: the list of top-level domains that
    # tldextract carries is enough.
    sys.modules.update({"torch": None, "transformers": None})
    import tldextract
    from presidio_analyzer import predefined_recognizers as known

    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None
    )
    logging.getLogger("decision_process").disabled = True
    return [
        known.EmailRecognizer(),
        known.CreditCardRecognizer(),
        known.IbanRecognizer(),
        known.IpRecognizer(),
        known.UsSsnRecognizer(),
        known.PhoneRecognizer(leniency=_PHONE_LENIENCY),
    ]


def main() -> None:
    """Reads a list of texts from standard input, and writes [text, entity, start, end] for each finding."""
    texts = json.load(sys.stdin)
    recognizers = _recognizers()
    findings = [
        (number, result.entity_type, result.start, result.end)
        for number, text in enumerate(texts)
        for recognizer in recognizers
        for result in recognizer.analyze(text, recognizer.supported_entities, None) or ()
        if result.score >= _SURE_ENOUGH
    ]
    json.dump(findings, sys.stdout)


if __name__ == "__main__":
    main()
