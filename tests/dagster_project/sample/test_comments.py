"""How a question and its SQL look on the wire."""

from urllib.parse import unquote

import pytest
import sqlglot

from dagster_project.sample.comments import bi_style, bind, psql_style, sqlcommenter_style
from dagster_project.sample.questions import load_questions

SQL = "select count(*) from refunds where reason = 'changed mind and not used' and amount > 10 limit 5"


def test_psql_gets_a_comment_line_and_a_semicolon():
    text = psql_style("How many?", SQL)
    assert text.startswith("-- question: How many?\nselect count(*)\nfrom refunds\nwhere ")
    assert text.endswith("\nlimit 5;")


def test_a_bi_tool_writes_key_words_in_capitals_but_not_inside_literals():
    text = bi_style("How many?", SQL, "Finance")
    assert text.startswith("/* dashboard: Finance; title: How many? */ SELECT COUNT(*) FROM refunds WHERE ")
    assert "'changed mind and not used'" in text


def test_sqlcommenter_encodes_its_values():
    question = "What's 10 % of it? */ x"
    text = sqlcommenter_style(question, "select 1", "report/a")
    assert text.startswith("select 1 /*action='report%2Fa',question='What%27s%2010")
    assert text.count("*/") == 1
    assert unquote(text.split("question='")[1].split("'")[0]) == question


def test_an_application_binds_what_its_user_chose():
    assert bind(SQL) == (
        "select count(*) from refunds where reason = %s and amount > %s limit %s",
        ["changed mind and not used", 10, 5],
    )
    assert bind("select to_char(day, 'YYYY-MM') from calendar where day >= date '2024-02-01'") == (
        "select to_char(day, 'YYYY-MM') from calendar where day >= %s::date",
        ["2024-02-01"],
    )
    assert bind("select 1 from t where n = 'O''Hara' and p like 'a%'")[1] == ["O'Hara", "a%"]


@pytest.mark.parametrize("style", [psql_style, lambda question, sql: bi_style(question, sql, "d")])
def test_every_style_keeps_the_meaning(style):
    for question in load_questions():
        same = sqlglot.parse_one(style("q", question.sql).rstrip(";"), read="postgres").sql("postgres", comments=False)
        assert same == sqlglot.parse_one(question.sql, read="postgres").sql("postgres"), question.id
