"""One client process: builds its requests, waits for the word, and sends until time is up.

A process of its own and no client library, so that as little as possible of what is measured is
the client. A task comes as a line of JSON; "ready" goes out, any line starts it, the rate goes out.
"""

import http.client
import itertools
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from bench import batches

# More than can be used up in the time: bodies are built before the clock runs.
_TRANSACTIONS_PER_SECOND_MAX: Final = 40_000
_REQUESTS_PER_SECOND_MAX: Final = 3_000
# From this size on each request has a connection of its own, so that of several workers whichever
# is idle accepts it; a small request would cost less than its connection.
_RECONNECT_SIZE: Final = 100


class Task(msgspec.Struct, frozen=True):
    """What one client process does."""

    port: int
    query: str
    size: int
    seconds: float
    connections: int


def main() -> None:
    """Serve one task on standard input and output."""
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    rate = min(_REQUESTS_PER_SECOND_MAX, _TRANSACTIONS_PER_SECOND_MAX // task.size)
    count = max(10, int(rate * task.seconds / task.connections))
    source = batches.bodies(task.query, task.size)
    work = [list(itertools.islice(source, count)) for _ in range(task.connections)]
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(task.connections) as pool:
        rates = list(pool.map(lambda bodies: _send(task, bodies), work))
    print(sum(rates), flush=True)


def _send(task: Task, bodies: list[bytes]) -> float:
    """Transactions a second, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", task.port, timeout=60)
    headers = {"Content-Type": "application/json"}
    if task.size >= _RECONNECT_SIZE:
        headers["Connection"] = "close"
    start = now = time.perf_counter()
    sent = 0
    for body in bodies:
        connection.request("POST", "/graphql", body, headers)
        response = connection.getresponse()
        content = response.read()
        if response.status != http.HTTPStatus.OK or b'"committed":true' not in content:
            raise RuntimeError(f"not committed: {response.status} {content[:500]!r}")
        sent += task.size
        now = time.perf_counter()
        if now - start >= task.seconds:
            break
    connection.close()
    return sent / (now - start)


if __name__ == "__main__":
    main()
