"""A log made longer: every line is one of its own, and the questions differ in what they ask for."""

import json
from pathlib import Path

from dagster_project.benchmarks.log_maker import make_log

PEOPLE = [("Ada Invented", "ada@invented.test"), ("Bo Madeup", "bo@madeup.test")]


def line(number: int, message: str) -> dict:
    moment = f"2026-01-01 00:00:00.{number:03} UTC"
    return {"timestamp": moment, "session_id": "a.1", "line_num": number, "message": message}


SOURCE = [
    line(1, "connection authorized"),
    line(2, "statement: select city from customers where full_name = 'Ada Invented' and age > 30"),
    line(3, "statement: select count(*) from orders -- question: How many?"),
]


def test_a_longer_log_repeats_no_line_and_asks_for_other_people_numbers_and_limits(tmp_path: Path):
    log = tmp_path / "log.json"
    questions = make_log(SOURCE, PEOPLE, 12, 4, log)
    lines = [json.loads(text) for text in log.read_text().splitlines()]
    messages = {found["message"] for found in lines}

    assert len(lines) == 12
    assert len({(found["session_id"], found["line_num"]) for found in lines}) == 12
    assert questions == 4
    assert "statement: select city from customers where full_name = 'Bo Madeup' and age > 31" in messages
    assert "statement: select count(*) from orders limit 1001 -- question: How many?" in messages
