"""Limits of each credential: 429 and Retry-After over HTTP, an error over the other transports."""

import asyncio
import json
from typing import Any

import httpx
import psycopg

from tests.api import POST_TRANSACTION, POST_TRANSACTIONS, Api, serving, transaction
from tests.credentials import SECRET, new_key
from tests.sockets import PATIENCE_SECONDS, connected, served

QUERY = '{ account(by: { code: "nobody" }) { id } }'
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"
EVENTS = "subscription { ledgerEvents { cursor } }"


async def test_cost_beyond_what_a_credential_may_have_is_refused_with_429(
    database_url: str,
) -> None:
    async with serving(database_url, credential_cost_per_second=1) as api:
        assert (await api.send(QUERY)).status_code == 200
        assert (await api.send(QUERY)).status_code == 200
        refused = await api.send(QUERY)
        assert refused.status_code == 429
        seconds = int(refused.headers["retry-after"])
        (error,) = refused.json()["errors"]
        assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfterSeconds": seconds}
        # Each query costs 10, of which ten seconds bring as many.
        assert 9 <= seconds <= 11
        assert "FLORIN_CREDENTIAL_COST_PER_SECOND" in error["message"]
        assert f"in {seconds} s" in error["message"]
        assert "data" not in refused.json()


async def test_each_item_of_a_batch_is_a_mutation(database_url: str, funded: Api) -> None:
    assert funded is not None
    async with serving(database_url, credential_mutations_per_second=1) as api:
        batch = [transaction(f"k{n}", ("cash", "wallet", "1.00")) for n in range(20)]
        done = await api(POST_TRANSACTIONS, input={"transactions": batch})
        assert done["postTransactions"]["committed"]
        one = {"input": transaction("k", ("cash", "wallet", "1.00"))}
        refused = await api.send(POST_TRANSACTION, one)
        assert refused.status_code == 429
        assert "FLORIN_CREDENTIAL_MUTATIONS_PER_SECOND" in refused.text
        # Nothing of it was done, and what only reads is none.
        assert (await api(QUERY))["account"] is None
        assert await api.balance("wallet") == "20.00"


async def test_credentials_have_limits_of_their_own(database_url: str) -> None:
    keys = [await asyncio.to_thread(new_key, database_url, "main") for _ in range(2)]
    async with serving(database_url, credential_cost_per_second=1, api_key_secret=SECRET) as api:

        async def status(number: int) -> int:
            sent = await api.client.post(
                "/graphql", json={"query": QUERY}, headers=keys[number].headers
            )
            return sent.status_code

        assert [await status(0) for _ in range(3)] == [200, 200, 429]
        assert [await status(1) for _ in range(3)] == [200, 200, 429]


async def test_so_many_at_once_and_no_more(database_url: str, funded: Api) -> None:
    """The second is refused while the first waits for a row that somebody else holds."""
    async with serving(database_url, credential_running_max=1) as api:
        assert funded is not None
        async with (
            await psycopg.AsyncConnection.connect(database_url) as conn,
            asyncio.timeout(PATIENCE_SECONDS),
        ):
            locked = await conn.execute("SELECT 1 FROM florin.accounts FOR UPDATE")
            assert locked.rowcount == 2
            held = {"input": transaction("k", ("cash", "wallet", "1.00"))}
            first = asyncio.create_task(api.send(POST_TRANSACTION, held))
            while not await (await conn.execute(WAITING)).fetchone():  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.01)
            refused = await api.send(QUERY)
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert "FLORIN_CREDENTIAL_RUNNING_MAX" in refused.text
        assert (await first).status_code == 200
        assert (await api.send(QUERY)).status_code == 200


async def test_over_a_websocket_the_operation_hears_an_error(database_url: str) -> None:
    async with (
        served(database_url, credential_cost_per_second=1) as florin,
        connected(florin) as socket,
    ):
        heard = [await asked(socket, f"{number}", QUERY) for number in range(3)]
        assert [one["type"] for one in heard] == ["next", "next", "error"]
        assert heard[2]["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        refused = await asked(socket, "s", EVENTS)
        assert (refused["type"], refused["id"]) == ("error", "s")


async def test_beginning_a_subscription_counts_and_its_events_do_not(
    database_url: str, funded: Api
) -> None:
    async with (
        served(database_url, credential_cost_per_second=1) as florin,
        connected(florin) as socket,
    ):
        events = 'subscription { ledgerEvents(after: "0") { cursor transaction { id } } }'
        await socket.subscribe("1", events)
        for number in range(20):
            await funded.post(f"k{number}", ("cash", "wallet", "1.00"))
        for _ in range(20):
            assert (await socket.hear())["type"] == "next"
        for _ in range(10):
            refused = await asked(socket, "2", EVENTS)
            if refused["type"] == "error":
                break
            await socket.send({"type": "complete", "id": "2"})
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_an_event_stream_is_refused_before_it_begins(database_url: str) -> None:
    headers = {"accept": "text/event-stream"}
    async with (
        served(database_url, credential_cost_per_second=1) as florin,
        httpx.AsyncClient(headers=headers) as client,
    ):
        for _ in range(2):
            answered = await client.post(florin.http, json={"query": QUERY})
            assert '"data"' in answered.text
        refused = await client.post(florin.http, json={"query": EVENTS})
        assert refused.status_code == 429
        assert json.loads(refused.text)["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def asked(socket: Any, id_: str, query: str) -> Any:  # noqa: ANN401
    """The first word on an operation."""
    await socket.subscribe(id_, query)
    heard = await socket.hear()
    while heard["type"] == "complete":
        heard = await socket.hear()
    return heard
