"""Processes that end: a worker, all of them, or in good order."""

import asyncio
import signal
import time
from typing import Final

from tests.faults import checker
from tests.faults.recorder import Unknown
from tests.faults.scenario import AT_ONCE_SECONDS, Scenario, Stage

_WORKERS: Final = 2
# uvicorn looks after its workers every half second; a new one imports everything, which takes
# seconds where several do it on two busy cores.
_RESTART_SECONDS: Final = 20.0
# Twice uvicorn's round: the killed one is missed, and the other serves meanwhile.
_BETWEEN_KILLS_SECONDS: Final = 1.5
# FLORIN_SHUTDOWN_TIMEOUT_SECONDS (15) is what requests in flight are given; and some to leave.
_DRAIN_SECONDS_MAX: Final = 17.0
_POLL_SECONDS: Final = 0.05


async def _kill_a_worker(stage: Stage) -> None:
    until = time.monotonic() + stage.seconds
    while True:
        pids = await _all_workers(stage)
        stage.florin.kill_worker(pids[0])
        stage.is_over()
        if time.monotonic() > until:
            break
        await asyncio.sleep(_BETWEEN_KILLS_SECONDS)
    # The supervisor has brought it back, which is for it alone to do.
    await _all_workers(stage)


async def _all_workers(stage: Stage) -> list[int]:
    """The workers' process ids, once all of them are there."""
    async with asyncio.timeout(_RESTART_SECONDS):
        while len(pids := stage.florin.worker_pids()) < stage.florin.workers:
            await asyncio.sleep(_POLL_SECONDS)
    return pids


async def _kill_all(stage: Stage) -> None:
    await asyncio.sleep(stage.seconds / 2)
    stage.florin.kill_all()
    await asyncio.sleep(_POLL_SECONDS)
    stage.is_over()
    await stage.florin.start()


async def _terminate(stage: Stage) -> None:
    await asyncio.sleep(stage.seconds / 2)
    told_at = time.monotonic()
    status = await stage.florin.terminate(_DRAIN_SECONDS_MAX)
    if status != 0:
        stage.problems.append(f"told to stop, it ended with {status}")
    await _nothing_accepted_failed(stage, told_at)
    stage.is_over()
    await stage.florin.start()


async def _nothing_accepted_failed(stage: Stage, told_at: float) -> None:
    """Whoever got no answer was not let in: nothing that they asked for was begun."""
    with stage.postgres.administrator() as conn:
        there = checker.read(conn).keys
    for attempt in stage.recorder.attempts:
        if attempt.ended_at < told_at or not isinstance(attempt.outcome, Unknown):
            continue
        if attempt.outcome.reason.isdigit():
            stage.problems.append(f"draining, it answered {attempt.outcome.reason}")
        if attempt.asked.keys[0] in there and attempt.asked.keys[0] not in stage.recorder.told:
            stage.problems.append(f"draining, it did {attempt.asked.keys[0]} and did not say so")


SCENARIOS: Final = (
    Scenario(
        "worker-killed",
        "One of two workers is killed (-9) in the middle of postings, again and again.",
        _kill_a_worker,
        workers=_WORKERS,
        bound_seconds=AT_ONCE_SECONDS,
    ),
    Scenario(
        "all-killed",
        "Every process is killed (-9) in the middle of postings, then Florin is started again.",
        _kill_all,
        workers=_WORKERS,
        bound_seconds=_RESTART_SECONDS,
        restarts=True,
    ),
    Scenario(
        "terminated",
        "SIGTERM under load: nothing that was let in fails, and it ends with 0.",
        _terminate,
        workers=_WORKERS,
        bound_seconds=_RESTART_SECONDS,
        restarts=True,
    ),
)
_ = signal
