"""A pair is trained on only if its statement finds on the business what its anonymized form finds in the sandbox."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from dagster_project.corpus.production_statements import production_statements
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import BIRTH_DATE, EMAIL, NAME, judge_candidates
from training.sql.catalog import read_catalog

_LINE = (
    "insert into raw_audit.log_lines (log_file, byte_offset, line_date, line)"
    " values ('parity.json', %s, current_date, %s)"
)
_ANONYMIZED = (
    "insert into intermediate.int_statements_anonymized (statement_hash, log_file, byte_offset, statement)"
    " values (%(key)s, 'parity.json', %(offset)s, privacy.pseudonymize_sql(%(statement)s))"
)
_EXECUTION = (
    "insert into intermediate.int_statement_executions"
    " (statement_hash, log_file, byte_offset, statement_class, ingested_at)"
    " values (%(key)s, 'parity.json', %(offset)s, 'question', now())"
)
_CANDIDATE = (
    "insert into intermediate.int_pair_candidates (candidate_id, statement_hash, question, statement)"
    " values (%(key)s, %(hash)s, 'Q?', privacy.pseudonymize_sql(%(statement)s))"
)


@dataclass
class Corpus:
    """Candidates, and their verdicts."""

    owner: psycopg.Connection
    warehouse: Warehouse
    asked: int = 0

    def ask(self, key: str, statement: str) -> None:
        """A candidate whose statement stands in the log."""
        self.asked += 1
        line = {
            "timestamp": "2026-03-01 10:00:00.000 UTC", "session_id": "parity", "line_num": self.asked,
            "error_severity": "LOG", "message": f"statement: {statement}",
        }  # fmt: skip
        self.owner.execute(_LINE, [self.asked, json.dumps(line)])
        self.owner.execute(_ANONYMIZED, {"key": key, "offset": self.asked, "statement": statement})
        self.owner.execute(_EXECUTION, {"key": key, "offset": self.asked})
        self.owner.execute(_CANDIDATE, {"key": key, "hash": key, "statement": statement})

    def correct(self, key: str, statement: str) -> None:
        """A candidate that a person gave to the API: no line of the log has it."""
        self.owner.execute(_CANDIDATE, {"key": key, "hash": None, "statement": statement})

    def judge(self) -> dict[str, tuple]:
        """Judges what is new; returns reason, parity and its basis of every candidate."""
        judge_candidates(self.warehouse, self.owner, read_catalog(self.owner))
        rows = self.owner.execute(
            "select candidate_id, reason, parity, parity_basis from raw_training.pair_validations"
        ).fetchall()
        return {key: found for key, *found in rows}


@pytest.fixture
def corpus(built_copy: Warehouse) -> Iterator[Corpus]:
    with psycopg.connect(built_copy.dsn, autocommit=True) as owner:
        owner.execute(
            "truncate intermediate.int_pair_candidates, intermediate.int_statements_anonymized,"
            " intermediate.int_statement_executions, raw_training.pair_validations"
        )
        owner.execute("delete from raw_audit.log_lines where log_file = 'parity.json'")
        yield Corpus(owner, built_copy)


EQUAL = [
    f"select city, full_name, email from customers where full_name = '{NAME}'",
    f"select count(*) from customers where birth_date > '{BIRTH_DATE}'",
    "select full_name, birth_date, count(*) from customers group by 1, 2",
    "select lower(full_name), city from customers where country = 'Norway'",
    "select c.email, o.status from customers c join orders o using (customer_id)",
    "select full_name from customers union select full_name from employees",
    "select min(birth_date), city from customers group by city",
]
DIFFERS = {
    "part of a name": f"select city from customers where full_name like '{NAME[:3]}%'",
    "counted part": f"select count(*) from customers where full_name like '{NAME[:3]}%'",
    "first by name": "select full_name from customers order by full_name limit 3",
    "name order": f"select count(*) from customers where full_name < '{NAME}'",
}


def test_what_pseudonyms_keep_is_equal_row_by_row(corpus: Corpus) -> None:
    for number, statement in enumerate(EQUAL):
        corpus.ask(f"k{number}", statement)

    assert corpus.judge() == {f"k{number}": [None, "equal", "rows"] for number in range(len(EQUAL))}


def test_what_they_cannot_keep_is_rejected_with_that_reason(corpus: Corpus) -> None:
    for key, statement in DIFFERS.items():
        corpus.ask(key, statement)

    found = corpus.judge()

    assert {key: (reason, parity) for key, (reason, parity, _) in found.items()} == dict.fromkeys(
        DIFFERS, ("parity_differs", "differs")
    )


def test_rows_on_the_business_are_counted_and_nothing_else_of_them_is_kept(corpus: Corpus) -> None:
    corpus.ask("city", f"select full_name from customers where full_name like '{NAME[:3]}%'")
    corpus.judge()

    row, text = corpus.owner.execute(
        "select (row_count, production_row_count)::text, v::text from raw_training.pair_validations v"
    ).fetchone()
    assert row == "(0,1)"
    assert NAME not in text


def test_data_that_has_changed_since_the_sandbox_was_built_is_looked_at_again(corpus: Corpus) -> None:
    corpus.ask("prices", "select sum(price) from products")
    corpus.owner.execute("update sandbox_shop.products set price = price + 1")
    assert corpus.judge() == {"prices": ["parity_differs", "differs", "rows"]}

    corpus.owner.execute("update sandbox_shop.products set price = price - 1")

    assert corpus.judge() == {"prices": [None, "equal", "rows"]}


def test_a_correction_is_compared_with_the_values_that_its_surrogates_stand_for(corpus: Corpus) -> None:
    statements = {
        "name": f"select city from customers where full_name = '{NAME}' and '{EMAIL}' = email",
        "lower": f"select city from customers where lower(full_name) = '{NAME.lower()}'",
        "pattern": f"select city from customers where full_name like '%{NAME}%'",
        "birth": f"select city from customers where birth_date between '1950-01-01' and '{BIRTH_DATE}'",
        "nobody's": "select count(*) from orders where status = 'paid'",
    }
    for key, statement in statements.items():
        corpus.correct(key, statement)

    assert production_statements(corpus.owner, list(statements)) == statements
    assert {key: (reason, parity) for key, (reason, parity, _) in corpus.judge().items()} == dict.fromkeys(
        statements, (None, "equal")
    )


def test_a_statement_that_cannot_be_told_is_not_trained_on(corpus: Corpus) -> None:
    corpus.correct("part", f"select count(*) from customers where full_name not like '{NAME[:5]}%'")
    corpus.ask("purged", f"select count(*) from customers where full_name not like '{NAME[:5]}%'")
    corpus.owner.execute("delete from raw_audit.log_lines where log_file = 'parity.json'")

    assert corpus.judge() == {key: ["parity_unknown", "unknown", "no_statement"] for key in ("part", "purged")}


def test_a_literal_is_looked_for_among_the_surrogates_by_their_index(corpus: Corpus) -> None:
    with corpus.owner.transaction(force_rollback=True):
        corpus.owner.execute("set local enable_seqscan = off")  # the index of a few persons would not be worth it
        (surrogate,) = corpus.owner.execute("select privacy.pseudonym('email', 'nobody@nowhere.test')").fetchone()
        scans = (
            "select seq_scan from pg_stat_xact_user_tables where schemaname = 'privacy' and relname = 'surrogate_index'"
        )
        before = corpus.owner.execute(scans).fetchone()

        assert corpus.owner.execute("select privacy.stands_for_nobody(%s)", [surrogate]).fetchone() == (True,)
        assert corpus.owner.execute(
            "select privacy.stands_for_nobody(privacy.pseudonym('email', %s))", [EMAIL]
        ).fetchone() == (False,)
        assert corpus.owner.execute(scans).fetchone() == before


def test_results_that_are_longer_than_what_is_read_are_counted(corpus: Corpus) -> None:
    corpus.ask("many", "select c.full_name from customers c cross join calendar")

    assert corpus.judge() == {"many": [None, "equal", "row_count"]}
    (count,) = corpus.owner.execute("select production_row_count from raw_training.pair_validations").fetchone()
    assert count > 10_000


def test_every_pair_of_the_corpus_has_its_parity(corpus: Corpus) -> None:
    pairs = corpus.owner.execute("select count(*), count(*) filter (where parity = 'equal') from corpus.training_pairs")
    total, equal = pairs.fetchone()

    assert total == equal > 0
