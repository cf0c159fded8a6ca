"""Where keys are required, people sign in on the page; programs get the JSON that they got before."""

import re

import pytest

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def sign_in(client, model):
    """Signs in with a key; returns the response."""
    model.answers["How many orders?"] = "select count(*) from orders"

    def do(key: str, onward: str = "/"):
        return client.post("/login", data={"key": key, "onward": onward}, headers=HTML, follow_redirects=False)

    return do


def test_without_any_key_nobody_has_to_sign_in(client):
    assert "Ask the warehouse" in client.get("/", headers=HTML).text


def test_a_person_is_asked_for_a_key_and_a_program_is_told(client, make_key):
    make_key()
    page = client.get("/review", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert 'name="onward" value="/review"' in page.text
    assert page.headers["www-authenticate"].startswith("Bearer")  # no window of the browser's own
    assert client.get("/review").json()["error"]["code"] == "missing_api_key"
    assert client.get("/static/page.css").status_code == 200


def test_a_key_opens_the_page_until_the_person_signs_out(client, make_key, sign_in, rows):
    response = sign_in(make_key())
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert re.search(r"auditune_key=.*; HttpOnly; Path=/; SameSite=strict", response.headers["set-cookie"])

    assert "Sign out" in client.get("/", headers=HTML).text
    assert '<td class="number">2000</td>' in client.post("/", data={"question": "How many orders?"}).text
    assert rows(1)[0]["key_id"] is not None
    client.post("/logout")
    assert client.get("/", headers=HTML).status_code == 401


def test_behind_tls_the_key_travels_under_tls_alone(client, make_key):
    form = {"key": make_key(), "onward": "/"}
    behind_a_proxy = client.post("/login", data=form, headers={"X-Forwarded-Proto": "https"}, follow_redirects=False)
    assert "; Secure" in behind_a_proxy.headers["set-cookie"]


def test_a_wrong_key_is_said_and_not_kept(client, make_key, sign_in):
    make_key()
    for key in ("", "nonsense", "auditune_x_y"):
        response = sign_in(key)
        assert response.status_code == 401
        assert "That key is not valid" in response.text
        assert "set-cookie" not in response.headers
        assert not key or key not in response.text


def test_a_key_leads_only_to_pages_of_ours(make_key, sign_in):
    key = make_key()
    assert sign_in(key, "/review").headers["location"] == "/review"
    for onward in ("https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"):
        assert sign_in(key, onward).headers["location"] == "/"


def test_a_key_that_may_not_fetch_rows_gets_sql_alone(client, make_key, sign_in):
    sign_in(make_key("ask"))

    page = client.post("/", data={"question": "How many orders?"})
    assert page.status_code == 200
    assert "count(*)" in page.text
    assert "<td" not in page.text


def test_a_key_that_may_not_review_is_told_on_a_page(client, make_key, sign_in):
    sign_in(make_key("ask,run"))

    page = client.get("/review", headers=HTML)
    assert page.status_code == 403
    assert "lacks the scope review" in re.search(r'role="alert">(.*?)</p>', page.text)[1]
