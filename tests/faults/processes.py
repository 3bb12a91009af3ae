"""Processes that end: a worker, all of them, or in good order."""

import asyncio
import itertools
import time
from typing import Final

from tests.faults import checker
from tests.faults.recorder import Unknown
from tests.faults.scenario import AT_ONCE_SECONDS, Scenario, Stage

_WORKERS: Final = 2
# Connections of a worker's pool from its start on: by them is seen when it is ready, and when not.
_POOL: Final = 5
_FULL_POOLS: Final = {"FLORIN_POOL_SIZE_MIN": str(_POOL), "FLORIN_POOL_SIZE_MAX": str(_POOL)}
_SESSIONS_MAX: Final = 1000
# uvicorn looks after its workers every half second; a new one imports everything, which takes
# seconds where several do it on two busy cores.
_RESTART_SECONDS: Final = 30.0
# FLORIN_SHUTDOWN_TIMEOUT_SECONDS (15) is what requests in flight are given; and some to leave.
_DRAIN_SECONDS_MAX: Final = 17.0
_POLL_SECONDS: Final = 0.05
# After so many that no client felt, something else is wrong.
_KILLS_MAX: Final = 20


async def _kill_a_worker(stage: Stage) -> None:
    """Kill the one that has the most clients; the other has to serve them all meanwhile."""
    until = time.monotonic() + stage.seconds
    await _sessions(stage, at_least=_WORKERS * _POOL)
    for killed in itertools.count(1):
        stage.florin.kill_worker(stage.florin.busiest_pid())
        stage.is_over()
        await _sessions(stage, fewer_than=_WORKERS * _POOL)
        # The supervisor brings it back, and nobody else does.
        await _sessions(stage, at_least=_WORKERS * _POOL)
        # At the moment of a kill all of its clients may be between two requests.
        if time.monotonic() > until and (stage.recorder.unknown() or killed == _KILLS_MAX):
            return


async def _sessions(stage: Stage, *, at_least: int = 0, fewer_than: int = _SESSIONS_MAX) -> None:
    """Wait until Florin has so many: a worker that is ready has filled its pool."""
    async with asyncio.timeout(_RESTART_SECONDS):
        with stage.postgres.administrator() as conn:
            while not at_least <= checker.sessions(conn)[0] < fewer_than:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)


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
        settings=_FULL_POOLS,
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
