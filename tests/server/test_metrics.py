"""Metrics: everything is counted once, for those who may see it, by few labels."""

import asyncio
from typing import Final

import httpx
import psycopg

from tests.api import Api, serving, transaction
from tests.credentials import SECRET, new_key
from tests.measured import Samples, grown, samples
from tests.sockets import PATIENCE_SECONDS, connected, served

# Whatever labels there are, and all that each may say, unless it is a name from the code.
LABELS: Final = {
    "kind": {"query", "mutation", "subscription", "none"},
    "outcome": {
        *("data", "refused", "unauthenticated", "forbidden", "fault", "timeout", "unavailable"),
        *("gone", "posted", "held", "captured", "voided", "reversed", "replayed", "expired"),
        *("limited", "overloaded"),
    },
    "by": {"operation", "background"},
    "state": {"open", "idle", "max"},
}
FROM_THE_CODE: Final = {"loader", "code", "le", "reason"}


async def metrics(api: Api) -> Samples:
    response = await api.client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return samples(response.text)


async def test_operations_are_counted_by_kind_and_outcome(api: Api) -> None:
    before = await metrics(api)
    await api("{ ledger { code } }")
    await api("{ __typename }")
    await api.send("{ nothing }")
    await api.open_account("wallet")
    after = await metrics(api)
    name = "florin_operation_seconds_count"
    assert grown(before, after, name, kind="query", outcome="data") == 2
    assert grown(before, after, name, kind="none", outcome="refused") == 1
    assert grown(before, after, name, kind="mutation", outcome="data") == 1
    seconds = grown(before, after, "florin_operation_seconds_sum", kind="query", outcome="data")
    assert 0 < seconds < 10


async def test_postings_are_counted_by_what_became_of_them(api: Api) -> None:
    before = await metrics(api)
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.post("k", ("cash", "wallet", "5.00"))
    await api.post("k", ("cash", "wallet", "5.00"))
    await api.post("h1", ("wallet", "cash", "1.00"), pending=True)
    await api.post("h2", ("wallet", "cash", "1.00"), pending=True)
    await api.capture("c", "h1")
    await api.void("v", "h2")
    await api.reverse("r", "c")
    await api.post_batch(
        [transaction(f"b{n}", ("wallet", "cash", "100.00")) for n in range(3)], atomic=False
    )
    after = await metrics(api)
    became = {
        outcome: grown(before, after, "florin_postings_total", outcome=outcome)
        for outcome in ("posted", "replayed", "held", "captured", "voided", "refused")
    }
    assert became == {
        "posted": 1,
        "replayed": 1,
        "held": 2,
        "captured": 1,
        "voided": 1,
        "refused": 4,
    }
    refusals = "florin_posting_refusals_total"
    assert grown(before, after, refusals, code="INSUFFICIENT_FUNDS") == 3


async def test_loaders_statements_and_the_pool_are_measured(api: Api) -> None:
    await api.create_user("alice")
    for name in ("a", "b", "c"):
        await api.open_account(name, owner={"username": "alice"})
    before = await metrics(api)
    await api("{ accounts { nodes { owner { username } currency { name } } } }")
    after = await metrics(api)
    for loader in ("users.by_ids", "currencies.by_codes"):
        assert grown(before, after, "florin_loader_batch_size_count", loader=loader) == 1
        assert grown(before, after, "florin_loader_batch_size_sum", loader=loader) == 1
    assert grown(before, after, "florin_statements_total", by="operation") == 3
    assert grown(before, after, "florin_pool_loans_total") == 3
    assert after["florin_pool_connections", (("state", "max"),)] == 10
    assert after["florin_pool_connections", (("state", "idle"),)] >= 2


