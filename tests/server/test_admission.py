"""Admission: who waits is served in order; what overflows is refused at once, and nothing leaks."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from server.admission import Admission


def admission(**given: Any) -> Admission:  # noqa: ANN401
    return Admission(**{"running_max": 2, "waiting_max": 8, "waiting_seconds": 30, **given})


async def entering(admitted: Admission) -> "asyncio.Task[bool]":
    """One that has asked by the time that this returns."""
    task = asyncio.create_task(entered(admitted))
    await asyncio.sleep(0)
    return task


async def entered(admitted: Admission) -> bool:
    answer: bool | Awaitable[bool] = admitted.enter()
    return answer if isinstance(answer, bool) else await answer


async def full(admitted: Admission, waiting: int) -> "list[asyncio.Task[bool]]":
    for _ in range(2):
        assert admitted.enter() is True
    return [await entering(admitted) for _ in range(waiting)]


async def test_a_few_run_and_the_others_wait_in_the_order_in_which_they_came() -> None:
    one = admission()
    waiting = await full(one, 3)
    for task in waiting:
        assert not task.done()
        one.leave()
        assert await task
    assert (one.running, one.waiting, one.refused) == (2, 0, 0)


async def test_whoever_waits_for_an_answer_before_asking_again_is_never_refused() -> None:
    """As many clients as may run and wait, for as long as they like."""
    one = admission()
    served = [0] * 10

    async def client(number: int) -> None:
        while served[number] < 50:
            async with one.turn() as is_inside:
                assert is_inside
                await asyncio.sleep(0)
            served[number] += 1

    await asyncio.gather(*(client(number) for number in range(10)))
    assert (one.running, one.waiting, one.refused) == (0, 0, 0)


async def test_an_overflow_refuses_the_oldest_and_then_whoever_comes() -> None:
    one = admission(running_max=2)
    waiting = await full(one, 8)
    newest = await entering(one)
    # All but so many as the loop needs to have at hand.
    assert [await task for task in waiting] == [False] * 8
    assert (one.waiting, one.is_overloaded) == (1, True)
    assert one.enter() is False
    one.leave()
    assert await newest


async def test_after_some_seconds_everybody_may_wait_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.admission._SHED_SECONDS", 0.2)
    one = admission()
    await full(one, 9)
    # Whoever was refused and comes back at once does not prolong it.
    async with asyncio.timeout(5):
        while one.is_overloaded:
            assert one.enter() is False
            await asyncio.sleep(0.01)
    waiting = [await entering(one) for _ in range(7)]
    assert not any(task.done() for task in waiting)


async def test_after_that_the_newest_come_first_until_it_is_known_to_be_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.admission._SHED_SECONDS", 0.1)
    monkeypatch.setattr("server.admission._DOUBT_SECONDS", 0.3)
    one = admission()
    await full(one, 9)
    await asyncio.sleep(0.15)
    first, second, third = [await entering(one) for _ in range(3)]
    one.leave()
    assert await third
    await asyncio.sleep(0.4)
    one.leave()
    one.leave()
    assert await first
    assert not second.done()


async def test_nobody_waits_for_longer_than_was_set() -> None:
    one = admission(waiting_seconds=0.1)
    first = (await full(one, 1))[0]
    await asyncio.sleep(0.05)
    second = await entering(one)
    assert await first is False
    assert not second.done()
    assert await second is False
    assert (one.waiting, one.refused) == (0, 2)


async def test_who_leaves_while_waiting_takes_nobodys_place() -> None:
    one = admission()
    gone, next_ = await full(one, 2)
    gone.cancel()
    one.leave()
    assert await next_
    assert (one.running, one.waiting) == (2, 0)


async def test_who_leaves_at_the_moment_of_being_let_in_leaves_the_place_to_the_next() -> None:
    one = admission()
    gone, next_ = await full(one, 2)
    one.leave()
    gone.cancel()
    assert await next_
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert (one.running, one.waiting) == (2, 0)


async def test_where_nobody_may_wait_the_next_is_refused() -> None:
    one = admission(waiting_max=0)
    await full(one, 0)
    assert one.enter() is False
    assert one.enter() is False
    one.leave()
    assert one.enter() is True


async def test_what_comes_at_once_counts_together_before_any_of_it_is_run() -> None:
    one = admission(running_max=4, waiting_max=4)
    assert not one.turns_away()
    for _ in range(4):
        assert one.enter() is True
    waiting = [await entering(one) for _ in range(5)]
    assert not any([await task for task in waiting[:4]])
    one.leave()
    one.leave()
    # The one that waited runs now; one more may, and one may wait.
    assert [one.turns_away() for _ in range(4)] == [False, False, True, True]
    await asyncio.sleep(0)
    assert [one.turns_away() for _ in range(4)] == [False, False, True, True]
