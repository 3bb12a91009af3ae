"""Everything at once for a long time, while things break: nothing leaks, nothing is lost.

`python -m tests.faults soak --seconds 3600`. The first third is for warming up: pools, caches and
Python's memory reach their sizes. From then on nothing may grow from the second third to the last,
but for an allowance: of the server's file descriptors and tasks, which come and go with clients,
the least that there were, which a leak raises; of its memory the median.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Sequence
from random import Random
from statistics import median
from typing import Final

import httpx
import msgspec
import psutil
import psycopg

from tests.faults.mixture import Mixture
from tests.faults.outages import TERMINATE
from tests.faults.scenario import Scenario, Stage

_SAMPLE_SECONDS: Final = 2.0
_SAY_SECONDS: Final = 60.0
# So often something breaks; and of so many times once it is all of PostgreSQL.
_BETWEEN_FAULTS_SECONDS: Final = 8.0
_CRASH_ONE_OF: Final = 6
_LOCKED_SECONDS: Final = 2.5
_DOWN_SECONDS: Final = 1.0
# A crash's recovery, and the pool's own pauses after it.
_RECOVERY_SECONDS: Final = 15.0
# There is no moment without clients: the least that is open differs by some of them.
_DESCRIPTORS_MORE: Final = 10
_TASKS_MORE: Final = 15
# What the collector has not looked at yet, and pages that Python keeps.
_MEMORY_MORE: Final = 1.05
_MEGABYTES_MORE: Final = 6.0

# In the order in which postings lock them, or it would be a deadlock.
LOCK: Final = "SELECT 1 FROM florin.accounts ORDER BY account_id FOR UPDATE"


class Sample(msgspec.Struct, frozen=True):
    """The server's process at one moment; tasks are the event loop's."""

    at: float
    descriptors: int
    tasks: int
    megabytes: float


class Samples(list[Sample]):
    """In the order of time."""

    def descriptors(self) -> int:
        """The fewest."""
        return min(one.descriptors for one in self)

    def tasks(self) -> int:
        """The fewest."""
        return min(one.tasks for one in self)

    def megabytes(self) -> float:
        """Their median."""
        return median(one.megabytes for one in self)

    def __str__(self) -> str:
        least = f"at least {self.descriptors()} descriptors, {self.tasks()} tasks"
        return f"{least}; {self.megabytes():.1f} MB"


async def _soak(stage: Stage) -> None:
    samples = Samples()
    began = time.monotonic()
    async with Mixture(stage.florin.address) as mixture, asyncio.TaskGroup() as group:
        sampling = group.create_task(_sample(stage, samples, began))
        await _break(stage, until=began + stage.seconds)
        sampling.cancel()
    # Who leaves has no answer, and recovery is when everybody has one.
    stage.load.vanishing = 0.0
    stage.is_over()
    stage.problems += [f"{what}, {count} times" for what, count in mixture.problems.items()]
    stage.problems += _grown(samples)
    _say(f"soak: {dict(sorted(mixture.done.items()))}")


async def _break(stage: Stage, *, until: float) -> None:
    """Something every few seconds: backends terminated, rows locked, all of PostgreSQL crashed."""
    random = Random(11)  # noqa: S311 - nothing to keep secret
    for number in itertools.count(1):
        pause = _BETWEEN_FAULTS_SECONDS * random.uniform(0.5, 1.5)
        if time.monotonic() + pause > until:
            await asyncio.sleep(max(0.0, until - time.monotonic()))
            return
        await asyncio.sleep(pause)
        if number % _CRASH_ONE_OF == 0:
            await asyncio.to_thread(stage.postgres.stop, "immediate")
            await asyncio.sleep(_DOWN_SECONDS)
            await asyncio.to_thread(stage.postgres.start)
        elif number % 2:
            with stage.postgres.administrator() as conn:
                conn.execute(TERMINATE)
        else:
            await _hold_up(stage)


async def _hold_up(stage: Stage) -> None:
    """Every posting's statements take as long as somebody else holds the accounts."""
    with stage.postgres.administrator() as conn, conn.transaction():
        conn.execute("SET LOCAL lock_timeout = '5s'")
        try:
            await asyncio.to_thread(conn.execute, LOCK)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            return
        await asyncio.sleep(_LOCKED_SECONDS)


async def _sample(stage: Stage, samples: Samples, began: float) -> None:
    process = psutil.Process(stage.florin.process.pid)
    said = began
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        while True:
            await asyncio.sleep(_SAMPLE_SECONDS)
            tasks = await _tasks(client, stage)
            if tasks is None:
                continue
            now = time.monotonic()
            megabytes = process.memory_info().rss / 1e6
            samples.append(Sample(now - began, process.num_fds(), tasks, megabytes))
            if now - said > _SAY_SECONDS:
                said = now
                late = Samples(one for one in samples if one.at > now - began - _SAY_SECONDS)
                _say(f"soak: {now - began:.0f} s: {late}")


async def _tasks(client: httpx.AsyncClient, stage: Stage) -> int | None:
    """How many there are; None while nobody can say who asks."""
    answer = await client.get(f"{stage.florin.address}/metrics")
    for line in answer.text.splitlines():
        if line.startswith("florin_tasks "):
            return int(float(line.split()[1]))
    return None


def _grown(samples: Samples) -> Sequence[str]:
    """What grew from the second third to the last."""
    end = samples[-1].at
    second = Samples(one for one in samples if end / 3 < one.at <= end * 2 / 3)
    last = Samples(one for one in samples if one.at > end * 2 / 3)
    _say(f"soak: second third: {second}\nsoak: last third: {last}")
    problems = []
    if last.descriptors() > second.descriptors() + _DESCRIPTORS_MORE:
        problems.append(f"descriptors grow: {second.descriptors()} to {last.descriptors()}")
    if last.tasks() > second.tasks() + _TASKS_MORE:
        problems.append(f"tasks grow: {second.tasks()} to {last.tasks()}")
    if last.megabytes() > second.megabytes() * _MEMORY_MORE + _MEGABYTES_MORE:
        problems.append(f"memory grows: {second.megabytes():.1f} to {last.megabytes():.1f} MB")
    return problems


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


SCENARIOS: Final = (
    Scenario(
        "soak",
        "Mixed load for as long as it is told, with backends terminated, PostgreSQL crashed and "
        "rows locked now and then: no connection, task, descriptor or memory is leaked.",
        _soak,
        bound_seconds=_RECOVERY_SECONDS,
        vanishing=0.05,
    ),
)
