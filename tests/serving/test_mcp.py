"""The MCP server, asked by the SDK's own client: over streamable HTTP, and over the pipes of a process."""

import sys
import threading
import time
from pathlib import Path

import anyio
import httpx
import httpx2
import psycopg
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from serving.access.keys import hash_token, make_token
from serving.app import create_app
from serving.settings import Settings
from tests.serving.support import free_port

REPOSITORY = Path(__file__).parents[2]
QUESTION = "How many orders?"


@pytest.fixture
def api(settings, champion, model):
    """The API on a port of its own, in a thread; its address."""
    model.answers[QUESTION] = "SELECT COUNT(*) FROM orders"
    port = free_port()
    config = uvicorn.Config(create_app(settings, champion), host="127.0.0.1", port=port, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def over_http(url: str, key: str | None = None):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return streamable_http_client(f"{url}/mcp", http_client=httpx2.AsyncClient(headers=headers, timeout=60))


def over_stdio(url: str, key: str | None = None):
    environment = {"AUDITUNE_API_KEY": key} if key else {}
    return stdio_client(
        StdioServerParameters(
            command=sys.executable, args=["-m", "serving", "mcp", "--url", url], cwd=REPOSITORY, env=environment
        )
    )


def use(transport, *calls):
    """Lists the tools, makes the calls, returns both."""

    async def run():
        async with Client(transport) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            return tools, [await client.call_tool(name, arguments) for name, arguments in calls]

    return anyio.run(run)


@pytest.mark.parametrize("connect", [over_http, over_stdio])
def test_tools_do_what_the_routes_do(api, rows, connect):
    tools, (asked, run, refused, schema, invalid) = use(
        connect(api),
        ("ask", {"question": QUESTION, "execute": "rows"}),
        ("run_sql", {"sql": "SELECT order_id FROM orders ORDER BY 1", "max_rows": 2}),
        ("run_sql", {"sql": "DELETE FROM orders"}),
        ("describe_schema", {}),
        ("ask", {"question": "x" * 2001}),
    )
    assert tools == ["ask", "run_sql", "describe_schema"]
    answer = asked.structured_content
    assert (answer["sql"], answer["rows"]) == ("select count(*) from orders", [[2000]])
    assert (run.structured_content["rows"], run.structured_content["is_truncated"]) == ([[1], [2]], True)
    assert (refused.structured_content["executed"], refused.structured_content["error"]["code"]) == (False, "blocked")
    customers, orders = schema.structured_content["tables"]
    assert (customers["name"], customers["columns"][1]["personal"]) == ("shop.customers", "name")
    assert orders["columns"][1]["references"] == "customers.customer_id"
    assert invalid.is_error
    logged = rows(3)
    assert [row["route"] for row in logged] == ["/mcp/ask", "/mcp/run_sql", "/mcp/run_sql"]
    assert [row["adapter_id"] for row in logged] == ["aaaabbbbcccc", None, None]
    assert str(logged[0]["request_id"]) == answer["request_id"]


def test_pages_that_point_their_name_here_are_refused(api):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert httpx.post(f"{api}/mcp", json=body, headers=accept | header).status_code in (403, 421)
    # The API lets in any plain address; the SDK's own check knows the loopback and the names of the settings alone.
    assert httpx.post(f"{api}/mcp", json=body, headers=accept | {"Host": "192.0.2.1"}).status_code == 421
    assert 'auditune_http_requests_total{route="/mcp",status="421"}' in httpx.get(f"{api}/metrics").text


@pytest.fixture
def key_to_ask(settings: Settings, owner: psycopg.Connection):
    """A key that may ask and not run; with it nobody gets in without one."""
    key_id, token = make_token()
    owner.execute(
        "insert into raw_serving.api_keys (key_id, key_name, token_hash, scopes) values (%s, 'a test', %s, %s)",
        (key_id, hash_token(token), ["ask"]),
    )
    yield token
    owner.execute("truncate raw_serving.api_keys")


def test_keys_and_scopes_hold(key_to_ask, api):
    _, (asked, run) = use(
        over_http(api, key_to_ask), ("ask", {"question": QUESTION}), ("run_sql", {"sql": "SELECT 1 FROM orders"})
    )
    assert asked.structured_content["sql"] == "select count(*) from orders"
    assert run.is_error
    assert "lacks the scope run" in run.content[0].text
    assert httpx.post(f"{api}/mcp", json={}).status_code == 401


def test_a_process_for_an_api_that_is_away_says_so(capsys):
    from serving.__main__ import main

    url = f"http://127.0.0.1:{free_port()}"
    assert main(["mcp", "--url", url]) == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith(f"The API at {url} does not answer")
