"""Which of a model's answers may be shown to a reviewer."""

import pytest

from tests.training.sql.sample_catalog import sample_catalog
from training.paraphrase import MOST_PARAPHRASES, judge_paraphrase, paraphrase_messages

SQL = "select full_name from employees where team = 'Finance' order by salary desc, full_name limit 5"
SENTENCE = "Show the full name of the 5 employees with the highest salary where the team is Finance."


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Who are the 5 best paid people in Finance?", "Who are the 5 best paid people in Finance?"),
        ("The five highest salaries in the finance team", "The five highest salaries in the finance team"),
        ('"Top 5 earners in Finance?"', "Top 5 earners in Finance?"),
        ("Question: Top 5 earners in Finance?\n\nThis asks for the best paid.", "Top 5 earners in Finance?"),
        ("  Top 5  earners\tin Finance? ", "Top 5 earners in Finance?"),
    ],
)
def test_a_question_is_kept_without_what_stands_around_it(text, question):
    assert judge_paraphrase(text, SQL, SENTENCE).question == question


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("Top 5 earners?", "values_lost"),
        ("Best paid people in Finance?", "values_lost"),
        ("Top 5 of the 10 earners in Finance?", "values_added"),
        (SENTENCE.upper(), "unchanged"),
        ("SELECT full_name FROM employees", "is_sql"),
        ("Top 5 earners in Finance?\n```sql\nselect 1\n```", "is_sql"),
        ("Top 5 full_name in Finance", "names_columns"),
        ("The answer is 5 people in Finance.", "is_talk"),
        ("   \n ", "no_answer"),
    ],
)
def test_what_is_no_question_for_the_sql_is_refused(text, refusal):
    assert judge_paraphrase(text, SQL, SENTENCE).refusal == refusal


def test_rounding_need_not_be_asked_for():
    sql = "select round(avg(salary), 2) from employees"
    sentence = "What is the average salary (rounded to 2 decimals) for all employees?"

    assert judge_paraphrase("What do employees earn on average?", sql, sentence).refusal is None


def test_a_model_is_told_the_tables_that_the_query_reads_and_no_value_of_them():
    asked = [paraphrase_messages(SQL, SENTENCE, sample_catalog(), style) for style in range(MOST_PARAPHRASES)]
    text = asked[0][1]["content"]

    assert "employees(employee_id, full_name, email, team, manager_id, hired_on, salary)" in text
    assert "customers" not in text
    assert SQL in text
    assert SENTENCE in text
    assert len({messages[1]["content"] for messages in asked}) == MOST_PARAPHRASES
