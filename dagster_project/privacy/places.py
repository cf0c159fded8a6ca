"""What the proof reads: every text that was made from the log or by people, wherever it lies. Called by `proof.py`."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote_plus

import psycopg
from psycopg import sql

from training.prompt import schema_prefix
from training.sql.catalog import Catalog

Kind = Literal["prose", "sql", "technical"]

_TEXT_COLUMNS = (Path(__file__).parent / "text_columns.sql").read_text()
_SQL_COLUMNS = frozenset({"statement", "sql", "canonical_sql", "output", "corrected_sql", "edited_sql"})
_PROSE_COLUMNS = frozenset({"question", "input", "comment", "edited_question"})
# Folders of the state folder that hold the business itself, secrets, or a base model that somebody else has made.
_NOT_OURS = frozenset({"pgdata", "keys", "models"})
# A model's answers, as an evaluation keeps them. In tables they are anonymized, as all SQL is.
_ANSWERS = frozenset({"results.jsonl", "injections.jsonl", "unanswerable.jsonl"})
_BINARY = frozenset({".safetensors", ".gguf", ".enc", ".pt", ".bin", ".png", ".lock"})
_BLOCK = 8 << 20
_OVERLAP = 4096  # no value that matters is longer
_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
# What says something in SQL: its literals, quoted names, numbers and comments; to the end where one is not closed.
_SAYING = re.compile(
    r"""'(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z) | --[^\n]* | /\*.*?(?:\*/|\Z) | \$\$.*?\$\$ | \d[\d.]*""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Text:
    """One text.

    Attributes:
        place: Where it stands: `schema.table.column`, or the file's first folder in the state folder.
        content: What it says, ready to be searched.
        kind: `prose` that people write, what `sql` says in its literals, or `technical`: logs and configurations.
        statement: Of kind `sql`, the whole statement.
        is_a_models: A model wrote it. The proof before training has read all that it learnt from, so only what is
            somebody's as a whole counts there; the rest is invented. (Asked for the server's statements, SmolLM2 wrote
            `full_name = 'Mike'` and `mail@server.com`: somebody is called so.)
    """

    place: str
    content: str
    kind: Kind
    statement: str = ""
    is_a_models: bool = False

    @property
    def whole(self) -> str:
        """All of the text, with the code around what a statement says."""
        return self.statement or self.content

    @property
    def readings(self) -> tuple[str, ...]:
        """What it says; where a part of it is encoded as in a URL (`zora%40firm.com`), decoded too."""
        return (self.content, unquote_plus(self.content)) if _ENCODED.search(self.content) else (self.content,)


def warehouse_texts(owner: psycopg.Connection) -> Iterator[Text]:
    """Reads every distinct text of our tables.

    Args:
        owner: Connection of auditune_owner.
    """
    for column in owner.execute(_TEXT_COLUMNS).fetchall():
        schema, table, name = column
        query = sql.SQL("select distinct {column}::text from {table} where {column} is not null").format(
            column=sql.Identifier(name), table=sql.Identifier(schema, table)
        )
        kind: Kind = "sql" if name in _SQL_COLUMNS else "prose" if name in _PROSE_COLUMNS else "technical"
        for (content,) in owner.execute(query).fetchall():
            if kind == "sql":
                yield Text(".".join(column), said_in_sql(content), kind, statement=content)
            else:
                yield Text(".".join(column), content, kind)


def file_texts(home: Path, server_logs: Collection[Path]) -> Iterator[Text]:
    """Reads the files of the state folder: data sets, runs, adapters' descriptions, Dagster's storage and logs.

    Args:
        home: The state folder.
        server_logs: Files of the server's own log, which may lie there: they hold what people wrote.
    """
    for path in sorted(home.rglob("*")):
        parts = path.relative_to(home).parts
        if parts[0] in _NOT_OURS or path.suffix in _BINARY or path in server_logs or not path.is_file():
            continue
        if len(parts) == 1 and parts[0] in ("env", "embedded.json"):
            continue  # addresses and passwords of the warehouse
        for block in _blocks(path):
            is_a_models = parts[0] == "runs" and path.name in _ANSWERS
            yield Text(f"{parts[0]}/", block, "technical", is_a_models=is_a_models)
        if path.name == "catalog.json" and parts[0] == "datasets":
            yield Text("prompts", schema_prefix(Catalog.load(path)), "technical")


def said_in_sql(statement: str) -> str:
    """What a statement says in literals, quoted names, numbers and comments, one a line; its own words tell nothing."""
    return "\n".join(found.replace("''", "'") for found in _SAYING.findall(statement))


def _blocks(path: Path) -> Iterator[str]:
    """A file's text in blocks that overlap, whatever its format: SQLite keeps texts as they are."""
    with path.open("rb") as file:
        rest = b""
        while block := file.read(_BLOCK):
            text = (rest + block).decode("utf-8", errors="ignore")
            yield _unescaped(text) if "\\u" in text else text
            rest = block[-_OVERLAP:]


def _unescaped(text: str) -> str:
    """The text with JSON's escapes as characters; beyond the first plane a character is two escapes."""
    characters = _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
    return characters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
