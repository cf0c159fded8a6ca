"""The proof finds a personal value wherever it stands, and takes for one nothing that is none."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from dagster_project.defs.corpus import checks
from dagster_project.privacy.places import Text, said_in_sql
from dagster_project.privacy.proof import Proof, prove
from dagster_project.privacy.surnames import find_surnames
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import ADDRESS, BIRTH_DATE, EMAIL, MESSAGE, NAME, PHONE, QUOTED_NAME, Built

NOBODYS_EMAIL, NOBODYS_CARD, NOBODYS_IBAN = "jane@corp.com", "4111 1111 1111 1111", "DE89370400440532013000"

_REQUEST = (
    "insert into raw_serving.requests"
    " (request_id, route, question_hash, question, sql, outcome, is_executed, latency_ms)"
    " values (gen_random_uuid(), '/v1/sql', 'h', %s, %s, 'ok', true, 1)"
)
_REVIEW = (
    "insert into raw_serving.reviews (review_id, candidate_id, reviewer, decision, edited_question)"
    " values (gen_random_uuid(), 'c', %s, 'edit', %s)"
)
_RULE = (
    "insert into raw_training.quality_results (validated_at, rule_code, description, is_success, is_blocking, observed)"
    " values (now(), 'r', 'd', true, true, %s)"
)
# What nobody in the business has, and Presidio knows the form of.
UNKNOWN = ["0151-12345678", "(030) 123456", "06 12 34 56 78", "2001:4860:4860::8888", "8.8.8.8"]
_QUOTED = f"select city from customers where full_name = '{QUOTED_NAME.replace(chr(39), 2 * chr(39))}'"


@pytest.fixture(scope="module")
def owner(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def clean(owner: psycopg.Connection, built: Built) -> Proof:
    """The proof on what the pipeline has made, with dbt's own files and logs."""
    return prove(owner, built.folder)


@pytest.fixture(scope="module")
def planted(
    owner: psycopg.Connection, built_copy: Warehouse, clean: Proof, tmp_path_factory: pytest.TempPathFactory
) -> Proof:
    """The same warehouse with a personal value in each kind of place, and with much that looks like one."""
    home = tmp_path_factory.mktemp("home")
    surrogates = owner.execute(
        "select privacy.pseudonymize_text(v) from unnest(%s::text[]) as v", [[NAME, PHONE, ADDRESS, *UNKNOWN]]
    ).fetchall()
    harmless = (
        "; ".join(text for (text,) in surrogates) + "; 3 July 1961; 05.01.2024 to 06.02.2024; May; order 2125550123; "
        "a@example.com; 10.0.0.1"
    )
    owner.execute(_REQUEST, [f"Where is {NAME.upper()}?", "select 1"])
    owner.execute(_REQUEST, [harmless, _QUOTED])
    owner.execute(
        _REQUEST, ["Who was born on July 3rd, 1961?", f"select 1 from customers where birth_date = '{BIRTH_DATE}'"]
    )
    with psycopg.connect(built_copy.admin_dsn, autocommit=True) as admin:
        admin.execute("update shop.customers set full_name = 'May' where customer_id = 1")
    owner.execute(_REQUEST, ["What did Quillfeather order? And what Oslo?", "select 1"])
    owner.execute(_REQUEST, ["How many orders in May?", "select 1 from customers where city = 'May'"])
    owner.execute(_REVIEW, [EMAIL, f"What did {NOBODYS_EMAIL} pay with {NOBODYS_CARD}?"])
    owner.execute(_RULE, [f"called {PHONE}"])
    owner.execute("create table privacy.people (names text[], profile jsonb)")
    owner.execute('insert into privacy.people values (\'{Ida Arrayson}\', \'{"as": [{"is": "Ivo Jsonsen"}]}\')')
    tagged = "insert into privacy.tagged_columns values ('privacy', 'people', %s, %s)"
    owner.cursor().executemany(tagged, [("names", "name"), ("profile", "token")])
    files = {
        "datasets/0123/pairs.jsonl": json.dumps({"input": MESSAGE}),
        "adapters/0123/manifest.json": json.dumps({"note": f"{ADDRESS} or {NOBODYS_IBAN}"}),
        "dagster/history/runs/run.db": "\0\1" + json.dumps(f"é {NAME}") + "\0",
        "logs/dbt.log": f"{harmless} Zora 127.0.0.1:5432 4111111111111111 quill analytics@example.com",
        "logs/dagster.log": "failed: select 1 from customers where full_name = 'May'",
        "runs/0123/notes.txt": "Ida Arrayson met Ivo Jsonsen",
        "runs/0123/evaluation/injections.jsonl": f"select '{NOBODYS_EMAIL}', '{NOBODYS_IBAN}' where full_name = 'Zora'",
        "runs/0123/evaluation/results.jsonl": f"select 1 from customers where city = '{ADDRESS}'",
        "exports/chat/train.jsonl": json.dumps({"content": "Orders of Quillfeather, Zora"}),
        "spool/requests.log": "GET /customers?email=jane%40corp.com",
        "reports/visits.txt": f"/customers/{EMAIL.replace('@', '%40')}",
        "audit/notes.txt": "select 1 from customers where full_name like '%Quillfeather%'",
        "keys/roles.key": NAME,
    }
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content)
    return prove(owner, home)


