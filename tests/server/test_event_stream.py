"""GraphQL over server-sent events, as curl and EventSource would have it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest

from tests.api import Api
from tests.sessions import Watch
from tests.sockets import PATIENCE_SECONDS, Served, connected, served

EVENTS = """
    subscription ($after: String) {
        ledgerEvents(after: $after) { cursor transaction { idempotencyKey } }
    }
"""


@asynccontextmanager
async def asked(
    florin: Served,
    query: str,
    *,
    by: str = "POST",
    **variables: Any,  # noqa: ANN401
) -> AsyncIterator[httpx.Response]:
    """A response that is read as it comes."""
    headers = {"accept": "text/event-stream"}
    async with httpx.AsyncClient(timeout=30, headers=headers) as client:
        if by == "POST":
            content = {"query": query, "variables": variables}
            request = client.build_request("POST", florin.http, json=content)
        else:
            parts = {"query": query, "variables": json.dumps(variables)}
            request = client.build_request("GET", florin.http, params=parts)
        response = await client.send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()


async def events(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """(event, data) as they come."""
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == "text/event-stream"
    event = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data:"):
            data = line.removeprefix("data:").strip()
            yield event, json.loads(data) if data else None


@pytest.mark.parametrize("by", ["POST", "GET"])
async def test_a_query_is_one_event_and_its_end(florin: Served, by: str) -> None:
    async with asked(florin, "{ ledger { code } }", by=by) as response:
        told = [one async for one in events(response)]
    assert [event for event, _ in told] == ["next", "complete"]
    assert told[0][1]["data"] == {"ledger": {"code": "main"}}


@pytest.mark.parametrize("by", ["POST", "GET"])
async def test_events_come_live_and_from_a_cursor_on(florin: Served, funded: Api, by: str) -> None:
    await funded.post("k0", ("cash", "wallet", "1.00"))
    cursor: Any = "0"
    for number in range(3):
        async with asked(florin, EVENTS, by=by, after=cursor) as response:
            kind, content = await anext(events(response))
            event = content["data"]["ledgerEvents"]
            assert (kind, event["transaction"]["idempotencyKey"]) == ("next", f"k{number}")
            cursor = event["cursor"]
            await funded.post(f"k{number + 1}", ("cash", "wallet", "1.00"))


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nope }",
        EVENTS.replace("$after: String", "$after: Int"),
        EVENTS.replace("$after)", '"?")'),
    ],
)
async def test_what_is_refused_is_refused_before_the_stream(florin: Served, query: str) -> None:
    async with asked(florin, query) as response:
        content = json.loads(await response.aread())
    assert response.status_code == 400
    assert content["errors"]
    assert "data" not in content


async def test_head_begins_no_stream(florin: Served, recwarn: pytest.WarningsRecorder) -> None:
    async with httpx.AsyncClient(headers={"accept": "text/event-stream"}) as client:
        parts = {"query": "{ ledger { code } }"}
        assert (await client.head(florin.http, params=parts)).status_code == 200
        parts = {"query": EVENTS}
        assert (await client.head(florin.http, params=parts)).status_code == 400
    assert not [one for one in recwarn if "never awaited" in str(one.message)]


async def test_who_leaves_a_stream_is_no_fault(
    florin: Served, funded: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the next event is being read from the database meanwhile."""
    for number in range(50):
        await funded.post(f"k{number}", ("cash", "wallet", "1.00"))
    query = 'subscription { ledgerEvents(after: "0") { accounts { code entries { totalCount } } } }'
    capacity = florin.application.state.endpoint._capacity
    for _ in range(5):
        async with asked(florin, query) as response:
            assert (await anext(events(response)))[0] == "next"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while capacity.connections:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.01)
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_a_mutation_is_not_taken_from_a_link(florin: Served) -> None:
    query = 'mutation { closeAccount(input: { account: { code: "x" } }) { __typename } }'
    async with asked(florin, query, by="GET") as response:
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_a_subscription_over_plain_http_is_told_where_to_go(florin: Served) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(florin.http, json={"query": EVENTS})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert "text/event-stream" in error["message"]
    assert "graphql-transport-ws" in error["message"]


async def test_a_quiet_stream_is_kept_open_with_comments(database_url: str) -> None:
    async with served(database_url, ping_seconds=0.1) as florin, asked(florin, EVENTS) as response:
        lines = response.aiter_lines()
        async with asyncio.timeout(30):
            while not (await anext(lines)).startswith(":"):
                pass


async def test_so_many_streams_and_no_more(database_url: str) -> None:
    async with served(database_url, connections_max=1, ping_seconds=0.1) as florin:
        async with asked(florin, EVENTS) as first:
            await anext(first.aiter_lines())
            async with asked(florin, EVENTS) as second:
                assert second.status_code == 503
                assert b"FLORIN_CONNECTIONS_MAX" in await second.aread()
        async with asyncio.timeout(30):
            while florin.application.state.endpoint._capacity.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_who_leaves_takes_its_statement_along(florin: Served, database_url: str) -> None:
    with psycopg.connect(database_url) as blocker, Watch(database_url) as watch:
        blocker.execute("LOCK TABLE florin.users IN ACCESS EXCLUSIVE MODE")
        async with asked(florin, "{ users { nodes { id } } }"):
            await asyncio.to_thread(watch.until_waiting)
        await asyncio.to_thread(watch.until, lambda: not watch.waiting())


async def test_a_server_that_stops_ends_its_streams(database_url: str) -> None:
    async with (
        served(database_url, shutdown_timeout_seconds=30) as florin,
        asked(florin, EVENTS) as response,
    ):
        florin.server.should_exit = True
        # Not by the server's last resort, which would cut it off; and there is more to come.
        assert [event async for event, _ in events(response)] == []


async def test_so_many_subscriptions_and_no_more(database_url: str, funded: Api) -> None:
    """On all connections together."""
    async with served(database_url, subscriptions_max=1) as florin, connected(florin) as socket:
        await funded.post("k", ("cash", "wallet", "1.00"))
        await socket.subscribe("1", EVENTS, after="0")
        assert (await socket.hear())["type"] == "next"
        async with connected(florin) as other:
            await other.subscribe("2", EVENTS)
            refused = await other.hear()
            assert (refused["type"], refused["id"]) == ("error", "2")
            assert "FLORIN_SUBSCRIPTIONS_MAX" in refused["payload"][0]["message"]
        headers = {"accept": "text/event-stream"}
        async with httpx.AsyncClient(headers=headers) as client:
            response = await client.post(florin.http, json={"query": EVENTS})
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        await socket.send({"type": "complete", "id": "1"})
        operations = florin.application.state.operations
        async with asyncio.timeout(PATIENCE_SECONDS):
            while operations._subscriptions:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.01)
