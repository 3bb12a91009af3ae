"""More clients than can be served: what is refused is refused at once, the rest is served."""

import asyncio
import sys
import time
from statistics import median
from typing import Final

import httpx
import psutil

from tests.faults.load import Load
from tests.faults.recorder import Acknowledged
from tests.faults.scenario import Scenario, Stage

# Of which the settings have fewer run and wait; but all those of the load, who stay.
_CLIENTS: Final = 60
_SETTINGS: Final = {"FLORIN_RUNNING_MAX": "2", "FLORIN_WAITING_MAX": "12"}
_PROBE_SECONDS: Final = 0.1
# Python's own, of a process that has just begun to work.
_MEGABYTES_MORE: Final = 25.0


async def _overload(stage: Stage) -> None:
    process = psutil.Process(stage.florin.process.pid)
    before = process.memory_info().rss / 1e6
    calm = _median_ms(stage, 0.0)
    began = time.monotonic()
    async with (
        Load(stage.florin.address, stage.recorder, clients=_CLIENTS, seed=13) as crowd,
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
    ):
        while time.monotonic() < began + stage.seconds:
            await asyncio.sleep(_PROBE_SECONDS)
            health = await client.get(f"{stage.florin.address}/healthz")
            if health.status_code != 200:
                stage.problems.append(f"/healthz: {health.status_code}")
        metrics = (await client.get(f"{stage.florin.address}/metrics")).text
        await crowd.stop()
    stage.is_over()
    grown = process.memory_info().rss / 1e6 - before
    if grown > _MEGABYTES_MORE:
        stage.problems.append(f"memory grew by {grown:.0f} MB")
    heard = stage.recorder.unknown()
    if set(heard) - {"503"}:
        stage.problems.append(f"other answers than 503: {dict(heard)}")
    if 'florin_rejected_total{reason="overload"}' not in metrics:
        stage.problems.append("what was refused was not counted")
    # Printed and not asserted: a busy machine has times of its own.
    sys.stdout.write(
        f"overload: {heard['503']} refused, {stage.recorder.acknowledged} keys acknowledged; "
        f"median {calm:.0f} ms before, {_median_ms(stage, began):.0f} ms meanwhile; "
        f"{grown:+.1f} MB\n"
    )


def _median_ms(stage: Stage, since: float) -> float:
    """Of the acknowledged requests."""
    return median(
        1000 * (one.ended_at - one.began_at)
        for one in stage.recorder.attempts
        if isinstance(one.outcome, Acknowledged) and one.began_at >= since
    )


SCENARIOS: Final = (
    Scenario(
        "overload",
        "Many times more clients than may run and wait: who is refused hears 503 at once.",
        _overload,
        # Some seconds after the overflow, it is found out that it is over.
        bound_seconds=10.0,
        settings=_SETTINGS,
    ),
)
