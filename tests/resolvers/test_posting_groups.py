"""Group commit: what is asked at the same time shares a transaction, and nobody harms another."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from db.pool import Pool
from resolvers.posting_outcomes import PostTransactionSuccess
from tests.grouped import (
    DONE,
    Sent,
    groups,
    ids,
    kinds,
    locked,
    open_accounts,
    post,
    recorded,
)
from tests.integrity import assert_sound
from tests.sessions import Watch

LEG = ("cash", "wallet", "1.00")
POISON = """
    CREATE FUNCTION florin.refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
        IF NEW.idempotency_key = 'poison' THEN
            RAISE EXCEPTION 'poison' USING ERRCODE = '{}';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse_poison BEFORE INSERT ON florin.transactions
    FOR EACH ROW EXECUTE FUNCTION florin.refuse_poison();
"""


@pytest.fixture
def watch(database_url: str) -> Iterator[Watch]:
    with Watch(database_url) as watching:
        yield watching


@pytest.fixture(autouse=True)
async def books(pool: Pool, database_url: str) -> AsyncIterator[None]:
    """Some accounts; sound books, whatever was done to them."""
    await open_accounts(pool, "cash", "wallet", "shop", "free 1", "free 2")
    yield
    await assert_sound(database_url)


async def until_waiting(watch: Watch, query: str = "") -> None:
    await asyncio.to_thread(watch.until_waiting, query)


async def test_who_finds_nothing_under_way_goes_at_once_and_alone(
    pool: Pool, database_url: str
) -> None:
    sent = Sent(pool)
    for number in range(3):
        assert kinds([await sent(post(f"k{number}", LEG))]) == [DONE]
    assert groups(database_url) == [1, 1, 1]


async def test_what_comes_meanwhile_shares_the_next_transaction(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool)
    async with locked(database_url, "wallet"):
        first = sent(post("first", LEG))
        await until_waiting(watch)
        others = await sent.all(*(post(f"k{number}", LEG) for number in range(5)))
    assert kinds(await asyncio.gather(first, *others)) == [DONE] * 6
    assert groups(database_url) == [1, 5]
    # The entries of cash are those of the wallet: in the order in which they came.
    assert recorded(database_url) == ["first", "k0", "k1", "k2", "k3", "k4"]


async def test_what_comes_in_one_turn_of_the_loop_comes_at_the_same_time(
    pool: Pool, database_url: str
) -> None:
    sent = Sent(pool)
    await asyncio.gather(*await sent.all(*(post(f"k{number}", LEG) for number in range(5))))
    assert groups(database_url) == [5]


async def test_no_group_is_larger_than_allowed(pool: Pool, database_url: str, watch: Watch) -> None:
    sent = Sent(pool, size_max=3)
    async with locked(database_url, "wallet"):
        first = sent(post("first", LEG))
        await until_waiting(watch)
        others = await sent.all(*(post(f"k{number}", LEG) for number in range(7)))
    await asyncio.gather(first, *others)
    assert groups(database_url) == [1, 3, 3, 1]
    assert recorded(database_url) == ["first", *(f"k{number}" for number in range(7))]


async def test_a_group_has_each_result_that_there_is(pool: Pool, database_url: str) -> None:
    await open_accounts_with_floor(pool)
    sent = Sent(pool)
    requests = [
        post("a", ("cash", "poor", "2.00")),
        post("a", ("cash", "poor", "2.00")),
        post("a", ("cash", "poor", "3.00")),
        post("b", ("poor", "shop", "1.50")),
        post("c", ("poor", "shop", "1.50")),
        post("d", ("cash", "nobody", "1.00")),
        post("e", ("cash", "cash", "1.00")),
        post("f", ("poor", "shop", "0.50")),
    ]
    results = await asyncio.gather(*await sent.all(*requests))
    assert kinds(results) == [
        *(DONE, DONE, "IdempotencyConflict", DONE, "InsufficientFunds"),
        *("AccountNotFound", "SameAccount", DONE),
    ]
    assert [one.replayed for one in results if isinstance(one, PostTransactionSuccess)] == [
        *(False, True, False, False)
    ]
    assert len(ids(results[:2])) == 1
    assert groups(database_url) == [3]


async def open_accounts_with_floor(pool: Pool) -> None:
    await open_accounts(pool, "poor", floor=0)


async def test_who_leaves_the_line_is_left_out(pool: Pool, database_url: str, watch: Watch) -> None:
    sent = Sent(pool)
    async with locked(database_url, "wallet"):
        first = sent(post("first", LEG))
        await until_waiting(watch)
        stays, leaves, also_stays = await sent.all(*(post(key, LEG) for key in "abc"))
        leaves.cancel()
        # At once: nobody waits for what is under way.
        with pytest.raises(asyncio.CancelledError):
            await leaves
        assert not first.done()
    assert kinds(await asyncio.gather(first, stays, also_stays)) == [DONE] * 3
    assert recorded(database_url) == ["first", "a", "c"]


async def test_who_leaves_a_group_under_way_does_not_harm_the_others(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool)
    async with locked(database_url, "wallet"):
        stays, leaves, also_stays = await sent.all(*(post(key, LEG) for key in "abc"))
        await until_waiting(watch)
        leaves.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaves
        assert not stays.done()
    assert kinds(await asyncio.gather(stays, also_stays)) == [DONE] * 2
    assert groups(database_url) == [3]


async def test_a_group_that_everybody_has_left_is_rolled_back(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool)
    async with locked(database_url, "wallet"):
        tasks = await sent.all(*(post(key, LEG) for key in "abc"))
        await until_waiting(watch)
        next_one = (await sent.all(post("next", ("cash", "shop", "1.00"))))[0]
        for task in tasks:
            task.cancel()
        assert kinds([await next_one]) == [DONE]
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        # Whoever left has waited until nothing of it was left on the server.
        assert watch.waiting() == []
    assert recorded(database_url) == []
    assert recorded(database_url, "shop") == ["next"]


@pytest.mark.parametrize("leaving", ["abc", "b"])
async def test_a_commit_that_has_begun_is_finished_whoever_leaves(
    pool: Pool, database_url: str, watch: Watch, leaving: str
) -> None:
    sent = Sent(pool)
    watch.hold_commits("transactions")
    tasks = dict(zip("abc", await sent.all(*(post(key, LEG) for key in "abc")), strict=True))
    await until_waiting(watch, "COMMIT")
    for key in leaving:
        tasks[key].cancel()
    # Nobody has to find out what became of it.
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in tasks.values())
    watch.release_commits()
    await asyncio.wait(tasks.values())
    assert {key for key, task in tasks.items() if task.cancelled()} == set(leaving)
    assert recorded(database_url) == ["a", "b", "c"]


async def test_a_commit_that_does_not_end_is_left_by_who_was_cancelled(
    pool: Pool, watch: Watch, database_url: str
) -> None:
    sent = Sent(pool)
    watch.hold_commits("transactions")
    leaves, stays = await sent.all(post("a", LEG), post("b", LEG))
    await until_waiting(watch, "COMMIT")
    leaves.cancel()
    await asyncio.wait([leaves])
    assert leaves.cancelled()
    assert not stays.done()
    watch.release_commits()
    assert kinds([await stays]) == [DONE]
    assert recorded(database_url) == ["a", "b"]


@pytest.mark.parametrize("state", ["data_exception", "unique_violation"])
async def test_only_the_one_that_fails_fails(pool: Pool, database_url: str, state: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(POISON.format(state).encode())
    sent = Sent(pool)
    keys = ["a", "poison", "b", "c"]
    tasks = await sent.all(*(post(key, LEG) for key in keys))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], psycopg.Error)
    assert results[1].sqlstate == {"data_exception": "22000", "unique_violation": "23505"}[state]
    good = [one for one in results if isinstance(one, PostTransactionSuccess)]
    assert [one.replayed for one in good] == [False] * 3
    assert groups(database_url) == [1, 1, 1]
    assert recorded(database_url) == ["a", "b", "c"]
    # What comes next is grouped again.
    await asyncio.gather(*await sent.all(post("d", LEG), post("e", LEG)))
    assert groups(database_url) == [1, 1, 1, 2]


async def test_an_outage_is_everybodys(pool: Pool, database_url: str) -> None:
    sent = Sent(pool)
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(POISON.format("disk_full").encode())
    tasks = await sent.all(post("a", LEG), post("poison", LEG))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["DiskFull", "DiskFull"]


async def test_a_connection_lost_in_the_middle_costs_nobody_anything(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool)
    async with locked(database_url, "wallet"):
        tasks = await sent.all(*(post(key, LEG) for key in "abc"))
        await until_waiting(watch)
        watch.terminate("SELECT")
        leaves = tasks.pop()
        leaves.cancel()
        await asyncio.wait([leaves])
    results = await asyncio.gather(*tasks)
    assert [one.replayed for one in results if isinstance(one, PostTransactionSuccess)] == [
        *(False, False)
    ]
    # Who left meanwhile is not begun with again.
    assert recorded(database_url) == ["a", "b"]


async def test_a_connection_lost_in_the_commit_is_asked_for_by_its_keys(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool)
    watch.hold_commits("transactions")
    tasks = await sent.all(*(post(key, LEG) for key in "abc"))
    await until_waiting(watch, "COMMIT")
    watch.terminate("COMMIT")
    watch.release_commits()
    assert kinds(await asyncio.gather(*tasks)) == [DONE] * 3
    assert recorded(database_url) == ["a", "b", "c"]
    assert groups(database_url) == [3]
