"""Other words for a drafted question: what a model is asked, and which of its answers may be shown to a reviewer.

Called by the pipeline's drafting, which asks a server, and by `draft.py`, which asks the base model. All that a model
gets is pseudonymized SQL, the verbalizer's sentence of it, and the names of tables and columns: no value of a row.
"""

import re
import unicodedata
from dataclasses import dataclass

from sqlglot import exp

from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.parse import parse_select

MAX_CHARACTERS = 500  # the var max_question_characters of dbt_project.yml
_SYSTEM = (
    "You rephrase questions about a company's database. Answer with one question in plain English and nothing else:"
    " no SQL, no names with underscores, no explanation. Keep every name, value, number and date."
)
_STYLES = (
    "Ask it as a colleague from the business would.",
    "Ask it in as few words as possible.",
    "Ask it as a request that starts with a verb.",
)
MOST_PARAPHRASES = len(_STYLES)
_NUMBER_WORDS = dict(
    zip("one two three four five six seven eight nine ten eleven twelve".split(), map(str, range(1, 13)), strict=True)
)
_ROUNDING = re.compile(r"\((?:rounded )?to \d+ decimals?\)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SQL = re.compile(r"```|\bselect\b.*\bfrom\b|\bgroup by\b|\border by\b|<>|!=|\(\*\)", re.IGNORECASE | re.DOTALL)
# A small model answers the request in place of rephrasing it.
_TALK = re.compile(
    r"\b(?:sql|quer(?:y|ies)|rephras\w*|the (?:question|answer)|this question|i'm|i am|i can|sorry|an ai)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^(?:question|rephrased(?: question)?|answer)\s*:\s*", re.IGNORECASE)
_QUOTES = "\"'“”‘’`*"


@dataclass(frozen=True)
class Draft:
    """A drafted question, or why there is none.

    Attributes:
        question: One line; None where the answer was refused.
        refusal: Stable code: no_answer, too_long, control_characters, is_sql, is_talk, names_columns, unchanged,
            values_lost, values_added; None where there is a question.
    """

    question: str | None
    refusal: str | None = None


def paraphrase_messages(sql: str, sentence: str, catalog: Catalog, style: int) -> list[dict[str, str]]:
    """Builds the chat that asks for other words.

    Args:
        sql: Canonical SQL, pseudonymized.
        sentence: What the verbalizer says of it.
        catalog: The tables; those that the query reads are named, without any value.
        style: Which of the `MOST_PARAPHRASES` ways to ask in, counted from 0.

    Returns:
        A system and a user message in OpenAI's form.
    """
    names = {table.name for table in parse_select(sql).find_all(exp.Table)}
    tables = "\n".join(
        f"{table.name}({', '.join(column.name for column in table.columns)})"
        for table in catalog.tables
        if table.name in names
    )
    user = f"Tables:\n{tables}\n\nSQL:\n{sql}\n\nQuestion: {sentence}\n\nRephrase the question. {_STYLES[style]}"
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": user}]


def judge_paraphrase(text: str | None, sql: str, sentence: str) -> Draft:
    """Decides whether a model's answer is a question that a reviewer may be shown.

    Args:
        text: What the model wrote; None where it wrote nothing.
        sql: The canonical SQL that the question is for.
        sentence: What the verbalizer says of it.

    Returns:
        The question, cleaned of quotes and lead-ins, or the reason why there is none.
    """
    question = _first_line(text or "")
    refusal = _refusal(text or "", question, sql, sentence)
    return Draft(None, refusal) if refusal else Draft(question)


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return " ".join(_LEAD.sub("", line.strip(_QUOTES)).strip(f"{_QUOTES} ").split())


def _refusal(text: str, question: str, sql: str, sentence: str) -> str | None:
    if not any(character.isalpha() for character in question):
        return "no_answer"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in question):
        return "control_characters"
    if _SQL.search(text) or _is_query(question):
        return "is_sql"
    if _TALK.search(question):
        return "is_talk"
    if re.search(r"[a-z]_[a-z]", question.lower()):
        return "names_columns"
    if len(question) > MAX_CHARACTERS:
        return "too_long"
    if question.casefold() == sentence.casefold():
        return "unchanged"
    said, asked = _numbers(sentence), _numbers(question)
    words = {literal.name.casefold() for literal in parse_select(sql).find_all(exp.Literal) if literal.is_string}
    if any(word in sentence.casefold() and word not in question.casefold() for word in words):
        return "values_lost"
    if not _numbers(_ROUNDING.sub("", sentence)) <= asked:
        return "values_lost"
    return None if asked <= said else "values_added"


def _numbers(text: str) -> set[str]:
    words = {_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _NUMBER_WORDS}
    return words | {number.replace(",", "") for number in _NUMBER.findall(text)}


def _is_query(text: str) -> bool:
    try:
        parse_select(text)
    except SqlError:
        return False
    return True
