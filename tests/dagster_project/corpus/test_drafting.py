"""From a statement that nobody gave a question, over a draft and a person's decision, to a pair of the corpus."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log.ingest import ingest
from dagster_project.corpus.drafting import VERBALIZER, draft_sentences, forget_personal_drafts, undrafted
from dagster_project.dbt_manifest import run_dbt
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import NAME, judge_candidates
from tests.people import logged_lines, person_dsn
from training.sql.catalog import read_catalog

FREQUENT, BY_CARRIER = "select count(*) from shipments", "select carrier, count(*) from shipments group by carrier"
STATEMENTS = [
    FREQUENT,
    FREQUENT,
    FREQUENT,
    f"select loyalty_tier from customers where full_name = '{NAME}'",
    BY_CARRIER,
    "SELECT COUNT(1) FROM orders AS o",  # other words for what a person has asked: "How many orders are there?"
    "select city from customers where city = 'Atlantis'",  # runs, and returns nothing
    "select pg_size_pretty(1::bigint) from orders",  # no question, and the log's rules leave it out
]
_LAST_WORDS = "select 'so much for today'"
_REVIEW = (
    "insert into raw_serving.reviews (review_id, candidate_id, reviewer, decision, edited_question)"
    " values (gen_random_uuid(), %s, 'ann', %s, %s)"
)
SHIPMENTS, CARRIERS = "How many shipments are there?", "How many shipments are there for each carrier?"
_STATEMENTS = ("int_statement_executions", "int_statements_anonymized", "int_statement_questions")


@pytest.fixture(scope="module")
def drafted(built_copy: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """People have run statements, and questions have been drafted for them."""
    folder = tmp_path_factory.mktemp("drafts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        _work(built_copy, folder / "postgresql.json")
        run_dbt(built_copy, "run", "--select", *_STATEMENTS)
        with psycopg.connect(built_copy.dsn, autocommit=True) as owner:
            draft_sentences(owner, read_catalog(owner), limit=100)
        yield built_copy


@pytest.fixture(scope="module")
def reviewed(drafted: Warehouse) -> Warehouse:
    """One draft is approved, one in other words, nobody has decided about the others; the corpus is built on that."""
    with psycopg.connect(drafted.dsn, autocommit=True) as owner:
        owner.execute(_REVIEW, [_candidate_id(SHIPMENTS, FREQUENT), "approve", None])
        edited = f"Parcels by carrier, asks {NAME}"  # by hand, so in clear
        owner.execute(_REVIEW, [_candidate_id(CARRIERS, BY_CARRIER), "edit", edited])
        run_dbt(drafted, "run", "--select", "int_pair_candidates")
        judge_candidates(drafted, owner, read_catalog(owner))
        run_dbt(drafted, "run", "--select", "int_pairs_judged+", "--exclude", "group:monitoring")
    return drafted


def _candidate_id(question: str, statement: str) -> str:
    """What the queue shows of a pair, as the macro candidate_id computes it."""
    return hashlib.sha256(f"{question.lower()}\n{statement}".encode()).hexdigest()[:16]


@pytest.fixture
def owner(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(built_copy.dsn) as connection:
        yield connection
        connection.rollback()


def _work(warehouse: Warehouse, log: Path) -> None:
    with (
        person_dsn(warehouse.admin_dsn, "shop") as dsn,
        psycopg.connect(dsn, autocommit=True, application_name="psql") as person,
    ):
        for statement in (*STATEMENTS, _LAST_WORDS):
            person.execute(statement)
        lines = logged_lines(warehouse, person.info.dbname, last=_LAST_WORDS)
    log.write_text("".join(lines))
    with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
        ingest(owner, (str(log),), date(9999, 1, 1))
    log.unlink()


def test_the_most_frequent_statement_is_drafted_first(drafted: Warehouse, owner: psycopg.Connection) -> None:
    ((_, statement),) = undrafted(owner, "another drafter", limit=1)

    assert statement == FREQUENT


def test_each_statement_is_drafted_once_from_its_pseudonymized_form(
    drafted: Warehouse, owner: psycopg.Connection
) -> None:
    questions = {row[0] for row in owner.execute("select question from raw_training.drafted_questions")}
    (surrogate,) = owner.execute("select privacy.pseudonymize_text(%s)", [NAME]).fetchone()

    assert {SHIPMENTS, CARRIERS, "How many orders are there?"} <= questions
    assert f"Show the loyalty tier of every registered customer where the full name is {surrogate}." in questions
    assert not any(NAME in (question or "") for question in questions)
    assert draft_sentences(owner, read_catalog(owner), limit=100).total() == 0


def test_a_statement_that_cannot_be_said_is_not_tried_again(drafted: Warehouse, owner: psycopg.Connection) -> None:
    refused = owner.execute("select question, refusal from raw_training.drafted_questions where refusal is not null")

    assert refused.fetchall() == []
    unknown = (
        "update intermediate.int_statements_anonymized set statement = 'select x from nowhere' where statement = %s"
    )
    owner.execute(unknown, [FREQUENT])
    owner.execute("delete from raw_training.drafted_questions")
    assert draft_sentences(owner, read_catalog(owner), limit=1) == {"unknown_relation": 1}
    assert FREQUENT not in [statement for _, statement in undrafted(owner, VERBALIZER, limit=100)]


def test_the_limit_is_kept(drafted: Warehouse, owner: psycopg.Connection) -> None:
    owner.execute("delete from raw_training.drafted_questions")

    assert draft_sentences(owner, read_catalog(owner), limit=2) == {"drafted": 2}


def test_a_draft_with_a_value_that_has_since_become_personal_is_forgotten(
    drafted: Warehouse, owner: psycopg.Connection
) -> None:
    owner.execute("update raw_training.drafted_questions set question = %s where question = %s", [NAME, SHIPMENTS])

    assert forget_personal_drafts(owner) == 1


@pytest.mark.slow
def test_drafts_wait_in_the_queue_and_nowhere_else(reviewed: Warehouse, owner: psycopg.Connection) -> None:
    queue = {
        question for (question,) in owner.execute("select question from corpus.review_queue where why = 'drafted'")
    }
    (surrogate,) = owner.execute("select privacy.pseudonymize_text(%s)", [NAME]).fetchone()

    # not what a person has asked already, nor what teaches nothing for it returns nothing, nor what is decided
    assert queue == {f"Show the loyalty tier of every registered customer where the full name is {surrogate}."}
    reasons = owner.execute("select reason, count(*) from corpus.rejected_pairs where origin = 'drafted' group by 1")
    assert dict(reasons.fetchall()) == {"empty_result": 1, "not_reviewed": 2}


@pytest.mark.slow
def test_an_approved_draft_is_a_pair_that_tells_who_approved_it(reviewed: Warehouse, owner: psycopg.Connection) -> None:
    pairs = owner.execute(
        "select distinct pairs.input, pairs.output, lineage.reviewer, lineage.reviewed_at is not null"
        " from corpus.training_pairs as pairs join corpus.pair_lineage as lineage using (pair_id)"
        " where pairs.origin = 'drafted' order by 1"
    ).fetchall()
    (surrogate,) = owner.execute("select privacy.pseudonymize_text(%s)", [NAME]).fetchone()

    assert pairs == [
        (SHIPMENTS, FREQUENT, "ann", True),
        (f"Parcels by carrier, asks {surrogate}", BY_CARRIER, "ann", True),
    ]
