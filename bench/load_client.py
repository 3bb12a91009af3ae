"""One client process: sends prepared requests over connections that are kept, each as soon as the
one before is answered.

A process of its own, bytes that were made before the clock runs, and nothing but sockets, so that
as little as possible of what is measured is the client. Each line of standard input is a task and
each line of standard output its outcome, both JSON.
"""

import asyncio
import gc
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

from bench import batches

# Too much at a time: not an answer, but no fault either.
_REFUSALS: Final = (b"429", b"503")
_HEAD: Final = (
    b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: application/json\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
# More than can be used up in the time.
_TRANSACTIONS_PER_SECOND_MAX: Final = 40_000
_REQUESTS_PER_SECOND_MAX: Final = 15_000
# What is sent last is answered within this time, or never.
_PATIENCE_SECONDS: Final = 15.0


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What the process does once: with the bodies of a file, over and over, or with postings.

    ``bodies`` is a file of MessagePack. Otherwise each request posts ``size`` transactions, among
    ``accounts`` accounts where it posts a single one.
    """

    port: int
    seconds: float
    connections: int
    # Each answer has this in it.
    wanted: str
    bodies: str | None = None
    size: int = 1
    accounts: int = batches.ACCOUNTS


class Outcome(msgspec.Struct, frozen=True):
    """What happened: answers and refusals in so many seconds, and milliseconds of the answers."""

    answered: int
    refused: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    # Of one core, that this process took.
    client_core: float


class _Load:
    """What all connections of a task share."""

    def __init__(self, task: Task, requests: Iterator[bytes]) -> None:
        self.requests = requests
        self.wanted = task.wanted.encode()
        self.ends = math.inf
        self.last = 0.0
        self.milliseconds: list[float] = []
        self.refused = 0
        self.failure: str | None = None

    def is_answered(self, head: bytes, body: bytes, sent: float) -> bool:
        """Note an answer; whether to go on."""
        self.last = time.perf_counter()
        status = head[9:12]
        if status == b"200" and self.wanted in body:
            self.milliseconds.append(1000 * (self.last - sent))
        elif status in _REFUSALS:
            self.refused += 1
        else:
            self.failure = (head + b"\r\n\r\n" + body[:500]).decode(errors="replace")
        return self.last < self.ends and self.failure is None


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._received = b""
        self.done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own class, which is no asyncio.Transport by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        """Send the next request, if there is one."""
        request = next(self._load.requests, None)
        if request is None:
            self._end()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        head, separator, body = received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        # Without a length, which none of the servers leaves out, it is taken for whole: a failure.
        if not separator or len(body) < int(length or 0):
            self._received = received
            return
        self._received = b""
        if self._load.is_answered(head, body, self._sent):
            self.send()
        else:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.done is not None and not self.done.done():
            self._load.failure = f"a connection was closed in the middle ({exc})"
            self._end()

    def close(self) -> None:
        self._transport.close()

    def _end(self) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(None)


def main() -> None:
    """Serve tasks until standard input ends."""
    for line in sys.stdin.buffer:
        task = msgspec.json.decode(line, type=Task)
        outcome = uvloop.run(_run(task, _requests(task)))
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.buffer.flush()


def _requests(task: Task) -> Iterator[bytes]:
    """As they go over the wire: all of them in memory before the first is sent."""
    if task.bodies is not None:
        made = msgspec.msgpack.decode(Path(task.bodies).read_bytes(), type=list[bytes])
        return itertools.cycle([_request(task.port, body) for body in made])
    rate = min(_REQUESTS_PER_SECOND_MAX, _TRANSACTIONS_PER_SECOND_MAX // task.size)
    count = task.connections + max(10, int(rate * task.seconds))
    source = (
        batches.single_bodies(accounts=task.accounts)
        if task.size == 1
        else batches.bodies(batches.COMMITTED_AND_IDS, task.size)
    )
    return iter([_request(task.port, body) for body in itertools.islice(source, count)])


def _request(port: int, body: bytes) -> bytes:
    return _HEAD % (port, len(body)) + body


async def _run(task: Task, requests: Iterator[bytes]) -> Outcome:
    load = _Load(task, requests)
    connections = [await _connected(task.port, load) for _ in range(task.connections)]
    load.milliseconds.clear()
    load.refused = 0
    gc.collect()
    gc.disable()
    cpu, began = time.process_time(), time.perf_counter()
    load.ends = began + task.seconds
    await _until_done(connections, _Connection.send, task.seconds)
    cpu = time.process_time() - cpu
    gc.enable()
    for connection in connections:
        connection.close()
    if load.failure is not None:
        raise RuntimeError(f"not answered: {load.failure}")
    return _outcome(load, load.last - began, cpu)


async def _connected(port: int, load: _Load) -> _Connection:
    """A connection that has been answered once.

    One after the other, so that of several processes that accept all have some.
    """
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port)
    load.ends = 0.0
    await _until_done([connection], _Connection.send, 0.0)
    return connection


async def _until_done(
    connections: list[_Connection], start: Callable[[_Connection], None], seconds: float
) -> None:
    loop = asyncio.get_running_loop()
    for connection in connections:
        connection.done = loop.create_future()
    for connection in connections:
        start(connection)
    async with asyncio.timeout(seconds + _PATIENCE_SECONDS):
        for connection in connections:
            assert connection.done is not None
            await connection.done


def _outcome(load: _Load, seconds: float, cpu: float) -> Outcome:
    """In so many seconds, which go on until the last answer."""
    times = sorted(load.milliseconds) or [0.0]
    p50, p95, p99 = (times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
    return Outcome(len(load.milliseconds), load.refused, seconds, p50, p95, p99, cpu / seconds)


if __name__ == "__main__":
    main()
