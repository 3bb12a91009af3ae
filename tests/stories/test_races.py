"""Races: of two that want the same thing at once, one gets it and the other is told by name."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from itertools import combinations
from typing import Any

import psycopg
import pytest

from db.ledgers import DEFAULT_LEDGER_ID
from server import sweeper
from tests.api import Api, serving, transaction
from tests.bank_statements import nothing_is_wrong
from tests.expiry import expire
from tests.integrity import assert_sound

ROUNDS = 12
DONE = "PostTransactionSuccess"


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Api]:
    """A second server over the same database."""
    async with serving(database_url) as served:
        yield served


@pytest.fixture(autouse=True)
async def funded(api: Api, database_url: str) -> AsyncIterator[None]:
    """A wallet with a thousand dollars and a shop; sound books, whatever raced over them."""
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.open_account("shop")
    await api.post("fund", ("cash", "wallet", "1000.00"))
    yield
    await assert_sound(database_url)
    await nothing_is_wrong(database_url)


async def hold(api: Api, key: str, amount: str = "1.00") -> Any:  # noqa: ANN401
    return await api.post(key, ("wallet", "shop", amount), pending=True)


async def ask(api: Api, kind: str, key: str, legs: tuple[str, str], target: str) -> Any:  # noqa: ANN401
    """A request of any kind: a posting over two accounts, or something done to a transaction."""
    if kind == "post":
        return await api.post(key, (*legs, "1.00"))
    if kind == "capture":
        return await api.capture(key, target)
    return await (api.void(key, target) if kind == "void" else api.reverse(key, target))


async def race(*calls: Awaitable[Any]) -> Counter[str]:
    """What became of all of them, by type."""
    return Counter(result["__typename"] for result in await asyncio.gather(*calls))


async def test_of_two_captures_one_wins(api: Api, other: Api) -> None:
    for number in range(ROUNDS):
        await hold(api, f"h{number}")
        became = await race(
            api.capture(f"a{number}", f"h{number}", "0.40"),
            other.capture(f"b{number}", f"h{number}", "0.60"),
        )
        assert became == {DONE: 1, "AlreadyCaptured": 1}
    # Whoever won, what it did not capture is free, and what the loser wanted never moved.
    posted, available, pending, _ = await api.balances("wallet")
    assert (posted == available, pending) == (True, "0.00")


async def test_of_many_captures_with_one_key_all_say_the_same(api: Api, other: Api) -> None:
    await hold(api, "hold")
    calls = [(api, other)[n % 2].capture("key", "hold", "0.40") for n in range(20)]
    results = await asyncio.gather(*calls)
    assert Counter(result["replayed"] for result in results) == {False: 1, True: 19}
    assert await api.balance("shop") == "0.40"


async def test_of_a_capture_and_a_void_one_wins(api: Api, other: Api) -> None:
    for number in range(ROUNDS):
        await hold(api, f"h{number}")
        became = await race(
            api.capture(f"c{number}", f"h{number}"), other.void(f"v{number}", f"h{number}")
        )
        assert became in ({DONE: 1, "AlreadyCaptured": 1}, {DONE: 1, "AlreadyVoided": 1})


async def test_what_has_expired_is_swept_once_and_never_captured(
    api: Api, other: Api, database_url: str
) -> None:
    for number in range(ROUNDS):
        await hold(api, f"h{number}")
        expire(database_url)
        captured, *swept = await asyncio.gather(
            api.capture(f"c{number}", f"h{number}"),
            sweeper.sweep(api.pool, DEFAULT_LEDGER_ID),
            sweeper.sweep(other.pool, DEFAULT_LEDGER_ID),
        )
        assert captured["__typename"] == "HoldExpired"
        # A sweeper that meets the other one leaves it to it; nobody sweeps twice.
        swept.append(await sweeper.sweep(api.pool, DEFAULT_LEDGER_ID))
        assert sum(swept) == 1
    assert await api.balances("wallet") == ("1000.00", "1000.00", "0.00", "0.00")


async def test_of_two_reversals_one_wins(api: Api, other: Api) -> None:
    for number in range(ROUNDS):
        await api.post(f"p{number}", ("wallet", "shop", "1.00"))
        became = await race(
            api.reverse(f"a{number}", f"p{number}"), other.reverse(f"b{number}", f"p{number}")
        )
        assert became == {DONE: 1, "AlreadyReversed": 1}
    assert await api.balance("wallet") == "1000.00"


async def test_of_many_holds_on_the_last_funds_as_many_are_had_as_there_is(
    api: Api, other: Api
) -> None:
    calls = [hold((api, other)[n % 2], f"h{n}", "300.00") for n in range(10)]
    assert await race(*calls) == {DONE: 3, "InsufficientFunds": 7}
    assert await api.balances("wallet") == ("1000.00", "100.00", "900.00", "0.00")


@pytest.mark.parametrize("change", ["freezeAccount", "closeAccount"])
async def test_an_account_is_frozen_or_closed_before_a_hold_or_after_it(
    api: Api, other: Api, change: str
) -> None:
    mutation = f"""mutation ($code: String!) {{
        {change}(input: {{ account: {{ code: $code }} }}) {{ __typename }} }}"""
    for number in range(ROUNDS):
        code = f"a{number}"
        await api.open_account(code)
        held, changed = await asyncio.gather(
            api.post(f"h{number}", ("wallet", code, "1.00"), pending=True),
            other(mutation, code=code),
        )
        became = held["__typename"], changed[change]["__typename"]
        if change == "closeAccount":
            assert became in {(DONE, "AccountNotEmpty"), ("AccountClosed", "UpdateAccountSuccess")}
        else:
            assert became[0] in {DONE, "AccountFrozen"}


@pytest.mark.parametrize("kind", ["capture", "void", "reverse"])
async def test_what_is_recorded_while_a_batch_waits_is_there_for_all_of_it(
    api: Api, other: Api, database_url: str, kind: str
) -> None:
    """It waits for one account; meanwhile its key is bound, and its target made, over others."""
    await api.open_account("locked", floor=None)
    await api.open_account("last")
    target = {"idempotencyKey": "end", "transaction": {"idempotencyKey": "new"}}
    items = [
        {"post": transaction("new", ("last", "locked", "7.00"))},
        {"post": transaction("waits", ("locked", "last", "1.00"))},
        {kind: target},
    ]
    with psycopg.connect(database_url) as locker:
        locker.execute("SELECT FROM florin.accounts WHERE code = 'locked' FOR UPDATE")
        waiting = asyncio.create_task(other.submit(items, atomic=False))
        await until_a_posting_waits(database_url)
        await api.post("new", ("wallet", "shop", "1.00"), pending=kind != "reverse")
        locker.rollback()
        results = (await waiting)["results"]
    assert [it["__typename"] for it in results] == ["IdempotencyConflict", DONE, DONE]


async def until_a_posting_waits(database_url: str) -> None:
    """For a lock."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watcher:
        for _ in range(500):
            waits = await watcher.execute(
                "SELECT FROM pg_stat_activity WHERE application_name = 'florin'"
                " AND wait_event_type = 'Lock' AND datname = current_database()"
            )
            if await waits.fetchone() is not None:
                return
            await asyncio.sleep(0.02)
    raise AssertionError("The posting never waited.")


