"""One client process that posts over HTTP, as fast as it is answered or as fast as it was told.

"Closed": so many connections, each of which sends again as soon as it is answered. "Open": requests
are due at random moments at a rate, whatever was answered, as those of many independent clients
are; each takes an idle connection, or the next that is. A request's time begins when it is due. A
task comes as JSON on standard input, and what happened goes out as JSON.
"""

import asyncio
import random
import sys
import time
from collections import deque
from typing import Final, cast

import msgspec
import uvloop

from bench import batches

_DOCUMENT: Final = (
    "mutation Post($input: PostTransactionInput!) "
    "{ postTransaction(input: $input) { __typename ... on Refusal { code } } }"
)
_BODY: Final = (
    b'{"query":"' + _DOCUMENT.encode() + b'","variables":{"input":{"idempotencyKey":"%b:%d",'
    b'"postings":[{"debit":{"code":"user:%08d:wallet"},"credit":{"code":"user:%08d:wallet"},'
    b'"amount":"0.01"}]}}}'
)
_HEAD: Final = (
    b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
_PROBE: Final = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_PROBE_SECONDS: Final = 0.02
# What was sent last may take as long as an operation may.
_PATIENCE_SECONDS: Final = 12.0
_SUCCESS: Final = b"PostTransactionSuccess"


class Task(msgspec.Struct, frozen=True):
    """What the process does. Without a rate it is as fast as it is answered."""

    port: int
    seconds: float
    connections: int
    prefix: str
    rate: float | None = None


class Outcome(msgspec.Struct):
    """What happened: milliseconds of each answer by what it was, and of each probe of `/healthz`.

    The latter is answered by the loop alone, so it tells how late the loop is.
    """

    answered: dict[str, list[float]]
    probes: list[float]
    seconds: float
    sent: int
    unanswered: int
    broken: int
    connections: int


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._received = b""
        self.due: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own class, which is no asyncio.Transport by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def send(self, due: float, request: bytes) -> None:
        self.due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        head, separator, body = received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not separator or len(body) < int(length):
            self._received = received
            return
        self._received = b""
        due, self.due = self.due, None
        assert due is not None
        status = head[9:12].decode()
        if status == "200" and _SUCCESS not in body:
            status = body.decode()
        self._client.is_answered(self, status, 1000 * (time.perf_counter() - due))

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.is_lost(self)

    def close(self) -> None:
        self._transport.close()


class Client:
    """Sends what is due, and notes what comes back."""

    def __init__(self, task: Task) -> None:
        self._task = task
        # In turns, so that none is idle for as long as a server bears it.
        self._idle: deque[_Connection] = deque()
        self._open: set[_Connection] = set()
        self._waiting: deque[float] = deque()
        self._ends = 0.0
        self._is_over = False
        self._replacing: set[asyncio.Task[None]] = set()
        self.outcome = Outcome({}, [], 0.0, 0, 0, 0, 0)

    async def run(self) -> Outcome:
        """Everything that the task says."""
        for _ in range(self._task.connections):
            await self._connect()
        began = time.perf_counter()
        self._ends = began + self._task.seconds
        probing = asyncio.create_task(self._probe())
        if self._task.rate is None:
            while self._idle:
                self._post(self._idle.popleft(), time.perf_counter())
            await asyncio.sleep(self._task.seconds)
        else:
            await self._send_what_is_due(self._task.rate)
        self.outcome.seconds = time.perf_counter() - began
        self.outcome.connections = len(self._open)
        self._is_over = True
        await self._until_answered()
        probing.cancel()
        for each in list(self._open):
            each.close()
        return self.outcome

    def is_answered(self, connection: _Connection, what: str, milliseconds: float) -> None:
        """An answer came."""
        self.outcome.answered.setdefault(what, []).append(round(milliseconds, 2))
        now = time.perf_counter()
        if self._waiting:
            self._post(connection, self._waiting.popleft())
        elif self._task.rate is None and now < self._ends:
            self._post(connection, now)
        else:
            self._idle.append(connection)

    def is_lost(self, connection: _Connection) -> None:
        """A connection ended, before its answer or between two."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._is_over:
            return
        self.outcome.broken += connection.due is not None
        # A server closes what is idle for long; clients that come in their stead open another.
        replacing = asyncio.create_task(self._replace())
        self._replacing.add(replacing)
        replacing.add_done_callback(self._replacing.discard)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(
            lambda: _Connection(self), "127.0.0.1", self._task.port
        )
        self._open.add(made)
        self._idle.append(made)

    async def _replace(self) -> None:
        await self._connect()
        if self._waiting:
            self._post(self._idle.pop(), self._waiting.popleft())

    def _post(self, connection: _Connection, due: float) -> None:
        number = self.outcome.sent
        self.outcome.sent += 1
        debit, credit = random.sample(range(batches.ACCOUNTS), 2)
        body = _BODY % (self._task.prefix.encode(), number, debit, credit)
        connection.send(due, _HEAD % len(body) + body)

    async def _send_what_is_due(self, rate: float) -> None:
        due = time.perf_counter()
        while due < self._ends:
            now = time.perf_counter()
            while due <= now:
                self._send_one(due)
                due += random.expovariate(rate)
            await asyncio.sleep(0.001)

    def _send_one(self, due: float) -> None:
        if self._idle:
            self._post(self._idle.popleft(), due)
        else:
            self._waiting.append(due)

    async def _until_answered(self) -> None:
        self.outcome.unanswered = len(self._waiting)
        self._waiting.clear()
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        while any(one.due is not None for one in self._open):
            if time.perf_counter() > deadline:
                break
            await asyncio.sleep(0.01)
        self.outcome.unanswered += sum(one.due is not None for one in self._open)

    async def _probe(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._task.port)
        while True:
            began = time.perf_counter()
            writer.write(_PROBE)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            self.outcome.probes.append(round(1000 * (time.perf_counter() - began), 2))
            await asyncio.sleep(_PROBE_SECONDS)


def main() -> None:
    """Serve one task on standard input and output."""
    task = msgspec.json.decode(sys.stdin.read(), type=Task)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(Client(task).run())))


if __name__ == "__main__":
    main()
