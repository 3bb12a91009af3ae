"""Periodic work goes on through every failure, and says so once."""

import asyncio
import logging

import psycopg
import pytest

from server import duties


async def logged(caplog: pytest.LogCaptureFixture, *failures: Exception) -> list[tuple[int, str]]:
    """What is logged of work that fails like this, round after round, and then works twice."""
    remaining = list(failures)
    worked = asyncio.Semaphore(0)

    async def work() -> None:
        if remaining:
            raise remaining.pop(0)
        worked.release()

    task = asyncio.create_task(duties.repeat("Testing", 0.001, work))
    async with asyncio.timeout(20):
        for _ in range(2):
            await worked.acquire()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return [(one.levelno, one.getMessage()) for one in caplog.records]


async def test_work_that_works_is_not_spoken_of(caplog: pytest.LogCaptureFixture) -> None:
    assert await logged(caplog) == []


async def test_an_outage_is_logged_when_it_begins_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = [psycopg.OperationalError("gone") for _ in range(3)]
    assert await logged(caplog, *outage) == [
        (logging.WARNING, "Testing waits for the database: gone"),
        (logging.WARNING, "Testing works again"),
    ]


async def test_a_bug_is_logged_with_its_traceback_and_does_not_end_the_duty(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = await logged(caplog, RuntimeError("a bug"))
    assert said[0] == (logging.ERROR, "Testing failed, and will be tried again")
    assert "Traceback" in caplog.text
    assert "a bug" in caplog.text
