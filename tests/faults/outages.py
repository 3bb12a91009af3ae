"""A database that goes away: stopped as by a crash, its backends ended, its rooms full."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import psycopg

from tests.faults import databases
from tests.faults.scenario import Place, Scenario, Stage

# Connections are made anew when they are asked for. Those who ask while there are none wait for
# pool_timeout_seconds, and the pool tries again with pauses that grow: 1, 2, 4 s and so on.
_RECONNECT_SECONDS: Final = 10.0
# Shorter than by default (2), so that an outage of a few seconds is longer: postings share a
# connection and wait for it together.
_HURRIED: Final = {"FLORIN_POOL_TIMEOUT_SECONDS": "1"}
_BETWEEN_STORMS_SECONDS: Final = 0.1
# A little more than Florin's pool and what `florin doctor` wants to be left.
_CONNECTIONS_MAX: Final = 24

TERMINATE: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'florin' AND pid <> pg_backend_pid()
"""


async def _crash(stage: Stage) -> None:
    await asyncio.to_thread(stage.postgres.stop, "immediate")
    await asyncio.sleep(stage.seconds)
    await asyncio.to_thread(stage.postgres.start)


async def _terminate(stage: Stage) -> None:
    until = time.monotonic() + stage.seconds
    with stage.postgres.administrator() as conn:
        while time.monotonic() < until:
            conn.execute(TERMINATE)
            await asyncio.sleep(_BETWEEN_STORMS_SECONDS)


async def _take_all(stage: Stage) -> None:
    """Take every connection that there is, Florin's as soon as it lets go of them."""
    until = time.monotonic() + stage.seconds
    with ExitStack() as taken, stage.postgres.administrator() as conn:
        while time.monotonic() < until:
            conn.execute(TERMINATE)
            while _take_one(stage, taken):
                pass
            await asyncio.sleep(_BETWEEN_STORMS_SECONDS)


def _take_one(stage: Stage, taken: ExitStack) -> bool:
    """Whether there was another."""
    try:
        taken.enter_context(psycopg.connect(stage.postgres.url, connect_timeout=5))
    except psycopg.OperationalError:
        return False
    return True


@asynccontextmanager
async def _small(_folder: Path) -> AsyncIterator[Place]:
    """A server that has few connections."""
    with databases.running({"max_connections": str(_CONNECTIONS_MAX)}) as postgres:
        yield Place(postgres, postgres.url)


SCENARIOS: Final = (
    Scenario(
        "postgres-crashed",
        "PostgreSQL is stopped as by a crash (pg_ctl stop -m immediate) and started again.",
        _crash,
        settings=_HURRIED,
        bound_seconds=_RECONNECT_SECONDS,
    ),
    Scenario(
        "backends-terminated",
        "Every backend is terminated, again and again.",
        _terminate,
    ),
    Scenario(
        "connections-taken",
        "Others take every connection that PostgreSQL has, and give them back.",
        _take_all,
        place=_small,
        settings=_HURRIED,
        bound_seconds=_RECONNECT_SECONDS,
    ),
)
