"""Requests made up from the OpenAPI document, fit and unfit ones: the API answers each as it documents, never with 5xx.

Over HTTP, on a real warehouse with a queue of reviews; only the model is a stub that answers everything.
"""

from collections.abc import Iterator
from dataclasses import replace

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, strategies
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.serving.support import Generated, served

ANSWERS = (
    "SELECT order_id, ordered_at, total, status FROM orders",
    "SELECT COUNT(*) FROM orders",
    "DROP TABLE orders",
    "SELECT weight FROM orders",
    "",
)
# schemathesis's own strategies use `random`, which hypothesis would have them not do
_THEIR_STRATEGIES = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")


@pytest.fixture
def url(settings, champion, owner) -> Iterator[str]:
    """The running API."""
    owner.execute(
        "create table corpus.review_queue (candidate_id text, question text, statement text, canonical_sql text,"
        " origin text, why text, first_seen_at timestamptz);"
        " insert into corpus.review_queue values ('c', 'How many?', 'select 1', null, 'drafted', 'drafted', now());"
        " grant select on corpus.review_queue to auditune_api"
    )

    def generate(questions: list[str]) -> list[Generated]:
        return [Generated(ANSWERS[len(question) % len(ANSWERS)]) for question in questions]

    with served(settings, replace(champion, generate=generate)) as address:
        yield address
    owner.execute("drop table corpus.review_queue")


def fuzz(url: str, examples: int) -> set[int]:
    """Send made-up requests; return the statuses that came back."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    statuses: set[int] = set()

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategies.one_of([schema.as_strategy(generation_mode=mode) for mode in GenerationMode]))
    def send(case: schemathesis.Case) -> None:
        response = case.call(base_url=url, session=session)
        statuses.add(response.status_code)
        case.validate_response(
            response, checks=[not_a_server_error, status_code_conformance, response_schema_conformance]
        )

    with requests.Session() as session:
        send()
    return statuses


@_THEIR_STRATEGIES
def test_no_5xx(url):
    assert {200, 422} <= fuzz(url, examples=60)


@pytest.mark.slow
@_THEIR_STRATEGIES
def test_no_5xx_at_length(url):
    assert {200, 201, 404, 422} <= fuzz(url, examples=2000)
