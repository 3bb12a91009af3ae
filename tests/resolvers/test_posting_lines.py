"""A line of postings: its order, who may pass whom, and who waits for somebody else's lock."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from psycopg.pq import TransactionStatus

from db.pool import Pool, open_pool
from ledger import transactions
from ledger.transactions import Request, TransactionKey
from server.settings import Settings
from tests.grouped import (
    DONE,
    IMPATIENT_SECONDS,
    Sent,
    groups,
    kinds,
    locked,
    open_accounts,
    post,
    recorded,
)
from tests.integrity import assert_sound
from tests.sessions import Watch

# Moments, over all that a transaction takes and beyond.
MOMENTS = 80
MOMENT_SECONDS = 0.00025


@pytest.fixture
def watch(database_url: str) -> Iterator[Watch]:
    with Watch(database_url) as watching:
        yield watching


@pytest.fixture(autouse=True)
async def books(pool: Pool, database_url: str) -> AsyncIterator[None]:
    """Some accounts; sound books, whatever was done to them."""
    await open_accounts(pool, "cash", "wallet", "shop", "free 1", "free 2")
    await open_accounts(pool, "poor", floor=0)
    yield
    await assert_sound(database_url)


async def until_waiting(watch: Watch) -> None:
    await asyncio.to_thread(watch.until_waiting)


async def test_of_a_group_the_first_get_what_there_is(pool: Pool, database_url: str) -> None:
    sent = Sent(pool)
    await sent(post("fund", ("cash", "poor", "5.00")))
    tasks = await sent.all(*(post(f"k{n}", ("poor", "shop", "1.00")) for n in range(10)))
    assert kinds(await asyncio.gather(*tasks)) == [DONE] * 5 + ["InsufficientFunds"] * 5
    assert recorded(database_url, "shop") == [f"k{number}" for number in range(5)]


async def test_who_waits_for_somebody_elses_lock_waits_alone(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool, patience_seconds=IMPATIENT_SECONDS)
    async with locked(database_url, "wallet"):
        # One group: its second member is the one that has to wait.
        tasks = await sent.all(
            post("a", ("free 1", "free 2", "1.00")),
            post("b", ("cash", "wallet", "1.00")),
            post("c", ("free 2", "free 1", "1.00")),
        )
        await asyncio.gather(tasks[0], tasks[2])
        # What comes later passes it, too.
        await sent(post("d", ("free 1", "free 2", "1.00")))
        await until_waiting(watch)
        assert not tasks[1].done()
    assert kinds([await tasks[1]]) == [DONE]
    assert recorded(database_url, "free 1") == ["a", "c", "d"]
    # No lock of ours waits for less time than it had before.
    assert groups(database_url) == [1, 1, 1, 1]


async def test_nobody_passes_who_came_before_on_the_same_accounts(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool, patience_seconds=IMPATIENT_SECONDS)
    async with locked(database_url, "wallet"):
        slow = sent(post("slow", ("shop", "wallet", "1.00")))
        await until_waiting(watch)
        # Each shares an account with the one before it, and only the last with none of them.
        waiting = await sent.all(
            post("second", ("free 1", "shop", "1.00")), post("third", ("free 2", "free 1", "1.00"))
        )
        passes = sent(post("passes", ("cash", "poor", "1.00")))
        assert kinds([await passes]) == [DONE]
        assert not any(task.done() for task in (slow, *waiting))
    await asyncio.gather(slow, *waiting)
    assert recorded(database_url, "shop") == ["slow", "second"]
    assert recorded(database_url, "free 1") == ["second", "third"]


async def test_what_is_done_to_a_transaction_does_not_pass_it(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool, patience_seconds=IMPATIENT_SECONDS)
    async with locked(database_url, "wallet"):
        slow = sent(post("slow", ("cash", "wallet", "1.00")))
        await until_waiting(watch)
        reversal = (await sent.all(reverse("back", "slow")))[0]
        # It would not find what it is to reverse.
        await sent(post("passes", ("free 1", "free 2", "1.00")))
    assert kinds(await asyncio.gather(slow, reversal)) == [DONE, DONE]
    assert recorded(database_url) == ["slow", "back"]


def reverse(key: str, target: str) -> Request:
    request = transactions.reversal(
        path=("input",),
        idempotency_key=key,
        transaction=TransactionKey(target, target),
        description="",
        metadata_object=None,
    )
    assert isinstance(request, Request)
    return request


async def test_those_who_wait_leave_half_of_the_pool_to_the_others(
    database_url: str, watch: Watch
) -> None:
    codes = [f"a{number}" for number in range(8)]
    configured = Settings(pool_size_min=1, pool_size_max=4).pool
    async with open_pool(database_url, configured) as small:
        await open_accounts(small, *codes)
        sent = Sent(small, patience_seconds=0.05)
        async with locked(database_url, *codes):
            pairs = zip(codes[::2], codes[1::2], strict=True)
            tasks = await sent.all(*(post(one, (one, other, "1.00")) for one, other in pairs))
            await asyncio.to_thread(watch.until, lambda: len(watch.waiting()) == 2)
            async with small.connection(), small.connection():
                assert len(watch.waiting()) == 2
        await asyncio.gather(*tasks)


async def test_a_connection_comes_back_without_the_groups_impatience(
    database_url: str,
) -> None:
    configured = Settings(pool_size_min=1, pool_size_max=1).pool
    async with open_pool(database_url, configured) as single:
        sent = Sent(single, patience_seconds=IMPATIENT_SECONDS)
        tasks = await sent.all(*(post(key, ("cash", "wallet", "1.00")) for key in "abc"))
        await asyncio.gather(*tasks)
        async with single.connection() as conn:
            shown = await (await conn.execute("SHOW lock_timeout")).fetchone()
            assert shown == ("0",)
            assert conn.info.transaction_status is TransactionStatus.IDLE


async def test_no_task_is_left_when_the_line_closes(
    pool: Pool, database_url: str, watch: Watch
) -> None:
    sent = Sent(pool)
    before = asyncio.all_tasks()
    watch.hold_commits("transactions")
    task = sent(post("a", ("cash", "wallet", "1.00")))
    await asyncio.to_thread(watch.until_waiting, "COMMIT")
    await sent.line.close()
    await asyncio.wait([task])
    assert task.cancelled()
    assert asyncio.all_tasks() <= before
    watch.release_commits()
    await asyncio.to_thread(watch.until_finished)
    assert len(recorded(database_url)) <= 1


@pytest.mark.parametrize("leaving", ["b", "abc"])
async def test_whoever_leaves_at_whatever_moment_harms_nobody(
    database_url: str, watch: Watch, leaving: str
) -> None:
    configured = Settings(pool_size_min=1, pool_size_max=1).pool
    async with open_pool(database_url, configured) as single:
        sent = Sent(single)
        before = asyncio.all_tasks()
        kept = 0
        for moment in range(MOMENTS):
            keys = [f"{moment}{name}" for name in "abc"]
            tasks = await sent.all(*(post(key, ("cash", "wallet", "1.00")) for key in keys))
            await asyncio.sleep(moment * MOMENT_SECONDS)
            for task, name in zip(tasks, "abc", strict=True):
                if name in leaving:
                    task.cancel()
            await asyncio.wait(tasks)
            stayed = [task for task, name in zip(tasks, "abc", strict=True) if name not in leaving]
            assert kinds([task.result() for task in stayed]) == [DONE] * len(stayed)
            kept += sum(not task.cancelled() for task in tasks)
        # The only connection is there, and so is the line.
        assert kinds([await sent(post("last", ("cash", "wallet", "1.00")))]) == [DONE]
        assert asyncio.all_tasks() <= before
    assert watch.unfinished() == []
    done = recorded(database_url)
    assert len(done) == len(set(done)) >= kept + 1
