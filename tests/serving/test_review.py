"""The queue of reviews, over HTTP and on its page."""

import html
import re
from collections.abc import Iterator

import psycopg
import pytest

from tests.serving.support import SECRET

HOSTILE = """<script>document.title = 'owned'</script>"&'--"""
QUEUE = [
    ("d1", "drafted", "How many orders are there?", "select count(*) from orders"),
    ("d2", "drafted", HOSTILE, "select status from orders where status <> '</textarea><script>'"),
    ("c1", "conflict", "Newest order", "select max(ordered_at) from orders"),
    ("c2", "conflict", "newest order", "select max(order_id) from orders"),
]
_TABLE = (
    "create table corpus.review_queue (candidate_id text, question text, statement text, canonical_sql text,"
    " origin text, why text, first_seen_at timestamptz)"
)
_ROW = "insert into corpus.review_queue values (%s, %s, %s, null, %s, %s, '2026-01-02')"


@pytest.fixture(autouse=True)
def queue(owner: psycopg.Connection) -> Iterator[None]:
    """The queue as dbt builds it, and grants it."""
    owner.execute("truncate raw_serving.reviews")
    owner.execute(_TABLE)
    owner.execute("grant select on corpus.review_queue to auditune_api")
    for candidate_id, why, question, statement in QUEUE:
        owner.execute(_ROW, [candidate_id, question, statement, "drafted" if why == "drafted" else "comment", why])
    yield
    owner.execute("drop table if exists corpus.review_queue")


@pytest.fixture
def decisions(owner: psycopg.Connection):
    """What is stored, oldest first: candidate, reviewer, decision, question, SQL."""

    def read() -> list[tuple]:
        columns = "candidate_id, reviewer, decision, edited_question, edited_sql"
        return owner.execute(f"select {columns} from raw_serving.reviews order by reviewed_at").fetchall()

    return read


def decide(client, candidate_id: str, decision: str, **more: str):
    return client.post(
        "/v1/review", json={"candidate_id": candidate_id, "decision": decision, "reviewer": "ann", **more}
    )


def press(client, button: str, reviewer: str = "ann", headers: dict | None = None, **texts: str):
    """Send the page's form as a browser does."""
    shown = client.get("/review").text
    form = {
        html.unescape(name): html.unescape(text)
        for name, text in re.findall(r'<textarea.*?name="(.*?)".*?>\n(.*?)</textarea>', shown, re.DOTALL)
    }
    form |= {
        "reviewer": reviewer,
        "offset": "0",
        "decide": button,
        **{name.replace("_", " "): text for name, text in texts.items()},
    }
    return client.post("/review", data=form, headers=headers or {}, follow_redirects=False)


# Over HTTP


def test_the_queue_lists_what_waits(client):
    body = client.get("/v1/review?limit=3").json()

    assert (body["total"], body["waiting"]) == (4, 4)
    assert [(c["candidate_id"], c["why"]) for c in body["candidates"]] == [
        ("c1", "conflict"), ("c2", "conflict"), ("d2", "drafted"),
    ]  # fmt: skip
    assert [c["candidate_id"] for c in client.get("/v1/review?offset=3").json()["candidates"]] == ["d1"]


def test_who_decided_and_when_is_kept(client, decisions):
    response = decide(client, "d1", "approve")

    assert response.status_code == 201
    assert decisions() == [("d1", "ann", "approve", None, None)]
    (decided,) = [c for c in client.get("/v1/review").json()["candidates"] if c["decision"]]
    assert (decided["candidate_id"], decided["decision"], decided["reviewer"]) == ("d1", "approve", "ann")
    assert decided["reviewed_at"] == response.json()["reviewed_at"]


def test_a_reviewers_name_is_kept_with_the_decision_and_stands_in_no_log_or_metric(api_log, client, decisions):
    assert decide(client, "d1", "approve", reviewer="Wanda Reviewsky").status_code == 201
    assert press(client, "approve d2", "Wanda Reviewsky").status_code == 303
    assert decide(client, "d1", "perhaps", reviewer="Wanda Reviewsky").status_code == 422
    assert decide(client, "nobody", "approve", reviewer="Wanda Reviewsky").status_code == 404

    assert {reviewer for _, reviewer, *_ in decisions()} == {"Wanda Reviewsky"}
    written = api_log()
    assert '"route": "/v1/review"' in written
    assert "Reviewsky" not in written + client.get("/metrics").text


def test_of_two_decisions_the_queue_shows_the_last(client, decisions):
    decide(client, "d1", "approve")
    decide(client, "d1", "reject")

    assert [row[2] for row in decisions()] == ["approve", "reject"]
    shown = client.get("/v1/review").json()
    assert (shown["waiting"], shown["candidates"][-1]["decision"]) == (3, "reject")


