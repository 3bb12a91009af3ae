"""Postings that share a transaction, as their clients, the log, metrics and traces see them."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from tests.api import POST_TRANSACTION, Api, serving, transaction
from tests.credentials import SECRET, Key, new_key
from tests.grouped import DONE, groups, locked, together
from tests.integrity import assert_sound
from tests.measured import grown, samples
from tests.server.test_client_gone import answered, body, sent
from tests.servers import running
from tests.sessions import Watch

MANY = 8
LEG = ("cash", "wallet", "1.00")
AUTHORS = """
    query ($of: String!) {
        transaction(by: { idempotencyKey: $of }) {
            createdBy createdByRequest resolvedBy resolvedByRequest
        }
    }
"""


@pytest.fixture(autouse=True)
async def sound(database_url: str) -> AsyncIterator[None]:
    yield
    await assert_sound(database_url)


async def opened(api: Api, headers: dict[str, str] | None = None) -> None:
    api.client.headers.update(headers or {})
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")


async def test_each_has_its_own_answer_and_they_share_a_commit(api: Api, database_url: str) -> None:
    await opened(api)
    results = await together(
        api, database_url, *(api.post(f"k{number}", LEG) for number in range(MANY))
    )
    assert [one["transaction"]["idempotencyKey"] for one in results] == [
        f"k{number}" for number in range(MANY)
    ]
    assert groups(database_url) == [1, MANY]


async def test_everything_that_is_asked_singly_may_share_it(api: Api, database_url: str) -> None:
    await opened(api)
    for key in ("captured", "voided"):
        await api.post(key, LEG, pending=True)
    await api.post("reversed", LEG)
    results = await together(
        api,
        database_url,
        api.capture("capture", "captured", "0.40"),
        api.void("void", "voided"),
        api.reverse("reverse", "reversed"),
        api.post("hold", LEG, pending=True),
        api.capture("at once", "hold"),
        api.capture("capture", "captured", "0.40"),
        api.void("late", "captured"),
        api.post("too much", ("wallet", "cash", "1000.00")),
    )
    assert [one["__typename"] for one in results] == [
        *([DONE] * 6),
        *("AlreadyCaptured", "InsufficientFunds"),
    ]
    states = [one["transaction"]["state"] for one in results[:6]]
    # The hold is shown as it was, though it was captured in the same commit.
    assert states == ["POSTED", "VOIDED", "POSTED", "PENDING", "POSTED", "POSTED"]
    assert [one["replayed"] for one in results[:6]] == [False] * 5 + [True]
    # The hold was captured in its own group: two events of one transaction.
    assert groups(database_url) == [1, 1, 1, 1, 5]


async def test_each_says_who_had_it_done(database_url: str) -> None:
    keys = [new_key(database_url) for _ in range(3)]
    async with serving(database_url, api_key_secret=SECRET) as api:
        await opened(api, keys[0].headers)
        await api.post("old", LEG, pending=True)

        async def by(key: Key, name: str, document: str) -> Any:  # noqa: ANN401
            content = {"query": document, "variables": {"input": transaction(name, LEG)}}
            headers = key.headers | {"x-request-id": f"request-{name}"}
            return (await api.client.post("/graphql", json=content, headers=headers)).json()

        void = """mutation { voidTransaction(input: {
            idempotencyKey: "void", transaction: { idempotencyKey: "old" } }) { __typename } }"""
        await together(
            api,
            database_url,
            by(keys[0], "a", POST_TRANSACTION),
            by(keys[1], "b", POST_TRANSACTION),
            by(keys[2], "void", void),
            # Replayed and refused: nobody did anything.
            by(keys[2], "a", POST_TRANSACTION),
        )
        found = {key: (await api(AUTHORS, of=key))["transaction"] for key in ("a", "b", "old")}
    assert [found[key]["createdBy"] for key in "ab"] == [keys[0].name, keys[1].name]
    assert [found[key]["createdByRequest"] for key in "ab"] == ["request-a", "request-b"]
    assert found["old"]["createdBy"] == keys[0].name
    assert found["old"]["resolvedBy"] == keys[2].name
    assert found["old"]["resolvedByRequest"] == "request-void"
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            "SELECT kind, count(*) FROM florin.actions WHERE kind LIKE '%Transaction' GROUP BY kind"
        )
        assert dict(rows.fetchall()) == {"postTransaction": 4, "voidTransaction": 1}


async def test_groups_are_measured(api: Api, database_url: str) -> None:
    await opened(api)

    async def metrics() -> dict[Any, float]:
        return samples((await api.client.get("/metrics")).text)

    before = await metrics()
    await together(api, database_url, *(api.post(f"k{n}", LEG) for n in range(MANY)))
    after = await metrics()
    size = "florin_posting_group_size"
    assert grown(before, after, f"{size}_count") == 2
    assert grown(before, after, f"{size}_sum") == MANY + 1
    assert grown(before, after, "florin_posting_group_wait_seconds_count") == MANY + 1
    assert grown(before, after, "florin_posting_group_wait_seconds_sum") > 0
    assert grown(before, after, "florin_posting_group_taken_apart_total") == 0
    assert grown(before, after, "florin_postings_total", outcome="posted") == MANY + 1
    # Counted once, however many of them were told: for those who ask for the ledger, too.
    sent = grown(before, after, "florin_statements_total", by="operation")
    assert sent < 4 * MANY


async def test_with_a_size_of_one_each_has_a_transaction_of_its_own(database_url: str) -> None:
    async with serving(database_url, group_size_max=1) as api:
        await opened(api)
        results = await together(api, database_url, *(api.post(f"k{n}", LEG) for n in range(MANY)))
    assert Counter(one["__typename"] for one in results) == {DONE: MANY}
    assert groups(database_url) == [1] * (MANY + 1)


async def test_a_posting_over_its_time_leaves_the_line(database_url: str) -> None:
    async with serving(database_url, operation_timeout_seconds=0.5) as api:
        await opened(api)
        with Watch(database_url) as watch:
            async with locked(database_url, "wallet"):
                first = asyncio.create_task(send(api, "first"))
                await asyncio.to_thread(watch.until_waiting)
                late = [asyncio.create_task(send(api, f"k{n}")) for n in range(MANY)]
                statuses = await asyncio.gather(first, *late)
                # Nobody's transaction is left behind.
                assert watch.unfinished() == []
        assert statuses == [504] * (MANY + 1)
        assert await api.balance("wallet") == "0.00"
        assert (await api.post("next", LEG))["__typename"] == DONE


async def send(api: Api, key: str) -> int:
    return (await api.send(POST_TRANSACTION, {"input": transaction(key, LEG)})).status_code


def test_what_is_in_the_line_when_the_server_is_to_stop_is_done(database_url: str) -> None:
    asyncio.run(accounts(database_url))
    with ExitStack() as left, Watch(database_url) as watch:
        watch.hold_commits("transactions")
        with running(database_url) as address:
            clients = [left.enter_context(sent(address, posting("first")))]
            watch.until_waiting("COMMIT")
            clients += [left.enter_context(sent(address, posting(f"k{n}"))) for n in range(MANY)]
            # Answered on the same loop, so by then they are in the line.
            for _ in range(10):
                assert answered(address, body("{ ledger { code } }"))["data"]
            # It is asked to stop meanwhile: if not, this proves less, and nothing wrong.
            threading.Timer(0.5, watch.release_commits).start()
        answers = [client.makefile("rb").read() for client in clients]
    assert all(f'"{DONE}"'.encode() in answer for answer in answers), answers
    assert groups(database_url) == [1, MANY]


def posting(key: str) -> bytes:
    return body(POST_TRANSACTION, input=transaction(key, LEG))


async def accounts(database_url: str) -> None:
    async with serving(database_url) as api:
        await opened(api)
