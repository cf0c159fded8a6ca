"""POST /v1/validate: SQL is checked, never run."""

import pytest


def validate(client, sql: str) -> dict:
    response = client.post("/v1/validate", json={"sql": sql})
    assert response.status_code == 200, response.text
    return response.json()


def test_sql_that_would_run_is_valid_and_says_what_it_reads(client):
    assert validate(client, "select count(*) from orders where status = 'paid'") == {
        "valid": True,
        "rule": None,
        "message": "",
        "tables": ["orders"],
        "columns": ["orders.status"],
    }


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("select from where", "not_parseable"),
        ("select name from products", "unknown_relation"),
        ("select nme from customers", "unknown_column"),
        ("delete from orders", "not_one_select"),
        ("select status + 1 from orders", "type"),
        ("select count(*) from orders a, orders b, orders c, orders d", "too_expensive"),
    ],
)
def test_sql_that_would_not_run_says_why(client, sql, rule):
    said = validate(client, sql)

    assert (said["valid"], said["rule"]) == (False, rule)
    assert said["message"].endswith(".")


def test_nothing_is_run(client):
    assert validate(client, "select 1 / (total - total) from orders")["valid"]  # divides by zero where it is run


def test_what_is_no_text_is_422(client):
    for body in ({}, {"sql": " "}, {"sql": "a\u0007"}, {"sql": "x" * 30_000}, {"sql": "select 1", "run": True}):
        assert client.post("/v1/validate", json=body).status_code == 422
