"""Many sockets at once: each is told of its own account, all of it, once, and in order."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from tests.api import Api, transaction
from tests.sockets import Socket, connected, served

SUBSCRIBERS = 40
ROUNDS = 15
EVENTS = """
    subscription ($after: String!, $accounts: [AccountBy!]) {
        ledgerEvents(after: $after, accounts: $accounts) { cursor transaction { idempotencyKey } }
    }
"""
NOW = "{ ledger { eventsThrough } }"


async def test_forty_sockets_are_told_everything_of_their_accounts_once(
    api: Api, database_url: str
) -> None:
    """The server that they are connected to is another one than the one that posts."""
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    for number in range(SUBSCRIBERS):
        await api.open_account(f"w{number}")
    after = (await api(NOW))["ledger"]["eventsThrough"]
    async with served(database_url) as florin, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(connected(florin)) for _ in range(SUBSCRIBERS)]
        for number, socket in enumerate(sockets):
            await socket.subscribe("own", EVENTS, after=after, accounts=[{"code": f"w{number}"}])
        told = asyncio.gather(*(_told(socket, ROUNDS) for socket in sockets))
        for round_ in range(ROUNDS):
            await api.post_batch(_batch(round_))
        for number, keys in enumerate(await told):
            assert keys == [f"{round_}/{number}" for round_ in range(ROUNDS)]


def _batch(round_: int) -> list[dict[str, object]]:
    return [
        transaction(f"{round_}/{number}", ("cash", f"w{number}", "1.00"))
        for number in range(SUBSCRIBERS)
    ]


async def _told(socket: Socket, count: int) -> Sequence[str]:
    """So many keys, and the one that would come twice."""
    keys = [await _key(socket) for _ in range(count)]
    await socket.subscribe("last", NOW)
    assert (await socket.hear())["id"] == "last"
    return keys


async def _key(socket: Socket) -> str:
    content = (await socket.hear())["payload"]
    return str(content["data"]["ledgerEvents"]["transaction"]["idempotencyKey"])
