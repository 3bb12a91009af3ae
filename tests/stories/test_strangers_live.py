"""Whoever follows one ledger hears nothing of another, and cannot begin from another's events."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from server.websocket_messages import Close
from tests import strangers
from tests.api import POST_TRANSACTION, transaction
from tests.credentials import SECRET
from tests.sockets import Served, Socket, connected, served
from tests.strangers import Worlds

FOLLOW: Final = """
    subscription ($after: String, $accounts: [AccountBy!]) {
        ledgerEvents(after: $after, accounts: $accounts) {
            kind accounts { code } transaction { idempotencyKey createdBy }
        }
    }
"""
THEIR_POST: Final = transaction("their-own", ("their-cash", "their-wallet", "1.00"))


@pytest.fixture(scope="module")
def worlds(shared_database_url: str) -> Iterator[Worlds]:
    """With somebody else's ledger, and without."""
    with strangers.two_worlds(shared_database_url) as both:
        yield both


@pytest.fixture
async def both(worlds: Worlds) -> AsyncIterator[list[Served]]:
    """Servers of the two worlds, listening."""
    async with (
        served(worlds.with_theirs, api_key_secret=SECRET) as here,
        served(worlds.without, api_key_secret=SECRET) as elsewhere,
    ):
        yield [here, elsewhere]


@asynccontextmanager
async def begun(florin: Served, worlds: Worlds) -> AsyncIterator[Socket]:
    """A stranger's socket."""
    async with connected(florin, additional_headers=worlds.key.headers) as socket:
        yield socket


def places(worlds: Worlds) -> list[dict[str, Any]]:
    """Where to begin from, and what to follow, of theirs."""
    texts = worlds.theirs.texts
    return [
        *({"after": text} for text in texts.values()),
        *({"accounts": [{"code": text}]} for text in texts.values()),
        *({"accounts": [{"id": text}]} for text in texts.values()),
        {"accounts": [{"code": "wallet"}, {"code": texts["code"]}]},
        {"after": texts["event"], "accounts": [{"code": "wallet"}]},
    ]


async def test_events_of_another_ledger_cannot_be_gone_on_from_nor_followed_over_a_websocket(
    worlds: Worlds, both: list[Served]
) -> None:
    told: list[list[Any]] = []
    for florin in both:
        async with begun(florin, worlds) as socket:
            told.append([])
            for number, asked in enumerate(places(worlds)):
                await socket.subscribe(str(number), FOLLOW, **asked)
                told[-1].append(await socket.hear())
    assert told[0] == told[1]
    assert {one["type"] for one in told[0]} == {"error"}


async def test_the_same_holds_for_event_streams(worlds: Worlds, both: list[Served]) -> None:
    told: list[list[tuple[int, str]]] = []
    headers = {**worlds.key.headers, "accept": "text/event-stream"}
    async with httpx.AsyncClient(headers=headers) as client:
        for florin in both:
            told.append([])
            for asked in places(worlds):
                content = {"query": FOLLOW, "variables": asked}
                response = await client.post(florin.http, json=content)
                told[-1].append((response.status_code, response.text))
    assert told[0] == told[1]
    assert {status for status, _ in told[0]} == {400}


async def test_a_follower_of_one_ledger_hears_of_no_other(
    worlds: Worlds, both: list[Served]
) -> None:
    for number, florin in enumerate(both):
        async with begun(florin, worlds) as socket, httpx.AsyncClient() as client:
            await socket.subscribe("all", FOLLOW, after="0")
            first = [await socket.hear() for _ in range(2)]
            if not number:
                content = {"query": POST_TRANSACTION, "variables": {"input": THEIR_POST}}
                headers = worlds.theirs.key.headers
                posted = await client.post(florin.http, json=content, headers=headers)
                assert "Success" in posted.text
            ours = transaction("ours", ("cash", "wallet", "1.00"))
            content = {"query": POST_TRANSACTION, "variables": {"input": ours}}
            posted = await client.post(florin.http, json=content, headers=worlds.key.headers)
            assert "Success" in posted.text
            heard = [*first, await socket.hear()]
        events = [one["payload"]["data"]["ledgerEvents"] for one in heard]
        keys = [event["transaction"]["idempotencyKey"] for event in events]
        assert keys == ["seed", "held", "ours"]
        assert {event["transaction"]["createdBy"] for event in events} == {worlds.key.name}


async def test_a_socket_to_another_ledger_is_as_one_to_none(
    worlds: Worlds, both: list[Served]
) -> None:
    credential = worlds.key.headers["authorization"]
    told = []
    for florin in both:
        for payload in (
            {"authorization": credential, "florin-ledger": "theirs"},
            {"Authorization": credential, "Florin-Ledger": "theirs"},
        ):
            async with connected(florin, init=False) as socket:
                await socket.send({"type": "connection_init", "payload": payload})
                told.append(await socket.is_closed_with())
        headers = {**worlds.key.headers, "florin-ledger": "theirs"}
        async with connected(florin, init=False, additional_headers=headers) as socket:
            await socket.send({"type": "connection_init"})
            told.append(await socket.is_closed_with())
    assert len(set(told)) == 1
    assert told[0][0] == Close.FORBIDDEN


async def test_a_socket_answers_of_another_ledger_as_of_none(
    worlds: Worlds, both: list[Served]
) -> None:
    document = """query ($text: String!, $id: ID!) {
        node(id: $id) { id }
        user(by: { username: $text }) { id }
        account(by: { code: $text }) { id }
        transaction(by: { idempotencyKey: $text }) { id }
    }"""
    told: list[list[Any]] = []
    for florin in both:
        async with begun(florin, worlds) as socket:
            told.append([])
            for number, text in enumerate(worlds.theirs.texts.values()):
                await socket.subscribe(str(number), document, text=text, id=text)
                told[-1] += [await socket.hear(), await socket.hear()]
    assert told[0] == told[1]
