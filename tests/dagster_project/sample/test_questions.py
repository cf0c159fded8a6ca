"""The hand-written questions: well-formed, varied, and each answered by the sample business."""

import csv
import re
import statistics
from collections import Counter

import psycopg
import pytest
import sqlglot
from sqlglot import exp

from dagster_project.sample.annotations import SEED_FILE, annotation_rows
from dagster_project.sample.business import create_business
from dagster_project.sample.people import fill, read_people
from dagster_project.sample.questions import PLACEHOLDER, QuestionFileError, load_questions

QUESTIONS = load_questions()
THEMES = sorted({question.theme for question in QUESTIONS})


def parse(sql: str) -> exp.Expression:
    return sqlglot.parse_one(PLACEHOLDER.sub("x", sql), read="postgres")


def template(sql: str) -> str:
    blank = exp.Literal.string("?")
    return parse(sql).transform(lambda node: blank.copy() if isinstance(node, exp.Literal) else node).sql("postgres")


@pytest.fixture(scope="module")
def shop(admin_dsn: str):
    create_business(admin_dsn)
    with psycopg.connect(admin_dsn, autocommit=True, options="-c search_path=shop") as conn:
        yield conn


def test_there_are_enough_questions_templates_and_people():
    templates = Counter(template(question.sql) for question in QUESTIONS)
    about_people = sum(question.who is not None for question in QUESTIONS)
    assert len(QUESTIONS) >= 500
    assert len(templates) >= 160
    assert 0.08 <= about_people / len(QUESTIONS) <= 0.15
    # A held-out question has siblings to learn from.
    assert sum(count for count in templates.values() if count > 1) >= 0.8 * len(QUESTIONS)


def test_the_sql_covers_what_analysts_write():
    trees = [parse(question.sql) for question in QUESTIONS]
    kinds = (exp.Join, exp.Group, exp.Having, exp.Window, exp.CTE, exp.Intersect, exp.Except, exp.Limit, exp.Not)
    missing = [kind.__name__ for kind in kinds if not any(tree.find(kind) for tree in trees)]
    assert missing == []
    assert any(len(list(tree.find_all(exp.Join))) == 3 for tree in trees)
    assert any(isinstance(node.parent, exp.In) for tree in trees for node in tree.find_all(exp.Select)) or any(
        tree.find(exp.Subquery) for tree in trees
    )


def test_the_sql_is_short_and_its_results_are_deterministic():
    tokens = [len(re.findall(r"\w+|[^\w\s]", question.sql)) for question in QUESTIONS]
    assert statistics.median(tokens) < 45
    assert max(tokens) < 120
    for question in QUESTIONS:
        tree = parse(question.sql)
        assert not re.search(r"\b(now|current_date|random)\b", question.sql), question.id
        assert not tree.find(exp.Star) or tree.find(exp.Count), question.id
        for limit in tree.find_all(exp.Limit):
            order = limit.parent.args.get("order")
            assert order is not None, f"{question.id}: limit without order"
            assert len(order.expressions) > 1, f"{question.id}: no tie-breaker"


@pytest.mark.parametrize("theme", THEMES)
def test_every_question_has_an_answer(shop: psycopg.Connection, theme: str):
    people = read_people(shop)
    unanswered = []
    for question in (question for question in QUESTIONS if question.theme == theme):
        asked = fill(question, people, seed=7)
        rows = shop.execute(asked.sql).fetchall()
        if not rows or all(value is None for value in rows[0]) or len(rows) > 1000:
            unanswered.append(question.id)
    assert unanswered == []


def test_people_are_drawn_by_seed_and_question(shop: psycopg.Connection):
    people = read_people(shop)
    about_people = [question for question in QUESTIONS if question.who]
    first = [fill(question, people, 1).question for question in about_people]
    assert first == [fill(question, people, 1).question for question in about_people]
    assert first != [fill(question, people, 2).question for question in about_people]
    assert not any("{" in text for text in first)


def test_nobody_to_ask_about_leaves_the_question_out():
    question = next(question for question in QUESTIONS if question.who)
    assert fill(question, {question.who: []}, 1) is None


def test_a_name_with_a_quote_stays_one_literal():
    question = next(q for q in QUESTIONS if "{customer.full_name}" in q.sql)
    person = {"customer.full_name": "Mia O'Hara", "customer.email": "m@example.org", "customer.phone": "+49 1"}
    asked = fill(question, {question.who: [person]}, 1)
    assert "'Mia O''Hara'" in asked.sql
    assert "Mia O'Hara" in asked.question


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('{sql: select 1, ask: ["Who is {customer.email}?"]}', "placeholder"),
        ('{sql: "select \'{customer.salary}\'", ask: ["Salary of {customer.salary}"]}', "unknown placeholder"),
        ("{sql: select 1;, ask: [One]}", "semicolon"),
        ('{sql: select 1, ask: ["One */ drop"]}', "comment"),
        ("{sql: select 1, ask: []}", "at least 1"),
        ("{sql: select 1, ask: [One], color: red}", "color"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path, entry: str, complaint: str):
    (tmp_path / "bad.yaml").write_text(f"via: [psql]\nentries:\n  - {entry}\n", encoding="utf-8")
    with pytest.raises(QuestionFileError, match=complaint):
        load_questions(tmp_path)


def test_a_repeated_question_is_refused(tmp_path):
    text = "via: [psql]\nentries:\n  - {sql: select 1, ask: [One and two, one and Two]}\n"
    (tmp_path / "twice.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(QuestionFileError, match="twice-001-2 repeats twice-001-1"):
        load_questions(tmp_path)


def test_the_dbt_seed_holds_the_questions_of_uncommented_statements():
    rows = annotation_rows()
    statements = Counter(question.sql for question in QUESTIONS)
    assert len(rows) >= 20
    assert all(statements[sql] == 1 for sql, _ in rows), "an annotated statement must not be asked another way too"
    assert not any(question.who for question in QUESTIONS if question.via == "annotation")
    with SEED_FILE.open(encoding="utf-8", newline="") as file:
        assert [tuple(row) for row in csv.reader(file)] == [("statement", "question"), *rows]