def test_edited_texts_are_stored_pseudonymized(client, decisions):
    sql = f"select count(*) from orders where status = '{SECRET}'"
    assert decide(client, "d1", "edit", edited_question=f"Orders of {SECRET}", edited_sql=sql).status_code == 201

    assert decisions()[0][3:] == ("Orders of <person>", "select count(*) from orders where status = '<person>'")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decision": "maybe"}, "decision"),
        ({"reviewer": "  "}, "reviewer"),
        ({"reviewer": "ann\nben"}, "one line"),
        ({"decision": "edit"}, "give edited_question or edited_sql"),
        ({"decision": "approve", "edited_question": "Other"}, "belong to the decision edit"),
        ({"decision": "edit", "edited_sql": "drop table orders"}, "one SELECT"),
        ({"decision": "edit", "edited_question": "a\u0007b"}, "control characters"),
    ],
)
def test_what_is_no_decision_is_422(client, decisions, changes, words):
    response = client.post(
        "/v1/review", json={"candidate_id": "d1", "decision": "approve", "reviewer": "ann", **changes}
    )

    assert response.status_code == 422
    assert words in response.json()["error"]["message"]
    assert decisions() == []


def test_without_a_reviewer_nothing_is_decided(client, decisions):
    assert client.post("/v1/review", json={"candidate_id": "d1", "decision": "approve"}).status_code == 422
    assert decisions() == []


def test_a_candidate_that_is_not_in_the_queue_is_404(client, decisions):
    response = decide(client, "zz", "approve")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "candidate_not_found")
    assert decisions() == []


def test_a_queue_that_dbt_has_not_built_is_said(client, owner):
    owner.execute("drop table corpus.review_queue")

    for response in (client.get("/v1/review"), decide(client, "d1", "approve")):
        assert (response.status_code, response.json()["error"]["code"]) == (503, "queue_not_built")
    page = client.get("/review")
    assert page.status_code == 503
    assert "There is no queue of reviews yet" in page.text


# The page


def test_the_page_shows_texts_as_texts(client):
    response = client.get("/review")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert re.findall("<script(?! src=)", response.text) == []
    assert html.escape(HOSTILE, quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_a_button_stores_the_decision_and_leads_back_to_the_queue(client, decisions):
    response = press(client, "approve d1")

    assert (response.status_code, response.headers["location"]) == (303, "/review?offset=0&said=approve#queue")
    assert decisions() == [("d1", "ann", "approve", None, None)]
    assert 'value="ann"' in client.get("/review").text  # the name need not be typed again


def test_a_text_that_was_changed_is_what_is_approved(client, decisions):
    press(client, "approve d1", question_d1="Number of\r\norders ", question_c1="Changed, and not decided")
    press(client, "edit c1", sql_c1="select max(ordered_at)\r\nfrom orders where total > 0")

    assert decisions() == [
        ("d1", "ann", "edit", "Number of orders", None),
        ("c1", "ann", "edit", None, "select max(ordered_at)\nfrom orders where total > 0"),
    ]


def test_a_rejection_ignores_what_was_typed(client, decisions):
    press(client, "reject d2", question_d2="Never mind")

    assert decisions() == [("d2", "ann", "reject", None, None)]


@pytest.mark.parametrize(
    ("button", "reviewer", "status", "words"),
    [
        ("approve d1", "", 422, "reviewer"),
        ("edit d1", "ann", 422, "give edited_question or edited_sql"),
        ("approve zz", "ann", 404, "No candidate in the queue"),
        ("", "ann", 404, "No candidate in the queue"),
    ],
)
def test_what_is_wrong_is_said_on_the_page(client, decisions, button, reviewer, status, words):
    response = press(client, button, reviewer)

    assert response.status_code == status
    assert words in re.search(r'role="alert">(.*?)</p>', response.text)[1]
    assert decisions() == []


def test_a_refused_decision_keeps_what_was_typed(client):
    assert "How many parcels?</textarea>" in press(client, "approve d1", "", question_d1="How many parcels?").text


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_of_another_site_decides_nothing(client, decisions, headers):
    response = press(client, "approve d1", headers=headers)

    assert (response.status_code, response.json()["error"]["code"]) == (403, "foreign_form")
    assert decisions() == []


def test_a_form_that_is_none_decides_nothing(client, decisions):
    for body in (b"\xff\xfe", b"&".join(b"a%d=1" % n for n in range(500)), b""):
        response = client.post("/review", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
        assert response.status_code == 404
    assert decisions() == []
