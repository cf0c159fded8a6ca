"""The page at /, as plain forms: what it shows, what it keeps, and what it never shows or keeps."""

import html
import re

import pytest

from tests.serving.support import SECRET

HOSTILE = "<script>document.title = 'owned'</script>"
COUNT = "select count(*) from orders"


@pytest.fixture
def ask_on_page(client, model):
    """Sends the page's form with a question that the stub answers with the given SQL."""

    def do(sql: str, question: str = "How many orders?"):
        model.answers[question] = sql
        return client.post("/", data={"question": question})

    return do


def judge(client, page, **form: str):
    """Send one of the forms that stand below an answer."""
    (request_id,) = set(re.findall(r'name="request_id" value="(.*?)"', page.text))
    (sql,) = re.findall(r'name="answered_sql" value="(.*?)"', page.text)
    form = {"request_id": request_id, "answered_sql": html.unescape(sql), "verdict": "wrong", **form}
    return client.post("/feedback", data=form, follow_redirects=False)


def verdicts(owner) -> list[tuple]:
    return owner.execute("select verdict, corrected_sql, comment from raw_serving.feedback").fetchall()


def test_an_answer_shows_the_sql_and_the_rows(ask_on_page, rows):
    page = ask_on_page(COUNT)

    assert page.status_code == 200
    assert '<span class="keyword">select</span> count(*)' in page.text
    assert '<td class="number">2000</td>' in page.text
    assert (rows(1)[0]["route"], rows(1)[0]["is_executed"]) == ("/", True)


def test_what_was_asked_and_what_was_found_is_escaped(ask_on_page):
    page = ask_on_page("select '<img src=x onerror=alert(1)>' from orders limit 1", HOSTILE)

    for markup in (HOSTILE, "<img src=x"):
        assert markup not in page.text
        assert html.escape(markup, quote=False) in page.text.replace("&#39;", "'")


def test_only_own_scripts_and_styles_may_run(client):
    page = client.get("/")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    addresses = re.findall(r'(?:src|href)="(.*?)"', page.text)
    assert [address for address in addresses if not address.startswith(("/", "#"))] == []
    assert re.findall(r"<script(?! src=)|<style| style=| on\w+=", page.text) == []
    for address in addresses:
        if address.startswith("/static/"):
            assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("sql", "words"),
    [("select name from products", "names a table that does not exist"), ("drop table orders", "not allowed")],
)
def test_an_answer_that_cannot_be_run_says_why(ask_on_page, sql, words):
    page = ask_on_page(sql)

    assert page.status_code == 200
    assert words in re.search(r'role="alert">(.*?)</p>', page.text)[1]
    assert "data-sql" not in page.text


def test_a_question_that_is_none_is_said_on_the_page(client):
    for question in ("", "   ", "a\u0007b", "x" * 3000):
        page = client.post("/", data={"question": question})
        assert page.status_code == 422
        assert "question" in re.search(r'role="alert">(.*?)</p>', page.text)[1]


def test_a_model_that_fails_is_said_on_the_page(client):
    page = client.post("/", data={"question": "nothing that the stub knows"})

    assert page.status_code == 503
    assert "The model gave no answer" in page.text


def test_a_verdict_is_stored_and_thanked_for(client, ask_on_page, owner):
    response = judge(client, ask_on_page(COUNT), verdict="right")

    assert (response.status_code, response.headers["location"]) == (303, "/?said=right")
    assert "The answer is stored as right" in client.get("/?said=right").text
    assert verdicts(owner) == [("right", None, None)]


def test_a_correction_is_stored_with_its_comment(client, ask_on_page, owner):
    sql = "select count(*)\r\nfrom orders where status = 'paid'"
    response = judge(client, ask_on_page(COUNT), sql=sql, comment=f"asked by {SECRET}")

    assert response.headers["location"] == "/?said=corrected"
    assert verdicts(owner) == [
        ("wrong", "select count(*)\nfrom orders where status = 'paid'", "asked by <person>"),
    ]  # fmt: skip


def test_an_unchanged_text_is_no_correction(client, ask_on_page, owner):
    judge(client, ask_on_page(COUNT), sql="select count(*)\r\n  from orders", comment="counts returns as well")

    assert verdicts(owner) == [("wrong", None, "counts returns as well")]


def test_a_correction_that_would_not_run_is_not_stored_and_not_lost(client, ask_on_page, owner):
    response = judge(client, ask_on_page(COUNT), sql="select nme from customers", comment="the name")

    assert response.status_code == 422
    assert "Your SQL is not stored yet." in response.text
    assert "select nme from customers</textarea>" in response.text
    assert 'value="the name"' in response.text
    assert verdicts(owner) == []


def test_history_shows_what_is_stored_and_only_to_the_browser_that_asked(client, ask_on_page, rows):
    page = ask_on_page(COUNT, f"What did {SECRET} order?")
    judge(client, page, verdict="right")

    shown = client.get("/")
    assert "What did &lt;person&gt; order?" in shown.text
    assert "marked right" in shown.text
    assert SECRET not in shown.text
    kept = client.cookies["auditune_history"]
    assert kept == rows(1)[0]["request_id"].hex
    client.cookies.clear()
    assert "&lt;person&gt;" not in client.get("/").text
    client.cookies["auditune_history"] = kept[:-1] + "'; drop table"
    assert "&lt;person&gt;" not in client.get("/").text


def test_history_shows_no_sql_that_the_guard_refused(client, ask_on_page, rows):
    ask_on_page(COUNT, "How many orders?")
    ask_on_page("select weight from parcels", "How heavy are the parcels?")
    assert [row["sql"] for row in rows(2)] == [COUNT, "select weight from parcels"]

    shown = client.get("/").text
    assert "How heavy are the parcels?" in shown
    assert COUNT in " ".join(re.sub(r"<.*?>", "", shown).split())
    assert "weight" not in shown


def test_the_list_of_questions_is_bounded_and_can_be_forgotten(client, model):
    model.answers["How many orders?"] = COUNT
    earlier = "".join(f"{n:032x}" for n in range(20))
    asked = client.post("/", data={"question": "How many orders?"}, headers={"Cookie": f"auditune_history={earlier}"})
    assert re.fullmatch(rf"[0-9a-f]{{32}}{earlier[: 19 * 32]}", asked.cookies["auditune_history"])

    client.post("/forget")
    assert "auditune_history" not in client.cookies


def test_what_is_asked_on_the_page_stands_in_no_log_or_metric(api_log, client, ask_on_page, rows):
    page = ask_on_page(f"select order_id from orders where status = '{SECRET}'", f"What did {SECRET} order?")
    judge(client, page, sql=f"select total from orders where status = '{SECRET}'")
    client.get("/")
    rows(1)

    written = api_log()
    assert '"route": "/"' in written
    assert "Lovelace" not in written + client.get("/metrics").text
