"""Drafted questions in other words, from servers of OpenAI's protocol: helpful, useless, slow and broken ones."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError

from dagster_project.corpus.draft_settings import DraftSettings
from dagster_project.corpus.drafting import draft_paraphrases
from dagster_project.corpus.paraphrase_server import ParaphraseServer
from dagster_project.warehouse.settings import Warehouse
from serving.app import create_app
from serving.service import Champion
from serving.settings import Settings
from tests.business_warehouse import NAME
from tests.serving.support import Generated, free_port, running
from training.sql.catalog import Catalog, read_catalog

PERSON = f"select loyalty_tier from customers where full_name = '{NAME}'"
STATUSES = "select count(*) from orders where status = 'pending'"
_STATEMENT = (
    "insert into intermediate.int_statements_anonymized (statement_hash, log_file, byte_offset, statement)"
    " values (%s, 'log', 1, privacy.pseudonymize_sql(%s))"
)
_EXECUTION = (
    "insert into intermediate.int_statement_executions (log_file, byte_offset, statement_hash, statement_class)"
    " select 'log', n, %s, 'question' from generate_series(1, %s) as n"
)


@pytest.fixture
def owner(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    """A connection on which two statements wait for a question; what is done on it is undone."""
    with psycopg.connect(built_copy.dsn) as connection:
        for statement_hash, statement, times in (("often", STATUSES, 5), ("rarely", PERSON, 1)):
            connection.execute(_STATEMENT, [statement_hash, statement])
            connection.execute(_EXECUTION, [statement_hash, times])
        yield connection
        connection.rollback()


@pytest.fixture
def catalog(owner: psycopg.Connection) -> Catalog:
    return read_catalog(owner)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serves an app over HTTP; gives the address that AUDITUNE_DRAFT_URL would hold."""
    config = uvicorn.Config(app, port=free_port(), log_config=None)
    with running(config):
        yield f"http://127.0.0.1:{config.port}/v1"


@dataclass
class Scripted:
    """A server that answers every chat as it was told, and remembers what it was sent."""

    answer: str | Callable[[str], str] | None = "How many open orders?"
    status: int = 200
    body: str | None = None
    delay: float = 0
    requests: list[dict] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/chat/completions")
        def complete(request: Request, body: dict) -> Response:
            self.requests.append(body)
            self.keys.append(request.headers.get("authorization"))
            time.sleep(self.delay)
            said = self.answer(body["messages"][-1]["content"]) if callable(self.answer) else self.answer
            chat = {"choices": [{"message": {"role": "assistant", "content": said}}]}
            return Response(json.dumps(chat) if self.body is None else self.body, status_code=self.status)

        return app


def ask(owner: psycopg.Connection, catalog: Catalog, url: str, said: list[str] | None = None, **more) -> dict[str, int]:
    """Drafts paraphrases with a server; what is reported goes to `said`."""
    settings = DraftSettings(url=url, model="their-model", **more)
    report = (said if said is not None else []).append
    with ParaphraseServer(settings) as server:
        return dict(draft_paraphrases(owner, catalog, server, "their-model", 10, settings.paraphrases, report))


def stored(owner: psycopg.Connection) -> list[tuple]:
    rows = owner.execute(
        "select statement_hash, question, refusal from raw_training.drafted_questions"
        " where drafted_by = 'their-model' order by 1, 2"
    )
    return rows.fetchall()


def rephrase(user: str) -> str:
    """What a good model would say to either statement."""
    sentence = user.split("Question: ")[1].split("\n")[0]
    return sentence.replace("How many orders are there where", "Count the orders where").replace("Show", "Tell me")


def test_a_models_words_are_drafted_beside_the_verbalizers(owner, catalog):
    server = Scripted(rephrase)
    with served(server.app()) as url:
        assert ask(owner, catalog, url) == {"drafted": 2}
    (surrogate,) = owner.execute("select privacy.pseudonymize_text(%s)", [NAME]).fetchone()

    assert stored(owner) == [
        ("often", "Count the orders where the status is pending?", None),
        ("rarely", f"Tell me the loyalty tier of every registered customer where the full name is {surrogate}.", None),
    ]


