"""`python -m bench.hostile`: how long each hostile request keeps the event loop, and what stays.

The application runs in this process, without a socket: what is measured is the processor time of
the one thread that everything else would wait for, from the request to the last of its answer.
"""

import asyncio
import gc
import os
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import typer
from pydantic import SecretStr
from starlette.applications import Starlette

from bench import servers
from server import app
from server.settings import Settings
from tests.api import serving
from tests.hostile import seed
from tests.hostile_requests import HostileRequest, every

# What no request should keep everybody else waiting for.
_TARGET_SECONDS: Final = 0.050
_PASSES_FOR_MEMORY: Final = 6
_CHUNK_BYTES: Final = 65_536


class _Answered:
    """What came back of one request, and how long it kept the loop."""

    def __init__(self, seconds: float, status: int) -> None:
        self.seconds = seconds
        self.status = status


def main(
    passes: Annotated[int, typer.Option(min=1, help="How often each is sent.")] = 3,
    worst: Annotated[int, typer.Option(min=1, help="How many to print.")] = 20,
) -> None:
    """Print the worst; nothing is asserted."""
    with servers.postgresql() as server_url, servers.ledger(server_url, "hostile") as url:
        asyncio.run(_measure(url, passes, worst))


async def _measure(database_url: str, passes: int, worst: int) -> None:
    async with serving(database_url) as api:
        await seed(api)
    seconds: dict[str, list[float]] = {}
    statuses: dict[str, int] = {}
    for _ in range(passes):
        # Without what the pass before has left in the memory of documents.
        application = _application(database_url)
        async with application.router.lifespan_context(application):
            for hostile in every():
                answered = await _answer(application, hostile)
                seconds.setdefault(hostile.name, []).append(answered.seconds)
                statuses[hostile.name] = answered.status
    _show(seconds, statuses, worst)
    memory = []
    application = _application(database_url)
    async with application.router.lifespan_context(application):
        for _ in range(_PASSES_FOR_MEMORY):
            for hostile in every():
                await _answer(application, hostile)
            memory.append(_resident_megabytes())
    print(
        "MB of memory after each pass over one application:",
        ", ".join(f"{one:.0f}" for one in memory),
    )


def _application(database_url: str) -> Starlette:
    configured = Settings(
        database_url=SecretStr(database_url), sweep_interval_seconds=0, seal_interval_seconds=0
    )
    return app.create(configured)


async def _answer(application: Starlette, hostile: HostileRequest) -> _Answered:
    body = hostile.make_body()
    chunks = [body[at : at + _CHUNK_BYTES] for at in range(0, len(body), _CHUNK_BYTES)] or [b""]
    last = len(chunks) - 1
    received = iter(enumerate(chunks))
    status = 0
    # Nobody leaves before everything has been said.
    forever = asyncio.Event()

    async def receive() -> dict[str, Any]:
        for number, chunk in received:
            return {"type": "http.request", "body": chunk, "more_body": number < last}
        await forever.wait()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        await asyncio.sleep(0)

    scope = _scope(hostile)
    gc.collect()
    started = time.thread_time()
    await application(scope, receive, send)
    return _Answered(time.thread_time() - started, status)


def _scope(hostile: HostileRequest) -> dict[str, Any]:
    return {
        "type": "http",
        "method": hostile.method,
        "path": "/graphql",
        "query_string": hostile.query_string.encode(),
        "headers": [
            (name.encode(), value.encode("latin-1", "replace")) for name, value in hostile.headers
        ],
    }


def _show(seconds: Mapping[str, list[float]], statuses: Mapping[str, int], worst: int) -> None:
    medians = {name: median(taken) for name, taken in seconds.items()}
    over = sum(one > _TARGET_SECONDS for one in medians.values())
    faults = sum(status == 500 for status in statuses.values())  # noqa: PLR2004 - HTTP's
    print(
        f"{len(medians)} requests; {over} over {_TARGET_SECONDS * 1000:.0f} ms of the event loop; "
        f"{faults} faults. The worst, in ms, with their HTTP status:"
    )
    for name in sorted(medians, key=medians.__getitem__, reverse=True)[:worst]:
        print(f"{medians[name] * 1000:8.1f}  {statuses[name]}  {name}")


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


if __name__ == "__main__":
    typer.run(main)
