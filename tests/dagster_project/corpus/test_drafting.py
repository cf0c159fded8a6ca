"""From a statement that nobody gave a question, over a draft and a person's decision, to a pair of the corpus."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from dagster_project.audit_log.ingest import ingest
from dagster_project.corpus.drafting import VERBALIZER, draft_sentences, forget_personal_drafts, undrafted
from dagster_project.corpus.validation import validate_new_candidates
from dagster_project.dbt_manifest import run_dbt
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import NAME, sandbox
from tests.people import logged_lines, person_dsn
from training.sql.catalog import read_catalog

FREQUENT = "select count(*) from shipments"
STATEMENTS = [
    FREQUENT,
    FREQUENT,
    FREQUENT,
    f"select loyalty_tier from customers where full_name = '{NAME}'",
    "select carrier, count(*) from shipments group by carrier",
    "SELECT COUNT(1) FROM orders AS o",  # other words for what a person has asked: "How many orders are there?"
    "select city from customers where city = 'Atlantis'",  # runs, and returns nothing
    "select pg_size_pretty(1::bigint) from orders",  # no question, and the log's rules leave it out
    "select 'no table' where false",
]
_LAST_WORDS = "select 'so much for today'"
_REVIEW = (
    "insert into raw_serving.reviews (review_id, candidate_id, reviewer, decision, edited_question)"
    " select %s, candidate_id, 'ann', %s, %s from corpus.review_queue where question = %s"
)
SHIPMENTS, CARRIERS = "How many shipments are there?", "How many shipments are there for each carrier?"
_CORPUS = ("--select", "int_pairs_judged+", "--exclude", "group:monitoring")


@pytest.fixture(scope="module")
def drafted(built_copy: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """People have run statements, and questions have been drafted for them."""
    folder = tmp_path_factory.mktemp("drafts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        _work(built_copy, folder / "postgresql.json")
        run_dbt(built_copy, "run", "--select", "+int_statements_unasked")
        with psycopg.connect(built_copy.dsn, autocommit=True) as owner:
            draft_sentences(owner, read_catalog(owner), limit=100)
        yield built_copy


@pytest.fixture(scope="module")
def queued(drafted: Warehouse) -> Warehouse:
    """The drafts are in the queue; nobody has decided about them."""
    _build_corpus(drafted)
    return drafted


@pytest.fixture(scope="module")
def reviewed(queued: Warehouse) -> Warehouse:
    """One draft is approved, one approved in other words, and the corpus built again."""
    with psycopg.connect(queued.dsn, autocommit=True) as owner:
        owner.execute(_REVIEW, [uuid4(), "approve", None, SHIPMENTS])
        owner.execute(_REVIEW, [uuid4(), "edit", f"Parcels by carrier, asks {NAME}", CARRIERS])
    _build_corpus(queued)
    return queued


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


def _build_corpus(warehouse: Warehouse) -> None:
    run_dbt(warehouse, "run", "--select", "stg_training__drafted_questions", "int_pair_candidates")
    with psycopg.connect(warehouse.dsn, autocommit=True) as owner, sandbox(warehouse) as executor:
        validate_new_candidates(owner, read_catalog(owner), executor, lambda done, total: None)
    run_dbt(warehouse, "run", *_CORPUS)


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


def test_drafts_wait_in_the_queue_and_nowhere_else(queued: Warehouse, owner: psycopg.Connection) -> None:
    waiting = {
        question for (question,) in owner.execute("select question from corpus.review_queue where why = 'drafted'")
    }

    assert {SHIPMENTS, CARRIERS} <= waiting
    assert "How many orders are there?" not in waiting  # a person has asked that already
    assert not any("Atlantis" in question for question in waiting)  # what returns nothing teaches nothing
    assert owner.execute("select count(*) from corpus.training_pairs where origin = 'drafted'").fetchone() == (0,)
    reasons = owner.execute("select distinct reason from corpus.rejected_pairs where origin = 'drafted' order by 1")
    assert [reason for (reason,) in reasons] == ["empty_result", "not_reviewed"]


def test_an_approved_draft_is_a_pair_that_tells_who_approved_it(reviewed: Warehouse, owner: psycopg.Connection) -> None:
    pairs = owner.execute(
        "select distinct pairs.input, pairs.output, lineage.reviewer, lineage.reviewed_at is not null"
        " from corpus.training_pairs as pairs join corpus.pair_lineage as lineage using (pair_id)"
        " where pairs.origin = 'drafted' order by 1"
    ).fetchall()
    (surrogate,) = owner.execute("select privacy.pseudonymize_text(%s)", [NAME]).fetchone()

    assert pairs == [
        (SHIPMENTS, "select count(*) from shipments", "ann", True),
        (
            f"Parcels by carrier, asks {surrogate}",
            "select carrier, count(*) from shipments group by carrier",
            "ann",
            True,
        ),
    ]


def test_what_is_decided_leaves_the_queue(reviewed: Warehouse, owner: psycopg.Connection) -> None:
    waiting = {question for (question,) in owner.execute("select question from corpus.review_queue")}

    assert waiting
    assert not {SHIPMENTS, CARRIERS} & waiting
