"""No page of another site sends anything to the API, or reads from it under a name that was turned to its address."""

import pytest

from serving.own_pages_only import is_own_host

FROM_ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},  # another port of this machine, or a neighbouring subdomain
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
]
OWN = [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://testserver"}]


def test_what_another_site_makes_a_browser_send_is_refused(client):
    for path in ("/", "/feedback", "/review", "/login", "/v1/sql", "/v1/feedback", "/v1/review"):
        for headers in FROM_ELSEWHERE:
            refused = client.post(path, content=b"", headers=headers)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "foreign_form"), (path, headers)


def test_own_pages_and_programs_are_served(client):
    for headers in OWN:
        assert client.post("/v1/validate", json={"sql": "select 1"}, headers=headers).status_code == 200, headers


def test_links_from_other_sites_lead_to_the_page(client):
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_name_that_was_turned_to_our_address_reads_nothing(client):
    refused = client.get("/v1/review", headers={"Host": "rebound.example:8000"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (421, "unknown_host")
    assert "rebound" not in refused.text


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1:8000", True),
        ("192.168.1.7", True),
        ("[::1]:8000", True),
        ("localhost:8000", True),
        ("LOCALHOST.", True),
        ("auditune.corp.example", True),
        ("", True),
        ("elsewhere.example", False),
        ("127.0.0.1.elsewhere.example", False),
        ("localhost.elsewhere.example:8000", False),
        ("user@127.0.0.1@elsewhere.example", False),
        ("[::1", False),
    ],
)
def test_addresses_and_known_names_are_hosts(host, is_own):
    assert is_own_host(host, frozenset({"auditune.corp.example"})) is is_own
    assert is_own_host(host, frozenset({"*"}))
