"""Each rule catches its own defect, planted in a corpus that is good but for it, and no other rule cries."""

import psycopg
import pytest

from dagster_project.quality.codes import RULE_DESCRIPTIONS
from dagster_project.quality.rules import corpus_rules
from dagster_project.quality.validate import RuleResult, validate_corpus
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import EMAIL, NAME

MINIMUM = 60
EMAIL_SQL = f"select city from customers where email = ''{EMAIL}''"
# 60 pairs over 15 templates: 3 templates held out whole, of the others every fifth question for test or dev.
GOOD_CORPUS = """
truncate corpus.training_pairs;
insert into corpus.training_pairs
select
    'pair ' || n, 'template ' || t, 'catalog', 'Write one PostgreSQL query that answers the question.',
    'Question number ' || n || '?', 'select count(*) from orders where order_id > ' || n, 'comment',
    case when t >= 12 then 'none' when n % 5 = 0 then 'test' when n % 5 = 1 then 'dev' else 'train' end,
    case when t >= 12 then 'test' else 'train' end,
    1, 1, now()
from (select n, n % 15 as t from generate_series(1, 60) as n) as numbers
"""
# pair 2 and pair 17 are of template 2, both in train; pair 5 is held out
DEFECTS = {
    "corpus_columns": "alter table corpus.training_pairs add column customer_name text",
    "corpus_size": "delete from corpus.training_pairs where pair_id = 'pair 2'",
    "pair_id_unique": "update corpus.training_pairs set pair_id = 'pair 2' where pair_id = 'pair 17'",
    "question_not_null": "update corpus.training_pairs set input = null where pair_id = 'pair 2'",
    "sql_not_null": "update corpus.training_pairs set output = null where pair_id = 'pair 2'",
    "question_length": "update corpus.training_pairs set input = 'Hm' where pair_id = 'pair 2'",
    "question_split_values": "update corpus.training_pairs set question_split = 'valid' where pair_id = 'pair 2'",
    "rows_returned": "update corpus.training_pairs set row_count = 0 where pair_id = 'pair 2'",
    "pair_unique": "update corpus.training_pairs set input = 'QUESTION NUMBER 17?',"
    " output = (select output from corpus.training_pairs where pair_id = 'pair 17') where pair_id = 'pair 2'",
    "text_not_empty": "update corpus.training_pairs set input = '    ' where pair_id = 'pair 2'",
    "canonical_form": "update corpus.training_pairs set output = output || ';' where pair_id = 'pair 2'",
    "no_personal_value": f"update corpus.training_pairs set input = 'Where is {NAME}?' where pair_id = 'pair 2'",
    "no_template_leak": "update corpus.training_pairs set fingerprint = 'template 12' where pair_id = 'pair 2'",
    "no_question_leak": "update corpus.training_pairs set input = 'Question number 5?', output ="
    " (select output from corpus.training_pairs where pair_id = 'pair 5') where pair_id = 'pair 2'",
    "no_conflict": "update corpus.training_pairs set input = 'Question number 17?' where pair_id = 'pair 2'",
    "no_dominant_template": "update corpus.training_pairs set fingerprint = 'template 2'"
    " where template_split = 'train'",
    "held_out_parts": "update corpus.training_pairs set question_split = 'train' where question_split = 'dev'",
}
# A defect that by its nature breaks a second rule: the same question in two splits with one SQL is also a second copy.
ALSO = {"no_question_leak": {"pair_unique"}}
# Other ways to break the same rule.
VARIANTS = [
    ("canonical_form", "update corpus.training_pairs set output = 'delete from orders' where pair_id = 'pair 2'"),
    ("canonical_form", "update corpus.training_pairs set output = output || ' -- all' where pair_id = 'pair 2'"),
    ("canonical_form", "update corpus.training_pairs set output = output || '  and true' where pair_id = 'pair 2'"),
    ("no_personal_value", f"update corpus.training_pairs set output = '{EMAIL_SQL}' where pair_id = 'pair 2'"),
    ("no_personal_value", "update corpus.training_pairs set input = 'Who is a@b.test?' where pair_id = 'pair 2'"),
    ("question_length", "update corpus.training_pairs set input = repeat('long ', 101) where pair_id = 'pair 2'"),
    ("rows_returned", "update corpus.training_pairs set row_count = -1 where pair_id = 'pair 2'"),
    ("held_out_parts", "update corpus.training_pairs set template_split = 'train' where template_split = 'test'"),
]  # fmt: skip


@pytest.fixture
def owner(built_copy: Warehouse):
    """The owner's connection to a good corpus."""
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        connection.execute("drop table if exists corpus.training_pairs cascade")
        connection.execute("create table corpus.training_pairs (like corpus.pattern_pairs)")
        connection.execute(GOOD_CORPUS)
        yield connection


@pytest.fixture(scope="module", autouse=True)
def _pattern(built_copy: Warehouse) -> None:
    """Keeps the table that dbt made as the pattern of its columns."""
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        connection.execute("alter table corpus.training_pairs rename to pattern_pairs")


def broken_rules(warehouse: Warehouse) -> set[str]:
    return {result.rule_code for result in validate_corpus(warehouse.dsn, MINIMUM) if not result.is_success}


def test_every_rule_has_a_description_and_a_planted_defect() -> None:
    assert set(corpus_rules(MINIMUM)) == set(RULE_DESCRIPTIONS) == set(DEFECTS)


def test_a_good_corpus_breaks_no_rule(owner: psycopg.Connection, built_copy: Warehouse) -> None:
    results = validate_corpus(built_copy.dsn, MINIMUM)

    assert [result.rule_code for result in results] == list(RULE_DESCRIPTIONS)
    assert [result for result in results if not result.is_success] == []


@pytest.mark.parametrize(("rule_code", "defect"), [*DEFECTS.items(), *VARIANTS])
def test_a_defect_is_caught_by_its_rule_alone(
    owner: psycopg.Connection, built_copy: Warehouse, rule_code: str, defect: str
) -> None:
    assert owner.execute(defect).rowcount != 0

    assert broken_rules(built_copy) == {rule_code} | ALSO.get(rule_code, set())


def test_what_a_rule_finds_is_counted_and_never_shown(owner: psycopg.Connection, built_copy: Warehouse) -> None:
    owner.execute(f"update corpus.training_pairs set input = input || ' {NAME}' where template_split = 'test'")

    results = {result.rule_code: result for result in validate_corpus(built_copy.dsn, MINIMUM)}

    assert results["no_personal_value"] == RuleResult(
        "no_personal_value",
        RULE_DESCRIPTIONS["no_personal_value"],
        is_success=False,
        observed=None,
        unexpected_count=12,
    )
    assert NAME not in str(results)


def test_the_size_that_is_asked_for_is_the_setting(owner: psycopg.Connection, built_copy: Warehouse) -> None:
    (size,) = [result for result in validate_corpus(built_copy.dsn, 61) if result.rule_code == "corpus_size"]

    assert (size.is_success, size.observed) == (False, "60")


def test_no_connection_is_left_open(owner: psycopg.Connection, built_copy: Warehouse) -> None:
    connections = "select count(*) from pg_stat_activity where datname = current_database()"
    before = owner.execute(connections).fetchone()

    validate_corpus(built_copy.dsn, MINIMUM)

    assert owner.execute(connections).fetchone() == before
