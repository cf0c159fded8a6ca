"""Drafts questions for the statements that nobody has given one, for the asset `raw_training/drafted_questions`.

The verbalizer says what a statement computes; a model, where one is configured, says it in other words. A statement is
tried once by each: what was refused is stored with the reason. A server that fails is asked again by the next run.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dagster_project.corpus.paraphrase_server import ParaphraseServer, ServerFailed
from training.paraphrase import Draft, judge_paraphrase, paraphrase_messages
from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.verbalize import verbalize

VERBALIZER = "verbalizer"
_HERE = Path(__file__).parent
_UNDRAFTED = (_HERE / "undrafted_statements.sql").read_text()
_INSERT = (_HERE / "insert_drafts.sql").read_text()
# A column may have been tagged since: then the statement is pseudonymized anew, and so its question is drafted anew.
_FORGET = "delete from raw_training.drafted_questions where privacy.holds_personal_value(question)"


@dataclass(frozen=True)
class Said:
    """A statement that the verbalizer can say.

    Attributes:
        statement_hash: keyed hash of the statement.
        sql: its canonical form, pseudonymized.
        sentence: what the verbalizer says of it.
    """

    statement_hash: str
    sql: str
    sentence: str


def forget_personal_drafts(connection: psycopg.Connection) -> int:
    """Deletes the drafts that hold a value of a column that has been tagged since; returns how many."""
    return connection.execute(_FORGET).rowcount


def undrafted(connection: psycopg.Connection, drafted_by: str, limit: int) -> list[tuple[str, str]]:
    """Reads the statements that have no question and that this drafter has not tried: (hash, pseudonymized text)."""
    return connection.execute(_UNDRAFTED, {"drafted_by": drafted_by, "limit": limit}).fetchall()


def say(statement_hash: str, statement: str, catalog: Catalog) -> Said | str:
    """Says one statement.

    Args:
        statement_hash: its keyed hash.
        statement: its text, pseudonymized.
        catalog: the warehouse's catalog.

    Returns:
        The sentence, or the code of the reason why there is none.
    """
    try:
        sql = canonicalize(statement, catalog)
        return Said(statement_hash, sql, verbalize(sql, catalog))
    except SqlError as error:
        return error.code
    except (
        Exception
    ):  # one statement that a rule trips over must not stop the others; what it says quotes the statement
        return "not_said"


def draft_sentences(connection: psycopg.Connection, catalog: Catalog, limit: int) -> Counter[str]:
    """Drafts the verbalizer's own sentences.

    Args:
        connection: of role auditune_owner, in autocommit mode.
        catalog: the warehouse's catalog.
        limit: most statements.

    Returns:
        Number of statements by what became of them: `drafted`, or the code of a refusal.
    """
    drafts = {}
    for statement_hash, statement in undrafted(connection, VERBALIZER, limit):
        said = say(statement_hash, statement, catalog)
        drafts[statement_hash] = [Draft(said.sentence) if isinstance(said, Said) else Draft(None, said)]
    return store(connection, drafts, VERBALIZER)


def sayable(connection: psycopg.Connection, catalog: Catalog, drafted_by: str, limit: int) -> list[Said]:
    """Reads what a model may be asked about: the statements that it has not tried and the verbalizer can say."""
    said = [say(*row, catalog) for row in undrafted(connection, drafted_by, limit)]
    return [statement for statement in said if isinstance(statement, Said)]


def draft_paraphrases(
    connection: psycopg.Connection,
    catalog: Catalog,
    server: ParaphraseServer,
    drafted_by: str,
    limit: int,
    paraphrases: int,
    report: Callable[[str], None],
) -> Counter[str]:
    """Asks a server for other words.

    Args:
        connection: of role auditune_owner, in autocommit mode.
        catalog: the warehouse's catalog.
        server: whom to ask.
        drafted_by: the model's name.
        limit: most statements.
        paraphrases: how many wordings of each.
        report: told a sentence about each failure.

    Returns:
        Number of answers by what became of them; `failed` where there was none.
    """
    results: Counter[str] = Counter()
    for said in sayable(connection, catalog, drafted_by, limit):
        if server.is_given_up:
            report("The server of AUDITUNE_DRAFT_URL is left alone until the next run.")
            break
        try:
            texts = [
                server.ask(paraphrase_messages(said.sql, said.sentence, catalog, style)) for style in range(paraphrases)
            ]
        except ServerFailed as failure:
            results["failed"] += 1
            report(str(failure))
            continue
        results += store(connection, {said.statement_hash: judged(said, texts)}, drafted_by)
    return results


def judged(said: Said, texts: Iterable[str | None]) -> list[Draft]:
    """Judges a model's answers about one statement."""
    return [judge_paraphrase(text, said.sql, said.sentence) for text in texts]


def store(connection: psycopg.Connection, drafts: Mapping[str, Sequence[Draft]], drafted_by: str) -> Counter[str]:
    """Stores drafts and refusals by statement hash; returns their number by what became of them."""
    rows = [(statement_hash, draft) for statement_hash, some in drafts.items() for draft in some]
    if not rows:
        return Counter()
    parameters = {
        "hashes": [statement_hash for statement_hash, _ in rows],
        "questions": [draft.question for _, draft in rows],
        "refusals": [draft.refusal for _, draft in rows],
        "drafted_by": drafted_by,
        "is_own": drafted_by == VERBALIZER,
    }
    return Counter(outcome for (outcome,) in connection.execute(_INSERT, parameters))
