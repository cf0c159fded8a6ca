"""What recombination makes of a pair: question and SQL still say the same, and it is a query over the catalog."""

import random

import pytest

from training.augment import ValueExchange
from training.data import Pair
from training.phrases import counted, listed, noun_phrase, opposite, put_phrase
from training.recombine import Recombination
from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog, Column, Table

STATES = ("idaho", "ohio", "texas", "utah")
CATALOG = Catalog(
    (
        Table(
            "geo",
            "border",
            None,
            (
                Column("state_name", "text", True, False, sample_values=STATES),
                Column("neighbor", "text", True, False, sample_values=STATES),
            ),
        ),
        Table(
            "geo",
            "state",
            None,
            (
                Column("state_name", "text", True, False, sample_values=STATES),
                Column("state_id", "integer", False, True),
                Column("population", "integer", True, False),
                Column("is_coastal", "boolean", True, False),
                Column("area", "integer", True, False),
                Column("capital", "text", True, False, sample_values=("austin", "boise", "ohio")),
                Column("highest_point", "text", True, False),
                Column("lowest_point", "text", True, False),
            ),
        ),
    )
)
VALUES = {(table.name, column.name): set(column.sample_values) for table in CATALOG.tables for column in table.columns}
NEIGHBORS = ("which states border texas", "select neighbor from border where state_name = 'texas'")


def _pair(question: str, sql: str) -> Pair:
    return Pair(question, question, canonicalize(sql, CATALOG), "train", "train")


def _made(question: str, sql: str, *others: tuple[str, str]) -> dict[str, str]:
    """All that recombination makes of a pair in 200 draws, SQL by question."""
    pair = _pair(question, sql)
    recombination = Recombination(CATALOG, [pair, *(_pair(*other) for other in others)], VALUES)
    made = [recombination.vary(pair, random.Random(seed)) for seed in range(200)]
    assert all(canonicalize(one.sql, CATALOG) == one.sql for one in made)
    return {one.question: one.sql for one in made}


def test_the_other_end_turns_functions_orders_and_columns_around():
    made = _made("largest state", "select state_name from state where area = (select max(area) from state)")
    assert made["smallest state"] == "select state_name from state where area = (select min(area) from state)"
    made = _made("most populous state", "select state_name from state order by population desc nulls last limit 1")
    assert made["least populous state"] == "select state_name from state order by population limit 1"
    ordered = "select state_name from state order by population{} , state_name limit 1"
    made = _made("most populous state", ordered.format(" desc"))
    assert made["least populous state"] == canonicalize(ordered.format(""), CATALOG)  # the second key stays
    made = _made("highest point of utah", "select highest_point from state where state_name = 'utah'")
    assert made == {
        "highest point of utah": "select highest_point from state where state_name = 'utah'",
        "lowest point of utah": "select lowest_point from state where state_name = 'utah'",
    }


def test_another_column_of_the_same_kind_takes_the_place_of_the_one_that_is_named():
    made = _made("population of utah", "select population from state where state_name = 'utah'")
    assert made["area of utah"] == "select area from state where state_name = 'utah'"
    assert set(made) == {"population of utah", "area of utah"}  # a key, a text or a yes is no such number


def test_a_list_and_its_length():
    made = _made(*NEIGHBORS)
    assert made["how many states border texas"] == "select count(neighbor) from border where state_name = 'texas'"
    made = _made(
        "how many states border texas", "select count(distinct neighbor) from border where state_name = 'texas'"
    )
    assert made["which states border texas"] == "select distinct neighbor from border where state_name = 'texas'"


def test_a_question_takes_the_place_of_a_value_of_its_kind():
    capital = ("what is the capital of utah", "select capital from state where state_name = 'utah'")
    made = _made(*capital, NEIGHBORS)
    assert made["what is the capital of the states that border texas"] == (
        "select capital from state where state_name in (select neighbor from border where state_name = 'texas')"
    )
    ordered = (NEIGHBORS[0], f"{NEIGHBORS[1]} order by neighbor")
    assert set(_made(*capital, ordered).values()) >= set(made.values())  # an order inside says nothing
    behind = ("which states border texas, not utah", f"{NEIGHBORS[1]} and neighbor <> 'x' and state_name = 'utah'")
    assert not any("border texas" in question for question in _made(*capital, behind))  # the phrase says half of it
    # a capital is no state, though one has a state's name
    assert not any("the capital of the capital" in question for question in made)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("how big is utah", "select area from state where state_name = 'utah'"),
        ("nicest state", "select state_name from state where area = (select max(area) from state)"),
        ("how many people live in utah", "select population from state where state_name = 'utah'"),
    ],
)
def test_what_fits_no_pattern_stays(question, sql):
    assert set(_made(question, sql)) == {question}


def test_the_same_draw_makes_the_same_pair():
    pairs = [
        _pair(*NEIGHBORS),
        _pair("what is the capital of utah", "select capital from state where state_name = 'utah'"),
    ]
    once = ValueExchange(CATALOG, pairs, 1.0)
    again = ValueExchange(CATALOG, pairs, 1.0)
    for seed in range(20):
        assert once.vary(pairs[1], random.Random(seed)) == again.vary(pairs[1], random.Random(seed))


def test_without_a_share_only_values_are_exchanged():
    pair = _pair("what is the capital of utah", "select capital from state where state_name = 'utah'")
    exchange = ValueExchange(CATALOG, [pair, _pair(*NEIGHBORS)])
    made = {exchange.vary(pair, random.Random(seed)).question for seed in range(100)}
    assert made == {f"what is the capital of {state}" for state in STATES}


@pytest.mark.parametrize(
    ("question", "phrase"),
    [
        ("what is the largest state?", "the largest state"),
        ("give me the cities in texas", "the cities in texas"),
        ("Which states border Texas?", "the states that border Texas"),
        ("what state has the most cities", "the state that has the most cities"),
        ("what states are next to utah", "the states that are next to utah"),
        ("which three teams have the most members", "the three teams that have the most members"),
        ("what are the cities in texas, by name", "the cities in texas"),
        ("Which open tickets are urgent", "the open tickets that are urgent"),
        ("what states does the ohio cross", None),
        ("which payment methods has Ada used", None),
        ("which five products have we sold most", None),
        ("what has Ada bought so far", None),
        ("which ten orders had the highest totals? Give me their ids", None),
        ("which state is the largest", None),
        ("how many states are there", None),
    ],
)
def test_noun_phrases(question, phrase):
    assert noun_phrase(question) == phrase


def test_words_of_counting():
    assert counted("what are the major cities of texas") == "how many major cities are in texas"
    assert counted("what state borders texas") is None
    assert listed("how many rivers are in ohio") == "which rivers are in ohio"
    assert listed("rivers in ohio") is None


def test_every_superlative_is_turned_around_or_none():
    draw = random.Random(1)
    assert opposite("lowest point of the largest state", draw)[0] == "highest point of the smallest state"
    assert opposite("largest of the coldest states", draw) is None
    assert opposite("the west", draw) is None


def test_a_phrase_replaces_the_value_and_its_article():
    assert put_phrase("length of the ohio", "ohio", "the longest river", ()) == "length of the longest river"
    assert put_phrase("length of the ohio river", "ohio", "the longest river", {"river"}) is None
    assert put_phrase("ohio in ohio", "ohio", "the longest river", ()) is None
