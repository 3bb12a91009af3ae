"""One client process that sends the same small request over and over, on a few connections.

A process of its own and nothing but sockets, so that as little as possible of what is measured is
the client. A task comes as a line of JSON; "ready" goes out, any line starts it, the rate goes out.
"""

import asyncio
import sys
import time
from typing import Final, cast

import msgspec
import uvloop

_BODY: Final = b'{"query":"{ __typename }"}'
_ANSWER: Final = b'"data":{"__typename":"Query"}'


class Task(msgspec.Struct, frozen=True):
    """What one client process does."""

    port: int
    seconds: float
    connections: int


class _Client(asyncio.Protocol):
    """Sends again as soon as it is answered."""

    def __init__(self, port: int) -> None:
        self.answered = 0
        self._received = b""
        self._request = (
            b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: application/json\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        ) % (port, len(_BODY), _BODY)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own class, which is no asyncio.Transport by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        if _ANSWER not in body.replace(b" ", b""):
            raise RuntimeError(f"not answered: {self._received!r}")
        self._received = b""
        self.answered += 1
        self.send()

    def close(self) -> None:
        self._transport.close()


def main() -> None:
    """Serve one task on standard input and output."""
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    print(uvloop.run(_rate(task)), flush=True)


async def _rate(task: Task) -> float:
    """Requests answered a second."""
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: _Client(task.port), "127.0.0.1", task.port))[1]
        for _ in range(task.connections)
    ]
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    started = time.perf_counter()
    for client in clients:
        client.send()
    await asyncio.sleep(task.seconds)
    answered = sum(client.answered for client in clients)
    rate = answered / (time.perf_counter() - started)
    for client in clients:
        client.close()
    return rate


if __name__ == "__main__":
    main()
