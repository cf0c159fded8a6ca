"""Each rule catches its own defect, planted in a corpus that is good but for it, and no other rule cries."""

import time

import psycopg
import pytest

from dagster_project.quality.codes import RULES
from dagster_project.quality.results import RuleResult
from dagster_project.quality.rules import corpus_rules
from dagster_project.quality.validate import validate_corpus
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import EMAIL, NAME

MINIMUM = 60
FAILED = "the query of the rule failed"
OF_17 = "(select {} from corpus.training_pairs where input = 'Question number 17?')"
OF_5 = "(select {} from corpus.training_pairs where input = 'Question number 5?')"
BY_EMAIL = f"select city from customers where email = ''{EMAIL}''"

# What one pair must not have.
DEFECTS_OF_A_PAIR = {
    "question_not_null": "input = null",
    "sql_not_null": "output = null",
    "question_length": "input = 'Hm'",
    "question_split_values": "question_split = 'valid'",
    "template_split_values": "template_split = 'dev', fingerprint = repeat('a', 64)",
    "rows_returned": "row_count = 0",
    "rows_below_cap": "row_count = 10000",
    "parity_equal": "parity = null",
    "execution_count": "execution_count = -1",
    "first_seen_in_past": "first_seen_at = now() + interval '2 days'",
    "known_origin": "origin = 'rumour'",
    "pair_id_form": "pair_id = 'pair 2'",
    "fingerprint_form": "fingerprint = 'template 2'",
    "text_not_empty": "input = '    '",
    "canonical_form": "output = output || ';'",
    "sql_length": "output = output || ' and ' || repeat('1', 1200) || ' > 0', fingerprint = repeat('b', 64)",
    "no_personal_value": f"input = 'Where is {NAME}?'",
    "no_placeholder": "input = 'How many orders from {city}?'",
    "no_control_characters": r"input = E'How many\torders?'",
    "question_is_no_sql": "input = 'select everything from orders'",
    "question_shows_no_sql": "input = 'What does ' || upper(output) || ' say?'",
    "known_tables": "output = 'select 1 from secrets', fingerprint = repeat('c', 64)",
    "one_instruction": "instruction = 'Write a poem.'",
    "catalog_current": "catalog_hash = 'older'",
    "splits_agree": "question_split = 'none'",
}
# What pairs must not have beside each other: pair 2 and pair 17 are of template 2, both in train; pair 5 is held out.
DEFECTS_OF_MANY = {
    "corpus_columns": "alter table corpus.training_pairs add column customer_name text",
    "corpus_size": "delete from corpus.training_pairs where input = 'Question number 2?'",
    "pair_id_unique": f"pair_id = {OF_17.format('pair_id')}",
    "pair_unique": f"input = 'QUESTION NUMBER 17?', output = {OF_17.format('output')}",
    "one_template_per_sql": f"output = {OF_17.format('output')}, fingerprint = repeat('a', 64)",
    "one_shape_per_template": "output = replace(output, 'count', 'max')",
    "no_template_leak": "template_split = 'test', question_split = 'none'",
    "no_question_leak": f"input = 'Question number 5?', output = {OF_5.format('output')}",
    "no_reworded_leak": "input = 'Question, number 5'",
    "no_conflict": "input = 'Question number 17?'",
    "no_dominant_template": "update corpus.training_pairs set fingerprint = repeat('a', 64)"
    " where template_split = 'train'",
    "held_out_parts": "update corpus.training_pairs set question_split = 'train' where question_split = 'dev'",
    "drafted_share": "update corpus.training_pairs set origin = 'drafted' where question_split = 'train'",
    "tables_covered": "update corpus.training_pairs set output = replace(output, 'from shipments', 'from orders')",
}
DEFECTS = {**DEFECTS_OF_A_PAIR, **DEFECTS_OF_MANY}
# Defects that by their nature break another rule, too.
ALSO = {
    # the same question in two splits with one SQL is a second copy, of another template
    "no_question_leak": {"pair_unique", "one_template_per_sql", "one_shape_per_template"},
    # one fingerprint for the SQL of many
    "no_dominant_template": {"one_shape_per_template"},
}
# Other ways to break the same rule.
VARIANTS = [
    ("canonical_form", "output = 'delete from orders where true'"),
    ("canonical_form", "output = output || ' -- all'"),
    ("canonical_form", "output = output || '  and true'"),
    ("no_personal_value", "input = 'Who is a@b.test?'"),
    ("no_personal_value", f"output = '{BY_EMAIL}'"),
    ("question_length", "input = repeat('long ', 101)"),
    ("rows_returned", "row_count = -1"),
    ("no_placeholder", "output = replace(output, '2 > ', '$1 > ')"),
    ("no_control_characters", r"input = E'How\u202e many orders?'"),
    ("known_tables", "output = 'select count(*)'"),
    ("known_tables", "output = 'select 1 from orders left join secrets on true'"),
    ("known_tables", "output = 'select count(*) from shop.secrets'"),
    ("known_tables", "output = 'select count(*) from orders join raw_audit.orders on true'"),
    ("held_out_parts", "update corpus.training_pairs set template_split = 'train' where template_split = 'test'"),
]
# SQL that reads known tables alone, whatever else it has the word FROM for.
KNOWN = [
    "select distinct city from customers",
    "select count(distinct customer_id) from orders",
    "select extract(year from ordered_on), trim(both 'a' from status) from orders where total is distinct from 5",
    "with w1 as (select customer_id from orders group by 1) select count(*) from w1 join customers on true",
    "select t1.customer_id from (select customer_id from orders) as t1 cross join lateral (select 1) as t2",
    "select count(*) from generate_series(1, 3) as t1(value) join shop.orders on true",
    'select count(*) from shop."orders"',
]
# Defects that are planted together, one a pair: a validation by all rules costs half a second.
PAIRS = (2, 3, 4, 7, 8, 9)
TOGETHER = [
    *(tuple(DEFECTS_OF_A_PAIR)[first : first + len(PAIRS)] for first in range(0, len(DEFECTS_OF_A_PAIR), len(PAIRS))),
    *((code,) for code in DEFECTS_OF_MANY),
]


