"""Answers of a calibrated adapter: sure ones come with a confidence, unsure ones do not come at all."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from tests.serving.support import Generated
from training.confidence import FEATURES, Calibration

SQL = "SELECT COUNT(*) FROM orders"


@pytest.fixture
def ask_calibrated(settings, champion):
    """Asks an adapter whose confidence is one half at a log-probability of -1, and which answers above that."""
    weights = tuple(float(name == "log_probability") for name in FEATURES)
    calibration = Calibration((0.0,) * 4, (1.0,) * 4, weights, bias=1.0, threshold=0.5)
    log_probability = 0.0
    stub = replace(
        champion,
        calibration=calibration,
        generate=lambda questions: [Generated(SQL, log_probability=log_probability) for _ in questions],
    )
    with TestClient(create_app(settings, stub)) as client:

        def ask(value: float | None, route: str = "/v1/sql", **body):
            nonlocal log_probability
            log_probability = value
            return client.post(route, json=body).json()

        yield ask


def test_a_sure_answer_has_its_confidence(ask_calibrated):
    answer = ask_calibrated(-0.1, question="How many orders?", execute="rows")
    assert answer["confidence"] == pytest.approx(0.7109)  # 1 / (1 + e^-0.9)
    assert (answer["rows"], answer["reason"]) == ([[2000]], None)


def test_an_unsure_answer_is_kept_back(ask_calibrated, rows):
    answer = ask_calibrated(-3.0, question="Will it rain?", execute="rows")
    assert (answer["sql"], answer["tables"], answer["executed"], answer["rows"]) == (None, [], False, None)
    assert answer["reason"].startswith("The warehouse seems not to hold")
    assert (answer["error"], answer["confidence"]) == (None, pytest.approx(0.1192))
    chat = {"model": "champion", "messages": [{"role": "user", "content": "Will it rain?"}]}
    (choice,) = ask_calibrated(-3.0, "/v1/chat/completions", **chat)["choices"]
    assert (choice["message"]["content"], choice["message"]["refusal"]) == (None, answer["reason"])
    assert choice["finish_reason"] == "stop"
    for row in rows(2):
        assert (row["outcome"], row["error_class"], row["sql"]) == ("refused", "unanswerable", None)


def test_where_the_engine_tells_no_probability_nothing_is_refused(ask_calibrated):
    answer = ask_calibrated(None, question="Will it rain?")
    assert (answer["sql"], answer["confidence"]) == ("select count(*) from orders", None)
