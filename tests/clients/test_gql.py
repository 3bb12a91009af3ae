"""gql, Python's client: reads and writes by HTTP, and follows events over a restarted server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final

import pytest
from gql import Client, gql
from gql.transport.exceptions import TransportError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from graphql import GraphQLError

from tests import servers
from tests.clients import payments

# Enough for postings before, while and after the server is away.
POSTINGS: Final = 120
PATIENCE_SECONDS: Final = 60

FOLLOW: Final = """
    subscription ($after: String) {
        ledgerEvents(after: $after) { cursor kind transaction { idempotencyKey } }
    }
"""
HISTORY: Final = """
    query ($code: String!) {
        account(by: { code: $code }) { entries(first: 1) { nodes { version amount } } }
    }
"""


class Follower:
    """Follows a ledger's events, and connects again from the last cursor whenever it is cut off."""

    def __init__(self, url: str) -> None:
        self.told: list[str] = []
        self.connections = 0
        self._url = url
        self._cursor = "0"
        self._news = asyncio.Condition()

    async def follow(self, count: int) -> None:
        """Until so many events were told."""
        while len(self.told) < count:
            try:
                async with Client(transport=WebsocketsTransport(self._url)) as session:
                    self.connections += 1
                    asked = gql(FOLLOW)
                    asked.variable_values = {"after": self._cursor}
                    async for result in session.subscribe(asked):
                        await self._note(result["ledgerEvents"])
                        if len(self.told) == count:
                            return
            except (TransportError, OSError):
                await asyncio.sleep(0.05)

    async def has_been_told(self, count: int) -> None:
        """Wait for so many events."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.told) >= count)

    async def _note(self, event: dict[str, Any]) -> None:
        self.told.append(f"{event['kind']} {event['transaction']['idempotencyKey']}")
        self._cursor = event["cursor"]
        async with self._news:
            self._news.notify_all()


async def test_gql_loses_and_doubles_nothing_over_a_restart(database_url: str) -> None:
    port = servers.free_port()
    keys = [f"p{number}" for number in range(POSTINGS)]
    follower = Follower(f"ws://127.0.0.1:{port}/graphql")
    with (
        servers.running(database_url) as elsewhere,
        ThreadPoolExecutor(1) as poster,
        ExitStack() as first,
    ):
        first.enter_context(servers.running(database_url, port=port))
        payments.open_accounts(elsewhere)
        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
            group.create_task(follower.follow(POSTINGS))
            posted = poster.submit(payments.post, elsewhere, keys)
            await follower.has_been_told(20)
            await asyncio.to_thread(first.close)
            second = servers.running(database_url, port=port)
            await asyncio.to_thread(first.enter_context, second)
        posted.result()
    assert follower.told == [f"POSTED {key}" for key in keys]
    assert follower.connections > 1


async def test_gql_checks_a_query_against_the_server_s_own_schema(address: str) -> None:
    payments.open_accounts(address)
    payments.post(address, ["one", "two"])
    transport = HTTPXAsyncTransport(f"{address}/graphql")
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        asked = gql(HISTORY)
        asked.variable_values = {"code": "wallet"}
        found = await session.execute(asked)
        with pytest.raises(GraphQLError, match="Cannot query field 'nope'"):
            await session.execute(gql("{ nope }"))
    assert found["account"]["entries"]["nodes"] == [{"version": "2", "amount": "0.01"}]
