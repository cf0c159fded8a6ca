"""Which addresses are let in, and that no header makes another one of them."""

import httpx
import pytest
from fastapi.testclient import TestClient

from serving.access.networks import client_address, contains, parse_network
from serving.app import create_app
from tests.serving.support import served

PROXIES = [parse_network("10.9.0.0/16"), parse_network("fd00:9::/32")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["127.0.0.1"], "198.51.100.7"),  # no proxy: its header says nothing
        ("10.9.0.1", [], "10.9.0.1"),  # the proxy itself
        ("10.9.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.9.0.1", ["127.0.0.1, 198.51.100.7"], "198.51.100.7"),  # the client wrote what stands left of its address
        ("10.9.0.1", ["127.0.0.1", "198.51.100.7"], "198.51.100.7"),  # in two headers
        ("10.9.0.1", ["127.0.0.1, 198.51.100.7, 10.9.0.2"], "198.51.100.7"),  # two proxies
        ("10.9.0.1", ["198.51.100.7, 10.9.0.3,10.9.0.2 ,"], "198.51.100.7"),
        ("10.9.0.1", ["10.9.0.3"], "10.9.0.3"),  # nobody but proxies
        ("10.9.0.1", ["127.0.0.1, unknown"], None),  # the proxy did not know
        ("10.9.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.9.0.1", ['"[2001:db8::7]:4711"'], "2001:db8::7"),
        ("::ffff:10.9.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("fd00:9::1", ["2001:db8::7"], "2001:db8::7"),
        ("testclient", [], None),
        (None, ["127.0.0.1"], None),
        ("127.0.0.1.example", [], None),
        ("0177.0.0.1", [], None),  # no octal: it could be read as the loopback
    ],
)
def test_the_first_hop_from_the_right_that_is_no_proxy_is_the_client(peer, forwarded_for, expected):
    found = client_address(peer, forwarded_for, PROXIES)
    assert (found and str(found)) == expected


@pytest.mark.parametrize(
    ("network", "address", "is_inside"),
    [
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "11.1.2.3", False),
        ("fc00::/7", "fd12::1", True),
        ("::/0", "10.1.2.3", False),  # every IPv6 network is no IPv4 network
    ],
)
def test_ipv4_is_ipv4_however_it_is_written(network, address, is_inside):
    assert contains([parse_network(network)], client_address(address, [], [])) is is_inside


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "everyone", "*"])
def test_a_network_that_is_none_is_told_in_a_sentence(text):
    with pytest.raises(ValueError, match="is not a network: write CIDRs such as"):
        parse_network(text)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 200),
        ("::1", 200),
        ("192.168.7.7", 200),
        ("::ffff:172.16.0.9", 200),
        ("fd00::5", 200),
        ("198.51.100.7", 403),
        ("172.32.0.1", 403),
        ("2001:db8::1", 403),
        ("::ffff:198.51.100.7", 403),
        ("testclient", 403),
    ],
)
def test_loopback_and_private_ranges_are_allowed_by_default(settings, champion, address, status):
    with TestClient(create_app(settings, champion), client=(address, 4711)) as client:
        for path in ("/health", "/v1/models"):
            response = client.get(path, headers={"X-Forwarded-For": "127.0.0.1"})
            assert response.status_code == status
    if status == 403:
        assert response.json()["error"]["code"] == "network_not_allowed"
        assert response.headers["X-Request-ID"]


def test_a_process_on_this_machine_cannot_write_itself_another_address(settings, champion):
    """Uvicorn by itself would take X-Forwarded-For from the loopback."""
    elsewhere = settings.model_copy(update={"allowed_networks": (parse_network("10.0.0.0/8"),)})
    with served(elsewhere, champion) as url:
        assert httpx.get(f"{url}/health", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 403
    behind = elsewhere.model_copy(update={"trusted_proxies": (parse_network("127.0.0.0/8"),), "require_keys": False})
    with served(behind, champion) as url:
        assert httpx.get(f"{url}/health", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 200
        assert httpx.get(f"{url}/health", headers={"X-Forwarded-For": "10.0.0.1, 11.0.0.1"}).status_code == 403
        assert httpx.get(f"{url}/health").status_code == 403
