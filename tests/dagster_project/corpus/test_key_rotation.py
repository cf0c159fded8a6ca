"""A new key for the pseudonyms: everything stored under the old one is re-keyed, and nothing is lost."""

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from dagster_project.corpus.key_rotation import rotate_key
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import BIRTH_DATE, EMAIL, NAME

pytestmark = pytest.mark.slow  # the whole warehouse is made anew twice

SCHEMAS = ["privacy", "intermediate", "corpus", "monitoring", "sandbox_shop", "raw_training", "raw_serving"]
PERSONAL = (
    f"select city from customers where full_name = '{NAME}' and birth_date = '{BIRTH_DATE}'"
    " and phone <> '+49 170 5550123'"
)
LITTLE = ("run", "--select", "int_pii_surrogates", "int_pair_candidates")
REQUEST = uuid.UUID(int=1)
FEEDBACK = """
insert into raw_serving.requests (request_id, route, question_hash, question, sql, outcome, is_executed, latency_ms)
values (%(id)s, '/v1/sql', privacy.keyed_hash(%(question)s),
    privacy.days_as_in(privacy.pseudonymize_text(%(question)s), privacy.pseudonymize_sql(%(sql)s)),
    privacy.pseudonymize_sql(%(sql)s), 'ok', true, 1);
insert into raw_serving.feedback (feedback_id, request_id, verdict, question, sql)
select request_id, request_id, 'right', question, sql from raw_serving.requests
"""


@pytest.fixture(scope="module")
def owner(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(built_copy.dsn, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        yield connection


@pytest.fixture(scope="module")
def before(owner: psycopg.Connection) -> dict[str, object]:
    """A question asked through the API and approved; then the state of the warehouse under the old key."""
    question = f"In which city does {NAME} of {BIRTH_DATE} live?"
    owner.execute(FEEDBACK, {"id": REQUEST, "question": question, "sql": PERSONAL})
    return state(owner)


@pytest.fixture(scope="module")
def rotated(built_copy: Warehouse, before: dict[str, object], owner: psycopg.Connection) -> dict[str, object]:
    """The state after a rotation that was interrupted after the key had been made, and was run again."""
    told: list[str] = []
    interrupt = _interrupt_at("Building the sandbox", told)
    with pytest.MonkeyPatch.context() as patch:
        # the copy has just been built: what dbt would do at the start is left out
        patch.setattr("dagster_project.corpus.key_rotation._CANDIDATES", LITTLE)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(built_copy, interrupt)
        assert owner.execute("select count(*) from privacy.keys").fetchone() == (2,)
        rotate_key(built_copy, told.append)
    assert [line for line in told if "going on with it" in line]
    assert "make run" in told[-1]
    return state(owner)


def _interrupt_at(beginning: str, told: list[str]) -> Callable[[str], None]:
    def tell(sentence: str) -> None:
        told.append(sentence)
        if sentence.startswith(beginning):
            raise KeyboardInterrupt

    return tell


def state(owner: psycopg.Connection) -> dict[str, object]:
    """What a rotation must change, and what it must not."""

    def rows(query: str) -> list[tuple]:
        return owner.execute(query).fetchall()

    return {
        "keys": rows("select key_id, inner_pad from privacy.keys"),
        "surrogates": {
            row[0] for row in rows("select surrogate from privacy.surrogate_index where pii_class <> 'birth_date'")
        },
        "zora": rows("select full_name, birth_date::text from sandbox_shop.customers where customer_id = 900001")[0],
        "request": rows("select question, sql from raw_serving.requests")[0],
        "feedback": rows("select question, sql from raw_serving.feedback")[0],
        "statements": rows(
            "select count(*), count(distinct statement_hash) from intermediate.int_statements_anonymized"
        ),
        "questions": rows("select count(*) from intermediate.int_statement_questions"),
        "pairs": rows("select count(*), count(*) filter (where origin = 'annotation') from corpus.training_pairs"),
        "lineage": rows("select count(*) from corpus.pair_lineage where byte_offset is not null"),
        "impersonal": rows(
            "select pair_id from corpus.training_pairs where output !~ 'full_name|email|phone' order by 1"
        ),
    }


def test_there_is_one_key_and_it_is_another(before: dict, rotated: dict) -> None:
    assert len(rotated["keys"]) == 1
    assert rotated["keys"] != before["keys"]


def test_no_old_surrogate_is_left_anywhere(owner: psycopg.Connection, before: dict, rotated: dict) -> None:
    assert rotated["surrogates"].isdisjoint(before["surrogates"])
    assert len(rotated["surrogates"]) == len(before["surrogates"])
    columns = owner.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
        " inner join information_schema.tables using (table_schema, table_name)"
        " where table_type = 'BASE TABLE' and table_schema = any(%s) and data_type in ('text', 'jsonb', 'ARRAY')",
        [SCHEMAS],
    ).fetchall()
    assert len(columns) > 50
    for schema, table, column in columns:
        query = sql.SQL("select string_agg({}::text, ' ') from {}")
        (text,) = owner.execute(query.format(sql.Identifier(column), sql.Identifier(schema, table))).fetchone()
        assert not [old for old in before["surrogates"] if old in (text or "")], f"{schema}.{table}.{column}"


def test_what_the_api_stored_bears_the_persons_new_surrogates(
    owner: psycopg.Connection, before: dict, rotated: dict
) -> None:
    question, statement = rotated["request"]

    assert question == f"In which city does {rotated['zora'][0]} of {rotated['zora'][1]} live?"
    assert statement.startswith(
        f"select city from customers where full_name = '{rotated['zora'][0]}' and birth_date = '{rotated['zora'][1]}'"
    )
    # a phone that nobody has is no raw one, and no longer what it was
    assert "5550123" not in statement
    assert statement.split("phone")[1] != before["request"][1].split("phone")[1]
    assert rotated["feedback"] == rotated["request"]


def test_nothing_is_lost(before: dict, rotated: dict) -> None:
    # (the approved answer is no pair, before and after: what its telephone stands for cannot be told any more)
    for kept in ("statements", "questions", "lineage", "impersonal", "pairs"):
        assert rotated[kept] == before[kept]
    assert rotated["pairs"][0][1] > 0


def test_the_functions_write_what_the_tables_hold(owner: psycopg.Connection, rotated: dict) -> None:
    (again,) = owner.execute("select privacy.pseudonymize_text(%s)", [f"{NAME}, {EMAIL}"]).fetchone()

    assert again.startswith(rotated["zora"][0])
    for text in rotated["request"]:
        assert owner.execute("select privacy.pseudonymize_sql(%s)", [text]).fetchone() == (text,)