def test_all_that_leaves_is_pseudonymized_sql_and_names(owner, catalog):
    server = Scripted(rephrase)
    with served(server.app()) as url:
        ask(owner, catalog, url, api_key="secret-key")
    values = {value for table in catalog.tables for column in table.columns for value in column.sample_values}
    sent = json.dumps(server.requests)

    assert server.keys == ["Bearer secret-key"] * 2
    assert {request["model"] for request in server.requests} == {"their-model"}
    assert "orders(order_id, customer_id, ordered_on, status, channel, total)" in sent
    assert NAME not in sent
    named = {column.name for table in catalog.tables for column in table.columns} | {
        "pending"
    }  # by the statement itself
    assert len(values - named) > 100
    assert not [value for value in values - named if f" {value}" in sent]
    assert "employees" not in sent  # a table that the statements do not read


def test_several_wordings_are_asked_for_in_several_ways(owner, catalog):
    wordings = iter(["Pending orders?", "How many pending orders?", "Count pending orders."] + ["Nothing of use"] * 3)
    server = Scripted(lambda user: next(wordings))
    with served(server.app()) as url:
        assert ask(owner, catalog, url, paraphrases=3) == {"drafted": 3, "values_lost": 1}

    assert len({request["messages"][-1]["content"] for request in server.requests}) == 6


def test_a_server_that_writes_sql_is_of_no_use_and_is_not_asked_twice(owner, catalog, built_copy):
    """auditune's own API: it speaks the protocol, and answers everything with SQL."""
    champion = Champion(
        "their-model",
        "base",
        catalog,
        0,
        lambda questions: [Generated("select count(*) from orders") for _ in questions],
    )
    settings = Settings(home=built_copy.home, api_dsn=built_copy.api_dsn, reader_dsn=built_copy.reader_dsn)
    with served(create_app(settings, champion)) as url:
        assert ask(owner, catalog, url) == {"is_sql": 2}
        assert ask(owner, catalog, url) == {}

    assert stored(owner) == [("often", None, "is_sql"), ("rarely", None, "is_sql")]


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (None, "no_answer"),
        ("", "no_answer"),
        ("…", "no_answer"),
        ("Orders", "values_lost"),
        ("How many pending orders in 2024?", "values_added"),
        ("I'm not sure what you mean by pending.", "is_talk"),
        ("How many order_items are pending?", "names_columns"),
        ("pending " * 100, "too_long"),
        ("pending\u0007", "control_characters"),
        ("How many orders are there where the status is pending?", "unchanged"),
        (f"How many pending orders has {NAME}?", "personal_value"),
        ("How many pending orders has jane.doe@company.com?", "personal_value"),
    ],
)
def test_an_answer_that_is_no_question_for_the_statement_is_refused(owner, catalog, answer, refusal):
    owner.execute("delete from intermediate.int_statements_anonymized where statement_hash = 'rarely'")
    with served(Scripted(answer).app()) as url:
        assert ask(owner, catalog, url) == {refusal: 1}

    assert stored(owner) == [("often", None, refusal)]


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (Scripted(status=500), "answered with status 500"),
        (Scripted(status=401), "answered with status 401"),
        (Scripted(body="<html>pending</html>"), "answered with no chat completion"),
        (Scripted(body='{"choices": []}'), "answered with no chat completion"),
        (Scripted(delay=0.5), "took too long"),
        (None, "cannot be reached"),
    ],
)
def test_a_server_that_fails_twice_is_left_alone_until_the_next_run(owner, catalog, server, sentence):
    owner.execute(_STATEMENT, ["never", "select count(*) from plans"])
    owner.execute(_EXECUTION, ["never", 1])
    said: list[str] = []
    if server is None:
        outcome = ask(owner, catalog, f"http://127.0.0.1:{free_port()}/v1", said)
    else:
        with served(server.app()) as url:
            outcome = ask(owner, catalog, url, said, timeout_seconds=0.1 if server.delay else 5)
        assert len(server.requests) == 2

    assert outcome == {"failed": 2}
    assert all(sentence in text for text in said[:2])
    assert "until the next run" in said[2]
    assert not any("pending" in text for text in said)
    assert stored(owner) == []


def test_nobody_is_asked_unless_the_user_says_whom(monkeypatch):
    settings = DraftSettings()

    assert (settings.url, settings.base_model) == ("", False)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"URL": "http://127.0.0.1:8001/v1"}, "AUDITUNE_DRAFT_MODEL"),
        ({"URL": "localhost:8001", "MODEL": "m"}, "http://host:port/v1"),
    ],
)
def test_wrong_settings_say_what_to_do(monkeypatch, variables, sentence):
    for name, value in variables.items():
        monkeypatch.setenv(f"AUDITUNE_DRAFT_{name}", value)
    with pytest.raises(ValidationError, match=sentence):
        DraftSettings()
