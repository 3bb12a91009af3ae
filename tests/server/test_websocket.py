"""GraphQL over WebSocket: the protocol, rule by rule, over real sockets."""

import asyncio
from typing import Any

import psycopg
import pytest
import websockets

from tests.api import POST_TRANSACTION, Api, transaction
from tests.sessions import Watch
from tests.sockets import Served, Socket, connected, served

EVENTS = """
    subscription ($after: String) {
        ledgerEvents(after: $after) { cursor kind transaction { idempotencyKey } }
    }
"""
PING: dict[str, object] = {"type": "ping"}


def answered(message: Any) -> Any:  # noqa: ANN401
    """A message's data."""
    assert message["type"] == "next", message
    assert "errors" not in message["payload"]
    return message["payload"]["data"]


async def serves(socket: Socket, id_: str = "after") -> None:
    """It still answers."""
    await socket.subscribe(id_, "{ __typename }")
    assert answered(await socket.hear()) == {"__typename": "Query"}
    assert await socket.hear() == {"type": "complete", "id": id_}


async def test_queries_and_mutations_are_answered_once_and_completed(
    florin: Served, funded: Api
) -> None:
    async with connected(florin) as socket:
        await serves(socket)
        wanted = transaction("k", ("cash", "wallet", "1.00"))
        await socket.subscribe("m", POST_TRANSACTION, input=wanted)
        result = answered(await socket.hear())["postTransaction"]
        assert result["__typename"] == "PostTransactionSuccess"
        assert await socket.hear() == {"type": "complete", "id": "m"}
    assert await funded.balance("wallet") == "1.00"


async def test_events_come_live_until_they_are_completed(florin: Served, funded: Api) -> None:
    async with connected(florin) as socket:
        await socket.subscribe("e", EVENTS, after="0")
        for number in range(3):
            await funded.post(f"k{number}", ("cash", "wallet", "1.00"))
            event = answered(await socket.hear())["ledgerEvents"]
            assert event["transaction"] == {"idempotencyKey": f"k{number}"}
        await socket.send({"type": "complete", "id": "e"})
        await serves(socket)
        await funded.post("k3", ("cash", "wallet", "1.00"))
        await serves(socket, "e")
        await socket.subscribe("e", EVENTS, after=event["cursor"])
        last = answered(await socket.hear())["ledgerEvents"]
        assert last["transaction"] == {"idempotencyKey": "k3"}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "{",
        "{ nope }",
        "query A { __typename } query B { __typename }",
        "subscription { ledgerEvents(after: 1) { cursor } }",
        'subscription { ledgerEvents(after: "?") { cursor } }',
        'subscription { ledgerEvents(accounts: [{ code: "nobody" }]) { cursor } }',
        "subscription { a: ledgerEvents { cursor } b: ledgerEvents { cursor } }",
        "query ($needed: ID!) { node(id: $needed) { id } }",
    ],
)
async def test_what_is_wrong_with_an_operation_ends_it_alone(florin: Served, query: str) -> None:
    async with connected(florin) as socket:
        await socket.subscribe("wrong", query or " ")
        message = await socket.hear()
        assert (message["type"], message["id"]) == ("error", "wrong")
        assert all(error["message"] for error in message["payload"])
        await serves(socket, "wrong")