def plant(owner: psycopg.Connection, defect: str, pair: int = 2) -> None:
    """Spoils one pair, or executes the statement."""
    is_statement = defect.startswith(("update", "delete", "alter"))
    statement = f"update corpus.training_pairs set {defect} where input = 'Question number {pair}?'"
    assert owner.execute(defect if is_statement else statement).rowcount != 0


def test_every_rule_is_described_and_has_a_planted_defect() -> None:
    assert list(corpus_rules(MINIMUM)) == list(RULES)
    assert set(RULES) == set(DEFECTS)


def test_a_good_corpus_breaks_no_rule(owner: psycopg.Connection, corpus_warehouse: Warehouse) -> None:
    results = validate_corpus(corpus_warehouse.dsn, MINIMUM)

    assert [result.rule_code for result in results] == list(RULES)
    assert [result for result in results if not result.is_success] == []


@pytest.mark.parametrize(("rule_code", "defect"), [*DEFECTS.items(), *VARIANTS])
def test_a_defect_is_caught_by_its_rule(
    owner: psycopg.Connection, corpus_warehouse: Warehouse, rule_code: str, defect: str
) -> None:
    plant(owner, defect)

    (result,) = validate_corpus(corpus_warehouse.dsn, MINIMUM, codes=[rule_code])

    assert (result.rule_code, result.is_success) == (rule_code, False)
    assert result.observed != FAILED


@pytest.mark.parametrize("rule_codes", TOGETHER, ids=" ".join)
def test_no_other_rule_cries(owner: psycopg.Connection, corpus_warehouse: Warehouse, rule_codes: tuple[str]) -> None:
    for code, pair in zip(rule_codes, PAIRS, strict=False):
        plant(owner, DEFECTS[code], pair)

    broken = {result.rule_code for result in validate_corpus(corpus_warehouse.dsn, MINIMUM) if not result.is_success}

    assert broken == set(rule_codes).union(*(ALSO.get(code, set()) for code in rule_codes))


def test_all_ways_to_read_a_known_table_are_known(owner: psycopg.Connection, corpus_warehouse: Warehouse) -> None:
    for number, sql in enumerate(KNOWN, start=20):
        owner.execute(
            "update corpus.training_pairs set output = %s where input = %s", [sql, f"Question number {number}?"]
        )

    (result,) = validate_corpus(corpus_warehouse.dsn, MINIMUM, codes=["known_tables"])

    assert result.is_success


def test_a_rule_that_cannot_be_asked_is_broken(owner: psycopg.Connection, corpus_warehouse: Warehouse) -> None:
    owner.execute("alter table corpus.training_pairs drop column origin")

    columns, origin = validate_corpus(corpus_warehouse.dsn, MINIMUM, codes=["corpus_columns", "known_origin"])

    assert not columns.is_success
    assert (origin.is_success, origin.observed, origin.unexpected_count) == (False, FAILED, None)


def test_a_code_that_no_rule_has_is_refused() -> None:
    with pytest.raises(ValueError, match="No rule of the corpus is called no_such_rule"):
        validate_corpus("postgresql://nobody@127.0.0.1:1/none", MINIMUM, codes=["no_such_rule"])


def test_what_a_rule_finds_is_counted_and_never_shown(owner: psycopg.Connection, corpus_warehouse: Warehouse) -> None:
    owner.execute(f"update corpus.training_pairs set input = input || ' {NAME}' where template_split = 'test'")

    (result,) = validate_corpus(corpus_warehouse.dsn, MINIMUM, codes=["no_personal_value"])

    description = RULES["no_personal_value"].description
    assert result == RuleResult("no_personal_value", description, False, True, observed=None, unexpected_count=12)


def test_the_size_that_is_asked_for_is_the_setting(owner: psycopg.Connection, corpus_warehouse: Warehouse) -> None:
    (size,) = validate_corpus(corpus_warehouse.dsn, 61, codes=["corpus_size"])

    assert (size.is_success, size.observed) == (False, "60")


def test_no_connection_is_left_open(owner: psycopg.Connection, corpus_warehouse: Warehouse) -> None:
    connections = "select count(*) from pg_stat_activity where datname = current_database()"
    before = owner.execute(connections).fetchone()

    validate_corpus(corpus_warehouse.dsn, MINIMUM, codes=["pair_unique"])

    deadline = time.monotonic() + 10  # a server process ends a moment after its client
    while owner.execute(connections).fetchone() != before:
        assert time.monotonic() < deadline, "connections are left open"
        time.sleep(0.05)