@pytest.mark.parametrize("kind", ["post", "capture", "void", "reverse"])
async def test_one_key_over_other_accounts_is_bound_once(api: Api, other: Api, kind: str) -> None:
    """Their locks do not meet: only the key does."""
    await api.open_account("wallet 2")
    await api.open_account("shop 2")
    await api.post("fund 2", ("cash", "wallet 2", "1000.00"))
    for number in range(ROUNDS):
        targets = f"one {number}", f"two {number}"
        pending = kind in {"capture", "void"}
        for target, legs in zip(targets, (("wallet", "shop"), ("wallet 2", "shop 2")), strict=True):
            if kind != "post":
                await api.post(target, (*legs, "1.00"), pending=pending)
        key = f"key {number}"
        became = await race(
            ask(api, kind, key, ("wallet", "shop"), targets[0]),
            ask(other, kind, key, ("wallet 2", "shop 2"), targets[1]),
        )
        assert became == {DONE: 1, "IdempotencyConflict": 1}


@pytest.mark.parametrize("kinds", list(combinations(("post", "capture", "void", "reverse"), 2)))
async def test_one_key_for_two_kinds_of_requests_is_bound_once(
    api: Api, other: Api, kinds: tuple[str, str]
) -> None:
    for number in range(ROUNDS):
        await api.post(f"posted {number}", ("wallet", "shop", "1.00"))
        await hold(api, f"held {number}")
        targets = {"reverse": f"posted {number}", "capture": f"held {number}"}
        calls = (
            ask(
                server,
                kind,
                f"key {number}",
                ("wallet", "shop"),
                targets.get(kind, f"held {number}"),
            )
            for server, kind in zip((api, other), kinds, strict=True)
        )
        results = await asyncio.gather(*calls)
        assert Counter(it["__typename"] for it in results) == {DONE: 1, "IdempotencyConflict": 1}
        assert [it["field"] for it in results if "field" in it] == ["operation"]
