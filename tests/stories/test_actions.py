"""Who had what done: every accepted mutation is noted, with the key and the request."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from graphql import OperationType

from server.authorization import SCOPES
from tests.api import OPEN_ACCOUNT, POST_TRANSACTION, Api, serving, transaction
from tests.credentials import SECRET, Key, new_key
from tests.everything import walk
from tests.following import PATIENCE_SECONDS

AUTHORS = "createdBy createdByRequest resolvedBy resolvedByRequest"
WHO = f"query ($of: String!) {{ transaction(by: {{ idempotencyKey: $of }}) {{ {AUTHORS} }} }}"


@pytest.fixture
def key(database_url: str) -> Key:
    """Whoever begins."""
    return new_key(database_url)


@pytest.fixture
def other(database_url: str) -> Key:
    """Somebody else, with a key to the same ledger."""
    return new_key(database_url)


@pytest.fixture
async def closed(key: Key, other: Key, database_url: str) -> AsyncIterator[Api]:
    """A server that asks who somebody is, with two accounts."""
    async with serving(database_url, api_key_secret=SECRET) as api:
        for code, fields in (("cash", {"normalSide": "DEBIT", "floor": None}), ("wallet", {})):
            wanted = {"code": code, "currency": "USD", "normalSide": "CREDIT", **fields}
            assert await sent(api, key, f"open-{code}", OPEN_ACCOUNT, input=wanted)
        assert other
        yield api


async def sent(api: Api, key: Key, request_id: str, query: str, **variables: Any) -> Any:  # noqa: ANN401
    response = await api.client.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers=key.headers | {"x-request-id": request_id},
    )
    body = response.json()
    assert "errors" not in body, body
    return body["data"]


async def who(api: Api, key: Key, transaction_key: str) -> tuple[str | None, ...]:
    found = await sent(api, key, "look", WHO, of=transaction_key)
    return tuple(found["transaction"][name] for name in AUTHORS.split())


async def test_a_transaction_says_who_had_it_recorded(closed: Api, key: Key) -> None:
    wanted = transaction("k", ("cash", "wallet", "1.00"))
    await sent(closed, key, "first", POST_TRANSACTION, input=wanted)
    assert await who(closed, key, "k") == (key.name, "first", None, None)


async def test_a_replay_is_nobody_elses(closed: Api, key: Key, other: Key) -> None:
    wanted = transaction("k", ("cash", "wallet", "1.00"))
    await sent(closed, key, "first", POST_TRANSACTION, input=wanted)
    again = await sent(closed, other, "second", POST_TRANSACTION, input=wanted)
    assert again["postTransaction"]["replayed"]
    assert await who(closed, other, "k") == (key.name, "first", None, None)


@pytest.mark.parametrize("ending", ["capture", "void"])
async def test_a_hold_says_who_ended_it(closed: Api, key: Key, other: Key, ending: str) -> None:
    wanted = transaction("k", ("cash", "wallet", "1.00"), pending=True)
    await sent(closed, key, "first", POST_TRANSACTION, input=wanted)
    end = f"""mutation {{ {ending}Transaction(input: {{
        idempotencyKey: "end", transaction: {{ idempotencyKey: "k" }} }}) {{ __typename }} }}"""
    await sent(closed, other, "second", end)
    assert await who(closed, key, "k") == (key.name, "first", other.name, "second")


async def test_a_batch_that_captures_its_own_hold_says_so(closed: Api, key: Key) -> None:
    items = [
        {"post": transaction("k", ("cash", "wallet", "1.00"), pending=True)},
        {"capture": {"idempotencyKey": "end", "transaction": {"idempotencyKey": "k"}}},
    ]
    submit = """mutation ($items: [TransactionItemInput!]!) {
        submitTransactions(input: { items: $items }) { committed } }"""
    await sent(closed, key, "batch", submit, items=items)
    assert await who(closed, key, "k") == (key.name, "batch", key.name, "batch")


async def test_an_expired_hold_was_ended_by_nobody(closed: Api, key: Key) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    wanted = transaction("k", ("cash", "wallet", "1.00"), pending=True, expiresAt=soon)
    await sent(closed, key, "first", POST_TRANSACTION, input=wanted)
    state = """{ transaction(by: { idempotencyKey: "k" }) { state } }"""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await sent(closed, key, "x", state))["transaction"]["state"] != "EXPIRED":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await who(closed, key, "k"))[2:] == (None, None)


async def test_where_nobody_is_asked_it_was_anonymous(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.post("k", ("cash", "wallet", "1.00"))
    found = (await api(WHO, of="k"))["transaction"]
    assert found["createdBy"] == "anonymous"
    assert found["createdByRequest"]


async def test_every_mutation_that_is_accepted_is_noted(api: Api, database_url: str) -> None:
    """The walk carries each of them out; what was refused or replayed notes nothing."""
    await walk(api)
    with psycopg.connect(database_url) as conn:
        kinds = {kind for (kind,) in conn.execute("SELECT kind FROM florin.actions")}
        nameless = conn.execute(
            """SELECT count(*) FROM florin.actions
            WHERE subject IS NULL AND kind !~ '(post|submit|capture|void|reverse)Transactions?'"""
        ).fetchone()
        unsigned = conn.execute(
            "SELECT count(*) FROM florin.transactions WHERE action_id IS NULL"
        ).fetchone()
        strays = conn.execute(
            """SELECT count(*) FROM florin.transactions AS t LEFT JOIN florin.actions AS a
            USING (ledger_id, action_id) WHERE a.action_id IS NULL"""
        ).fetchone()
    assert kinds == set(SCOPES[OperationType.MUTATION])
    assert nameless == unsigned == strays == (0,)


async def test_what_is_refused_is_not_noted(api: Api, database_url: str) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    for _ in range(3):
        refused = await api.post("k", ("wallet", "cash", "1.00"))
        assert refused["code"] == "INSUFFICIENT_FUNDS"
        await api.open_account("wallet")
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM florin.actions").fetchone() == (2,)
