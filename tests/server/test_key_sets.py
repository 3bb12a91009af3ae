"""An issuer's keys: kept, renewed and rotated, and never more of a burden than they may be."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from server.key_sets import (
    FRESH_SECONDS,
    PAUSE_SECONDS,
    PAUSE_WITHOUT_KEYS_SECONDS,
    STALE_SECONDS_MAX,
    WAITING_MAX,
    KeySet,
    KeySetUnavailableError,
)
from tests.issuers import Clock, Issuer, SigningKey, has, issuing, keys_at
from tests.servers import free_port

OLD, NEW = SigningKey("old"), SigningKey("new")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing(OLD) as running:
        yield running


@pytest.fixture
async def keys(issuer: Issuer, clock: Clock) -> AsyncIterator[KeySet]:
    async with keys_at(issuer.url, clock) as opened:
        yield opened


async def settled(keys: KeySet) -> None:
    """Once nothing is being fetched."""
    while keys._fetching is not None:
        await asyncio.wait([keys._fetching])


async def test_nothing_is_fetched_before_it_is_needed(issuer: Issuer, keys: KeySet) -> None:
    assert issuer.asked == 0
    assert await has(keys)
    assert issuer.asked == 1


async def test_any_number_of_tokens_at_once_ask_once_and_few_wait(
    issuer: Issuer, keys: KeySet
) -> None:
    """Who waits takes the place of somebody who could be served."""
    issuer.delay_seconds = 0.2
    began = time.perf_counter()
    answers = await asyncio.gather(*(has(keys) for _ in range(200)), return_exceptions=True)
    assert issuer.asked == 1
    assert answers.count(True) == WAITING_MAX
    assert sum(isinstance(one, KeySetUnavailableError) for one in answers) == 200 - WAITING_MAX
    # Once they are there, nobody waits.
    assert time.perf_counter() - began < 5
    assert all(await asyncio.gather(*(has(keys) for _ in range(200))))


async def test_while_keys_are_renewed_the_old_ones_do(
    issuer: Issuer, keys: KeySet, clock: Clock
) -> None:
    assert await has(keys)
    clock.now += FRESH_SECONDS + 1
    issuer.delay_seconds = 0.2
    assert all(await asyncio.gather(*(has(keys) for _ in range(200))))
    assert issuer.asked == 2


async def test_keys_are_kept_for_ten_minutes(issuer: Issuer, keys: KeySet, clock: Clock) -> None:
    for _ in range(100):
        assert await has(keys)
    clock.now += FRESH_SECONDS - 1
    assert await has(keys)
    assert issuer.asked == 1
    clock.now += 2
    assert await has(keys)
    assert issuer.asked == 2


async def test_keys_are_rotated_without_anybody_being_refused(
    issuer: Issuer, keys: KeySet, clock: Clock
) -> None:
    assert await has(keys, "old")
    clock.now += PAUSE_SECONDS
    issuer.publish(OLD, NEW)
    assert await has(keys, "new")
    assert await has(keys, "old")
    issuer.publish(NEW)
    clock.now += FRESH_SECONDS + 1
    assert await has(keys, "new")
    assert not await has(keys, "old")


async def test_a_key_that_is_taken_away_is_believed_for_ten_minutes_at_most(
    issuer: Issuer, keys: KeySet, clock: Clock
) -> None:
    assert await has(keys)
    issuer.publish(NEW)
    clock.now += FRESH_SECONDS + 1
    assert not await has(keys)


async def test_made_up_key_ids_cause_a_fetch_each_half_minute_at_most(
    issuer: Issuer, keys: KeySet, clock: Clock
) -> None:
    assert await has(keys)
    for minute in range(1, 4):
        clock.now += PAUSE_SECONDS
        made_up = (has(keys, f"made up {n}") for n in range(300))
        answers = await asyncio.gather(*made_up, return_exceptions=True)
        assert answers.count(False) == WAITING_MAX
        assert True not in answers
        for number in range(100):
            assert not await has(keys, f"made up one by one {number}")
        assert issuer.asked == 1 + minute


async def test_who_asks_for_a_known_key_does_not_wait_for_who_makes_one_up(
    issuer: Issuer, keys: KeySet, clock: Clock
) -> None:
    assert await has(keys)
    clock.now += PAUSE_SECONDS
    issuer.delay_seconds = 0.5
    made_up = asyncio.create_task(has(keys, "made up"))
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    assert await has(keys)
    assert time.perf_counter() - began < 0.25
    assert not await made_up


async def test_an_issuer_that_is_down_at_start_is_an_outage_until_it_is_there(
    clock: Clock,
) -> None:
    port = free_port()
    async with keys_at(f"http://127.0.0.1:{port}/jwks.json", clock) as keys:
        for _ in range(3):
            with pytest.raises(KeySetUnavailableError):
                await has(keys)
        with issuing(OLD, port=port) as issuer:
            # Asked again, but not by everybody who comes.
            with pytest.raises(KeySetUnavailableError):
                await has(keys)
            assert issuer.asked == 0
            clock.now += PAUSE_WITHOUT_KEYS_SECONDS
            assert await has(keys)
            assert issuer.asked == 1


async def test_an_issuer_that_is_down_later_stops_nobody_for_an_hour(
    issuer: Issuer, keys: KeySet, clock: Clock
) -> None:
    assert await has(keys)
    issuer.status = 503
    began = clock.now
    while clock.now - began < STALE_SECONDS_MAX - 60:
        clock.now += 60
        assert await has(keys)
        await settled(keys)
    clock.now = began + STALE_SECONDS_MAX + 1
    with pytest.raises(KeySetUnavailableError):
        await has(keys)
    asked = issuer.asked
    # Once a minute at most: fifty minutes after the first ten.
    assert asked <= 60
    issuer.status = 200
    clock.now += PAUSE_WITHOUT_KEYS_SECONDS
    assert await has(keys)
    assert issuer.asked == asked + 1


async def test_only_the_first_waits_for_an_issuer_that_is_down(
    issuer: Issuer, keys: KeySet, clock: Clock
) -> None:
    assert await has(keys)
    issuer.status = 503
    clock.now += FRESH_SECONDS + 1
    assert await has(keys)
    issuer.delay_seconds = 0.5
    for _ in range(3):
        clock.now += PAUSE_SECONDS
        began = time.perf_counter()
        assert await has(keys)
        assert time.perf_counter() - began < 0.25
    assert keys._fetching is not None


async def test_who_gives_up_waiting_does_not_end_it_for_the_others(
    issuer: Issuer, keys: KeySet
) -> None:
    issuer.delay_seconds = 0.2
    impatient = asyncio.create_task(has(keys))
    patient = asyncio.create_task(has(keys))
    await asyncio.sleep(0.05)
    impatient.cancel()
    assert await patient
    assert issuer.asked == 1


async def test_nothing_is_left_behind_when_it_is_closed_in_mid_fetch(
    issuer: Issuer, clock: Clock
) -> None:
    issuer.delay_seconds = 0.3
    async with keys_at(issuer.url, clock) as keys:
        waiting = asyncio.create_task(has(keys))
        await asyncio.sleep(0.05)
    assert asyncio.all_tasks() - {asyncio.current_task()} <= {waiting}
    with pytest.raises(asyncio.CancelledError):
        await waiting