def test_nothing_is_found_in_what_the_pipeline_makes(clean: Proof) -> None:
    assert clean.holds, clean.hits
    assert clean.values > 100
    assert {
        "intermediate.int_statements_anonymized.statement", "intermediate.int_statement_questions.question",
        "corpus.training_pairs.output", "corpus.rejected_pairs.question", "target/", "logs/",
    } <= set(clean.read)  # fmt: skip


def test_a_value_is_found_wherever_it_stands_and_nothing_else_is(planted: Proof) -> None:
    assert not planted.holds
    assert set(planted.hits) == {
        ("raw_serving.requests.question", "name"),
        ("raw_serving.requests.sql", "name"),
        ("raw_serving.requests.question", "birth_date"),
        ("raw_serving.requests.sql", "birth_date"),
        # as a literal beside its column; elsewhere 'May' is a word
        ("logs/", "name"),
        ("raw_serving.reviews.edited_question", "email"),
        ("raw_serving.reviews.edited_question", "card"),
        ("raw_training.quality_results.observed", "phone"),
        # a message with a name and an address in it
        ("datasets/", "free_text"),
        ("datasets/", "name"),
        ("datasets/", "address"),
        ("adapters/", "address"),
        ("adapters/", "iban"),
        ("dagster/", "name"),
        ("runs/", "name"),
        ("runs/", "token"),
        # a model wrote somebody's address; the mail address and the part of a name were its inventions
        ("runs/", "address"),
        # the surname first; an address that is encoded for an address; a part of a name beside its column
        ("exports/", "name"),
        ("spool/", "email"),
        ("reports/", "email"),
        ("audit/", "name"),
    }


def test_a_surname_alone_is_a_doubt_that_fails_nothing(clean: Proof, planted: Proof, owner: psycopg.Connection) -> None:
    assert clean.doubts == {}
    assert planted.doubts == {"raw_serving.requests.question": 1}
    questions = ["Price of what?", "what is the Price?", "the price", "its price", "a price", "by Lincoln", "in Oslo"]
    texts = [Text("place", question, "prose") for question in questions]
    found = find_surnames(owner, texts, {"price", "lincoln", "oslo"})
    # written small more often, or known to a column without a tag, it is a word
    assert {hit.value for hit in found} == {"lincoln"}


def test_what_the_check_shows_names_the_place_and_never_the_value(planted: Proof) -> None:
    shown = checks._advice(planted) + str(checks._metadata(planted))

    assert "raw_serving.requests.question (name)" in shown
    secrets = [NAME, QUOTED_NAME, EMAIL, PHONE, ADDRESS, MESSAGE, NOBODYS_EMAIL, NOBODYS_CARD, NOBODYS_IBAN]
    assert [secret for secret in secrets if secret.lower() in shown.lower()] == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("select city from refund where a = 'it''s me' and n = 12.5", "'it's me'\n12.5"),
        ('select "Jane Doe" from t -- for Jane', '"Jane Doe"\n-- for Jane'),
        ("select 1 /* Jane", "1\n/* Jane"),
        ("select $$Jane$$, 'cut off", "$$Jane$$\n'cut off"),
    ],
)
def test_of_a_statement_only_what_it_says_is_read(statement: str, said: str) -> None:
    assert said_in_sql(statement) == said