async def test_retries_are_counted(api: Api, database_url: str) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    before = await metrics(api)
    with psycopg.connect(database_url) as other:
        other.execute("SELECT set_config('florin.ledger_id', '1', false)")
        # Both want both accounts, in the other order: one of them is a deadlock's victim.
        other.execute("SET deadlock_timeout = '10s'")
        other.execute("SELECT FROM florin.accounts WHERE code = 'wallet' FOR UPDATE")
        posting = asyncio.create_task(api.post("k", ("cash", "wallet", "1.00")))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(
            other.execute, "SELECT FROM florin.accounts WHERE code = 'cash' FOR UPDATE"
        )
        other.rollback()
        await posting
    assert grown(before, await metrics(api), "florin_transaction_retries_total") >= 1


async def test_what_is_open_and_what_lags_is_measured(database_url: str) -> None:
    async with serving(database_url, measure_interval_seconds=0.05) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        await api.post("k", ("cash", "wallet", "5.00"))
        for key in ("h1", "h2"):
            await api.post(key, ("wallet", "cash", "1.00"), pending=True)
        with psycopg.connect(database_url) as other:
            # With an id of its own, which later events wait for.
            other.execute("SELECT pg_current_xact_id()")
            await api.post("l", ("cash", "wallet", "5.00"))
            found = await _until(api, "florin_events_lag_seconds", 0.2)
            other.rollback()
        assert found["florin_open_holds", ()] == 2
        assert found["florin_sealer_lag_seconds", ()] > 0.2
        await _until(api, "florin_events_lag_seconds", 0.0, is_exact=True)


async def _until(api: Api, name: str, value: float, *, is_exact: bool = False) -> Samples:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = await metrics(api)
            reached = found[name, ()]
            if reached == value if is_exact else reached > value:
                return found
            await asyncio.sleep(0.05)


async def test_connections_and_subscriptions_are_counted_while_they_are_open(
    database_url: str,
) -> None:
    async with served(database_url) as florin, httpx.AsyncClient() as client:
        url = florin.http.replace("graphql", "metrics")
        before = samples((await client.get(url)).text)

        async def until(name: str, value: int) -> Samples:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    now = samples((await client.get(url)).text)
                    if grown(before, now, name) == value:
                        return now

        async with connected(florin) as socket:
            await socket.subscribe("1", "subscription { ledgerEvents { cursor } }")
            during = await until("florin_subscriptions_open", 1)
            assert grown(before, during, "florin_connections_open") == 1
        after = await until("florin_connections_open", 0)
        assert grown(before, after, "florin_subscriptions_open") == 0


async def test_only_the_scope_admin_sees_them(database_url: str) -> None:
    keys = {scope: new_key(database_url, scopes=[scope]) for scope in ("read", "write", "admin")}
    async with serving(database_url, api_key_secret=SECRET) as api:
        statuses = {}
        for scope, key in keys.items():
            response = await api.client.get("/metrics", headers=key.headers)
            statuses[scope] = response.status_code
        assert statuses == {"read": 403, "write": 403, "admin": 200}
        admin = keys["admin"].headers
        before = samples((await api.client.get("/metrics", headers=admin)).text)
        assert (await api.client.get("/metrics")).status_code == 401
        assert (await api.client.post("/metrics", headers=admin)).status_code == 405
        foreign = {**admin, "origin": "https://evil.example"}
        assert (await api.client.get("/metrics", headers=foreign)).status_code == 403
        await api.client.post("/graphql", json={"query": "{ __typename }"})
        after = samples((await api.client.get("/metrics", headers=admin)).text)
        name = "florin_authentication_failures_total"
        assert grown(before, after, name, code="UNAUTHENTICATED") == 2


async def test_no_label_says_who_asked_for_what(api: Api) -> None:
    await api("query Canary4711 { accounts { nodes { owner { username } } } }")
    response = await api.client.get("/metrics")
    assert "anary4711" not in response.text
    for _, labels in samples(response.text):
        for name, value in labels:
            assert name in FROM_THE_CODE or value in LABELS[name], (name, value)
