"""Scalars as this project writes them in YAML. Pure."""

import re

_PLAIN = re.compile(r"[A-Za-z0-9_(][^:#\n\"'{}\[\]&*!|>%@`]*")
# What YAML would read as something else than a text.
_SPECIAL = re.compile(r"(?:y|n|yes|no|true|false|on|off|null|none|~|[-+.\d][\d_.,:eExXoO+-]*)", re.IGNORECASE)


def scalar(text: str) -> str:
    """Returns a text as a YAML scalar on one line: plain where it can be, else in double quotes."""
    if _PLAIN.fullmatch(text) and not _SPECIAL.fullmatch(text) and text == text.strip():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    return '"' + "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in escaped) + '"'


def description(text: str) -> str:
    """Returns a description on one line, with nothing that dbt would take for Jinja."""
    line = " ".join(text.split())
    if re.search(r"\{[{%#]", line):
        line = "{% raw %}" + line.replace("{% endraw %}", "").replace("{%- endraw %}", "") + "{% endraw %}"
    return scalar(line)
