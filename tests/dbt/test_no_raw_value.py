"""No person's value is anywhere but in the business tables and the raw log: not in a table, a file or a log."""

import psycopg
import pytest
from psycopg import sql

from tests.business_warehouse import NAME, Built

ELSEWHERE = [
    "privacy", "staging", "intermediate", "corpus", "monitoring", "sandbox_shop", "raw_training", "raw_serving",
]  # fmt: skip
TAGGED = (
    ("customers", "full_name"), ("customers", "email"), ("customers", "phone"), ("customers", "street_address"),
    ("employees", "full_name"), ("employees", "email"), ("support_tickets", "message"),
)  # fmt: skip


@pytest.fixture(scope="module")
def raw_values(owner: psycopg.Connection) -> list[str]:
    """Every value of a tagged column but dates, which are anybody's, in lower case."""
    values = set()
    for table, column in TAGGED:
        query = sql.SQL("select lower({}::text) from {}").format(sql.Identifier(column), sql.Identifier("shop", table))
        values |= {value for (value,) in owner.execute(query)}
    assert NAME.lower() in values
    return sorted(values)


@pytest.fixture(scope="module")
def key(owner: psycopg.Connection) -> list[str]:
    """The key as any of its forms would be written."""
    pads = owner.execute("select inner_pad, outer_pad from privacy.keys").fetchone()
    secret = bytes(byte ^ 0x36 for byte in pads[0][:32])
    assert secret == bytes(byte ^ 0x5C for byte in pads[1][:32])
    return [part.hex() for part in (secret, *pads)]


def text_columns(owner: psycopg.Connection) -> list[tuple[str, str, str]]:
    """Every column of a table outside the business and the raw log that can hold a text."""
    return owner.execute(
        "select c.table_schema, c.table_name, c.column_name from information_schema.columns as c"
        " inner join information_schema.tables as t using (table_schema, table_name)"
        " where t.table_type = 'BASE TABLE' and c.table_schema = any(%s) and not (c.table_name = 'keys')"
        " and c.data_type in ('text', 'character varying', 'jsonb', 'json', 'ARRAY', 'bytea')",
        [ELSEWHERE],
    ).fetchall()


def cells(owner: psycopg.Connection, schema: str, table: str, column: str) -> str:
    query = sql.SQL("select string_agg(lower({}::text), E'\n') from {}")
    return owner.execute(query.format(sql.Identifier(column), sql.Identifier(schema, table))).fetchone()[0] or ""


def test_no_table_elsewhere_holds_a_persons_value(owner: psycopg.Connection, raw_values: list[str]) -> None:
    columns = text_columns(owner)
    texts = {".".join(column): cells(owner, *column) for column in columns}

    assert {"sandbox_shop.customers.full_name", "corpus.training_pairs.input", "privacy.surrogate_index.surrogate"} <= {
        *texts
    }
    assert [name for name, text in texts.items() if any(value in text for value in raw_values)] == []


def test_no_birth_date_of_the_business_is_that_of_the_sandbox(owner: psycopg.Connection) -> None:
    same = owner.execute(
        "select count(*) from shop.customers r inner join sandbox_shop.customers s using (customer_id, birth_date)"
    ).fetchone()

    assert same == (0,)


def test_no_file_that_dbt_writes_holds_a_persons_value_or_the_key(
    built: Built, raw_values: list[str], key: list[str]
) -> None:
    files = [path for path in built.folder.rglob("*") if path.is_file()]
    assert any("compiled" in path.parts for path in files)
    assert any(path.name == "dbt.log" for path in files)

    texts = {str(path): path.read_bytes().decode(errors="ignore").lower() for path in files}
    texts["output"] = (built.build.stdout + built.build.stderr).lower()
    assert [name for name, text in texts.items() if any(word in text for word in [*raw_values, *key])] == []


def test_no_table_but_its_own_holds_the_key(owner: psycopg.Connection, key: list[str]) -> None:
    found = [column for column in text_columns(owner) if any(form in cells(owner, *column) for form in key)]

    assert found == []


@pytest.mark.parametrize("role", ["sandbox_dsn", "reader_dsn", "api_dsn", "monitor_dsn"])
@pytest.mark.parametrize(
    "relation",
    [
        "privacy.keys", "privacy.surrogate_index", "raw_audit.log_lines", "staging.stg_audit__statements",
        "staging.stg_audit__log_lines", "staging.stg_audit__errors",
    ],
)  # fmt: skip
def test_only_the_owner_reads_the_key_the_index_and_the_raw_statements(built: Built, role: str, relation: str) -> None:
    with (
        psycopg.connect(getattr(built.warehouse, role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"select 1 from {relation}")


def test_the_api_may_replace_without_reading(built: Built) -> None:
    with psycopg.connect(built.warehouse.api_dsn) as api:
        (question, length) = api.execute(
            "select privacy.pseudonymize_text(%(q)s), length(privacy.keyed_hash(%(q)s))", {"q": f"Who is {NAME}?"}
        ).fetchone()

    assert question.startswith("Who is ")
    assert NAME not in question
    assert length == 64
