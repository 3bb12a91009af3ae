"""Open connections: they say who they are when they begin, and end when that counts no more."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
import websockets

from db import api_keys
from server import authentication
from server.websocket_messages import SUBPROTOCOL
from tests.credentials import SECRET, Key, new_key, new_ledger
from tests.sockets import PATIENCE_SECONDS, Served, Socket, connected, served

EVENTS = "subscription { ledgerEvents { cursor } }"


@pytest.fixture
def key(database_url: str) -> Key:
    """One that opens the ledger `main`."""
    return new_key(database_url)


@pytest.fixture
async def closed(
    key: Key, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    """A server that asks who somebody is, and looks again soon."""
    assert key
    monkeypatch.setattr(authentication, "_WATCH_SECONDS", 0.1)
    async with served(database_url, api_key_secret=SECRET) as florin:
        yield florin


async def begun(socket: Socket, payload: dict[str, Any] | None) -> Any:  # noqa: ANN401
    await socket.send({"type": "connection_init", "payload": payload})
    return await socket.hear()


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
async def test_a_socket_says_who_it_is_in_its_first_message(
    closed: Served, key: Key, name: str
) -> None:
    async with connected(closed, init=False) as socket:
        payload = {name: key.headers["authorization"]}
        assert await begun(socket, payload) == {"type": "connection_ack"}
        await socket.subscribe("1", "{ ledger { code } }")
        assert (await socket.hear())["payload"]["data"] == {"ledger": {"code": "main"}}


async def test_a_socket_may_say_it_in_its_handshake(closed: Served, key: Key) -> None:
    async with connected(closed, additional_headers=key.headers) as socket:
        await socket.subscribe("1", "{ ledger { code } }")
        assert (await socket.hear())["payload"]["data"] == {"ledger": {"code": "main"}}


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"authorization": None}, {"authorization": "Bearer florin_x"}, {"authorization": 1}],
)
async def test_a_socket_without_a_good_credential_is_closed_with_4401(
    closed: Served, payload: dict[str, Any] | None
) -> None:
    async with connected(closed, init=False) as socket:
        await socket.send({"type": "connection_init", "payload": payload})
        code, reason = await socket.is_closed_with()
    assert code == 4401
    assert reason


@pytest.mark.parametrize("ledger", ["eu", "nowhere"])
async def test_a_socket_to_a_ledger_that_is_not_open_to_it_is_closed_with_4403(
    closed: Served, key: Key, database_url: str, ledger: str
) -> None:
    new_ledger(database_url, "eu")
    async with connected(closed, init=False) as socket:
        payload = {"authorization": key.headers["authorization"], "Florin-Ledger": ledger}
        await socket.send({"type": "connection_init", "payload": payload})
        code, reason = await socket.is_closed_with()
    assert code == 4403
    assert (
        reason.replace(ledger, "…") == "The credential opens no ledger '…' (header Florin-Ledger)."
    )


async def test_a_socket_that_has_not_begun_asks_for_nothing(closed: Served, key: Key) -> None:
    async with connected(closed, init=False, additional_headers=key.headers) as socket:
        await socket.subscribe("1", "{ ledger { code } }")
        assert (await socket.is_closed_with())[0] == 4401


async def test_an_operation_beyond_the_scopes_is_refused_and_the_socket_stays(
    closed: Served, database_url: str
) -> None:
    reader = new_key(database_url, scopes=["read"])
    async with connected(closed, additional_headers=reader.headers) as socket:
        write = """mutation { createUser(input: { username: "a", email: "a@example.com" }) {
            __typename } }"""
        await socket.subscribe("1", write)
        answer = await socket.hear()
        assert answer["type"] == "error"
        assert answer["payload"][0]["extensions"]["code"] == "FORBIDDEN"
        await socket.subscribe("2", "{ ledger { code } }")
        assert (await socket.hear())["payload"]["data"] == {"ledger": {"code": "main"}}


async def test_a_socket_ends_when_its_key_expires(closed: Served, database_url: str) -> None:
    brief = new_key(database_url, expires_at=datetime.now(UTC) + timedelta(seconds=2))
    async with connected(closed, additional_headers=brief.headers) as socket:
        await socket.subscribe("1", EVENTS)
        code, reason = await socket.is_closed_with()
    assert code == 4401
    assert "expired" in reason


async def test_a_socket_ends_when_its_key_is_revoked(
    closed: Served, key: Key, database_url: str
) -> None:
    async with connected(closed, additional_headers=key.headers) as socket:
        await socket.subscribe("1", EVENTS)
        with psycopg.connect(database_url) as conn:
            assert api_keys.revoke(conn, key.key_id)
        code, reason = await socket.is_closed_with()
    assert code == 4401
    assert "revoked" in reason


async def test_an_event_stream_ends_when_its_key_is_revoked(
    closed: Served, key: Key, database_url: str
) -> None:
    headers = key.headers | {"accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client,
        client.stream("POST", closed.http, json={"query": EVENTS}, headers=headers) as response,
    ):
        assert response.status_code == 200
        with psycopg.connect(database_url) as conn:
            assert api_keys.revoke(conn, key.key_id)
        text = "".join([part async for part in response.aiter_text()])
    assert "UNAUTHENTICATED" in text
    assert text.rstrip().endswith("data:")


async def test_an_event_stream_takes_a_credential(closed: Served) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(
            closed.http, json={"query": EVENTS}, headers={"accept": "text/event-stream"}
        )
    assert response.status_code == 401


async def test_a_handshake_needs_no_credential_to_be_told_what_is_missing(closed: Served) -> None:
    async with websockets.connect(
        closed.ws, subprotocols=[websockets.Subprotocol(SUBPROTOCOL)]
    ) as connection:
        await connection.send('{"type":"connection_init"}')
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(connection.recv(), PATIENCE_SECONDS)
        assert connection.close_code == 4401