@pytest.mark.parametrize(
    "frame",
    [
        "[1]",
        '"x"',
        "null",
        "1",
        "",
        "{",
        "{}",
        '{"type": 1}',
        '{"type": "unknown"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": {}, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}',
        '{"type": "subscribe", "id": "%s", "payload": {"query": "{a}"}}' % ("1" * 129),
        '{"type": "complete"}',
        '{"type": "complete", "id": []}',
        '{"type": "ping", "payload": []}',
        '{"type": "next", "id": "1", "payload": {}}',
        "[" * 50_000,
        '{"type": "ping", "payload": ' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "}",
        '{"type": "ping", "payload": {"a": %s}}' % ("9" * 5_000),
        b"\x00",
        b'{"type": "ping"}',
    ],
    ids=lambda frame: repr(frame)[:60],
)
async def test_what_is_no_message_closes_with_4400_and_a_reason(
    florin: Served, frame: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(florin) as socket:
        await socket.send(frame)
        code, reason = await socket.is_closed_with()
    assert code == 4400
    assert reason.endswith(".")
    assert not caplog.records


async def test_text_that_is_no_text_closes_with_1007_and_leaves_no_traceback(
    florin: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(florin) as socket:
        await socket.connection.send(b'{"type": "ping\xff"}', text=True)
        assert (await socket.is_closed_with())[0] == 1007
    assert not caplog.records


async def test_what_is_too_large_closes_with_1009(database_url: str) -> None:
    async with served(database_url, body_bytes_max=100_000) as florin, connected(florin) as socket:
        await socket.send("x" * 100_001)
        assert (await socket.is_closed_with())[0] == 1009


async def test_a_socket_that_says_nothing_is_closed_with_4408(database_url: str) -> None:
    settings = {"connection_init_seconds": 0.2}
    async with served(database_url, **settings) as florin, connected(florin, init=False) as socket:
        assert (await socket.is_closed_with())[0] == 4408


async def test_a_ping_is_no_beginning(database_url: str) -> None:
    settings = {"connection_init_seconds": 0.3}
    async with served(database_url, **settings) as florin, connected(florin, init=False) as socket:
        await socket.send(PING)
        assert await socket.hear() == {"type": "pong"}
        assert (await socket.is_closed_with())[0] == 4408


async def test_who_has_not_begun_may_ask_for_nothing(florin: Served) -> None:
    async with connected(florin, init=False) as socket:
        await socket.subscribe("1", "{ __typename }")
        assert (await socket.is_closed_with())[0] == 4401


async def test_beginning_twice_closes_with_4429(florin: Served) -> None:
    async with connected(florin) as socket:
        await socket.send({"type": "connection_init"})
        assert (await socket.is_closed_with())[0] == 4429


async def test_an_id_in_use_closes_with_4409(florin: Served) -> None:
    async with connected(florin) as socket:
        for _ in range(2):
            await socket.subscribe("1", EVENTS)
        assert (await socket.is_closed_with())[0] == 4409


@pytest.mark.parametrize("subprotocols", [None, ["graphql-ws"], ["other"]])
async def test_another_subprotocol_closes_with_4406(
    florin: Served, subprotocols: list[Any] | None
) -> None:
    async with connected(florin, init=False, subprotocols=subprotocols) as socket:
        code, reason = await socket.is_closed_with()
    assert code == 4406
    assert "graphql-transport-ws" in reason


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_pages_of_other_sites_may_not_connect(florin: Served, origin: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connected(florin, additional_headers={"Origin": origin}):
            pass
    assert refused.value.response.status_code == 403
    assert b"FLORIN_CORS_ORIGINS" in refused.value.response.body


async def test_pages_of_its_own_and_of_named_origins_may_connect(database_url: str) -> None:
    async with served(database_url, cors_origins="https://app.example.com") as florin:
        for origin in (f"http://127.0.0.1:{florin.port}", "https://app.example.com"):
            async with connected(florin, additional_headers={"Origin": origin}) as socket:
                await serves(socket)


async def test_pings_are_answered_and_sent(database_url: str) -> None:
    async with served(database_url, ping_seconds=0.2) as florin, connected(florin) as socket:
        for _ in range(4):
            assert await socket.hear() == {"type": "ping"}
            await socket.send({"type": "pong"})
        await socket.send({"type": "ping", "payload": {"a": 1}})
        assert {"type": "pong"} in [await socket.hear(), await socket.hear()]
        # Unasked ones are allowed.
        await socket.send({"type": "pong"})
        assert (await socket.is_closed_with())[0] == 4504


async def test_what_is_completed_or_left_is_cancelled_down_to_its_statement(
    florin: Served, database_url: str
) -> None:
    with psycopg.connect(database_url) as blocker, Watch(database_url) as watch:
        blocker.execute("LOCK TABLE florin.users IN ACCESS EXCLUSIVE MODE")
        for leave in (False, True):
            async with connected(florin) as socket:
                await socket.subscribe("slow", "{ users { nodes { id } } }")
                await asyncio.to_thread(watch.until_waiting)
                if not leave:
                    await socket.send({"type": "complete", "id": "slow"})
                    await serves(socket, "slow")
            await asyncio.to_thread(_until_nothing_waits, watch)


def _until_nothing_waits(watch: Watch) -> None:
    watch.until(lambda: not watch.waiting())


async def test_so_many_operations_at_once_and_no_more(database_url: str) -> None:
    async with served(database_url, operations_max=2) as florin, connected(florin) as socket:
        for id_ in ("1", "2", "3"):
            await socket.subscribe(id_, EVENTS)
        message = await socket.hear()
        assert (message["type"], message["id"]) == ("error", "3")
        assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await socket.send({"type": "complete", "id": "1"})
        await serves(socket)


async def test_so_many_connections_and_no_more(database_url: str) -> None:
    async with served(database_url, connections_max=1) as florin:
        async with connected(florin) as socket:
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with connected(florin):
                    pass
            assert refused.value.response.status_code == 503
            await serves(socket)
        async with connected(florin) as socket:
            await serves(socket)


async def test_a_server_that_stops_says_so_to_its_sockets(database_url: str) -> None:
    async with served(database_url) as florin, connected(florin) as socket:
        await socket.subscribe("1", EVENTS)
        await serves(socket)
        florin.server.should_exit = True
        assert (await socket.is_closed_with())[0] == 1012
