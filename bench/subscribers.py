"""Subscribers while postings arrive: what is lost, what comes twice, how late, and at what memory.

`python -m bench.subscribers`: each subscriber follows an account of its own over a WebSocket, a few
follow everything. Postings are sent at a steady rate, ten in a request, by a process of their own.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Annotated, Any, Final

import msgspec
import psutil
import typer
import websockets
from websockets import Subprotocol

from bench import report, servers
from bench.posting_client import CASH_ACCOUNTS, post
from bench.report import Measured, Table
from server.websocket_messages import SUBPROTOCOL

_EVENTS: Final = """
    subscription ($after: String!, $accounts: [AccountBy!]) {
        ledgerEvents(after: $after, accounts: $accounts) {
            cursor kind transaction { idempotencyKey state }
        }
    }
"""
_OPEN: Final = """
    mutation ($input: OpenAccountInput!) { openAccount(input: $input) { __typename } }
"""
# What is not there so long after the last posting was answered is lost.
_PATIENCE_SECONDS: Final = 60.0
# For what was freed to be given back: the collector of the server runs with its next work.
_SETTLE_SECONDS: Final = 5.0

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Task(msgspec.Struct, frozen=True):
    """What the posting process does."""

    port: int
    accounts: int
    rate: int
    seconds: int
    batch: int


class Subscriber:
    """Notes when each key came, and answers pings."""

    def __init__(self, account: str | None) -> None:
        self.account = account
        self.came: Counter[str] = Counter()
        self.at: dict[str, float] = {}

    async def follow(self, port: int, ready: asyncio.Event) -> None:
        """Until it is cancelled."""
        url = f"ws://127.0.0.1:{port}/graphql"
        async with websockets.connect(
            url, subprotocols=[Subprotocol(SUBPROTOCOL)], ping_interval=None, compression=None
        ) as socket:
            await socket.send('{"type":"connection_init"}')
            assert "connection_ack" in await socket.recv()
            asked = {"query": "{ ledger { eventsThrough } }"}
            await socket.send(json.dumps({"type": "subscribe", "id": "2", "payload": asked}))
            async for frame in socket:
                message = msgspec.json.decode(frame)
                if message["type"] == "ping":
                    await socket.send('{"type":"pong"}')
                elif message["type"] == "next" and message["id"] == "1":
                    key = message["payload"]["data"]["ledgerEvents"]["transaction"]
                    self.came[key["idempotencyKey"]] += 1
                    self.at[key["idempotencyKey"]] = time.time()
                elif message["type"] == "next":
                    after = message["payload"]["data"]["ledger"]["eventsThrough"]
                    await socket.send(json.dumps(self._subscribe(after)))
                    ready.set()
                elif message["type"] != "complete":
                    raise RuntimeError(f"not subscribed: {message}")

    def _subscribe(self, after: str) -> dict[str, object]:
        accounts = None if self.account is None else [{"code": self.account}]
        payload = {"query": _EVENTS, "variables": {"after": after, "accounts": accounts}}
        return {"type": "subscribe", "id": "1", "payload": payload}


class Run(msgspec.Struct, frozen=True):
    """What one run showed."""

    subscribers: int
    unfiltered: int
    posted: int
    seconds: float
    delivered: int
    lost: int
    doubled: int
    latency_ms: tuple[float, float]
    memory_mb: dict[str, float]


@app.command()
def run(
    subscribers: Annotated[int, typer.Option(min=1)] = 200,
    unfiltered: Annotated[int, typer.Option(min=0, help="Follow everything, besides.")] = 5,
    rate: Annotated[int, typer.Option(min=1, help="Postings a second.")] = 500,
    seconds: Annotated[int, typer.Option(min=1)] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Postings in a request.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="With the same server.")] = 2,
) -> None:
    """Follow and post; nothing is asserted. BENCH_DATABASE_URL names another server."""
    with servers.postgresql() as server_url:
        about = report.machine(server_url)
        with (
            servers.ledger(server_url, "subscribers") as url,
            servers.florin(url, workers=1) as port,
        ):
            runs = asyncio.run(
                _rounds(Task(port, subscribers, rate, seconds, batch), unfiltered, rounds)
            )
    measured = Measured(_table(runs), [msgspec.to_builtins(one) for one in runs])
    report.show(measured.table)
    name = f"{about['date'][:10]}-subscribers"
    written = report.save(name, about, {"subscribers": measured})
    print(f"\nKept in bench/results/{written.name} and beside it as JSON.")


async def _rounds(task: Task, unfiltered: int, rounds: int) -> list[Run]:
    await _open_accounts(task)
    server = servers.listener(task.port)
    runs = []
    for number in range(rounds):
        following = [Subscriber(f"s{n}") for n in range(task.accounts)]
        following += [Subscriber(None) for _ in range(unfiltered)]
        runs.append(await _round(following, task, server, f"r{number}"))
        print(f"round {number + 1}: {runs[-1].lost} lost, {runs[-1].doubled} doubled", flush=True)
    return runs


async def _round(
    following: Sequence[Subscriber], task: Task, server: psutil.Process, prefix: str
) -> Run:
    memory = {"before": _megabytes(server)}
    tasks = [await _begun(one, task.port) for one in following]
    memory["all subscribed"] = _megabytes(server)
    began = time.time()
    sent = await _posted(task, prefix)
    posting_seconds = time.time() - began
    expected = [
        [key for key, account in sent.accounts.items() if one.account in {None, account}]
        for one in following
    ]
    await _until_all_came(following, expected)
    memory["all delivered"] = _megabytes(server)
    for one in tasks:
        one.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(_SETTLE_SECONDS)
    memory["after"] = _megabytes(server)
    unfiltered = sum(one.account is None for one in following)
    return Run(
        len(following) - unfiltered,
        unfiltered,
        len(sent.accounts),
        posting_seconds,
        sum(one.came.total() for one in following),
        sum(
            key not in one.came
            for one, keys in zip(following, expected, strict=True)
            for key in keys
        ),
        sum(count - 1 for one in following for count in one.came.values()),
        _spread([1000 * (at - sent.at[key]) for one in following for key, at in one.at.items()]),
        memory,
    )


async def _begun(subscriber: Subscriber, port: int) -> asyncio.Task[None]:
    """A subscriber that follows by now."""
    ready = asyncio.Event()
    following = asyncio.create_task(subscriber.follow(port, ready))
    begun = asyncio.create_task(ready.wait())
    either: set[asyncio.Future[Any]] = {following, begun}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        following.result()
    return following


class _Sent(msgspec.Struct, frozen=True):
    """When each key was sent, and to which account."""

    at: dict[str, float]
    accounts: dict[str, str]


async def _posted(task: Task, prefix: str) -> _Sent:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.posting_client",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=1 << 28,
    )
    asked = msgspec.to_builtins(task) | {"prefix": prefix}
    out, _ = await process.communicate(json.dumps(asked).encode())
    if process.returncode != 0:
        raise RuntimeError("the postings failed")
    return msgspec.json.decode(out, type=_Sent)


async def _until_all_came(
    following: Sequence[Subscriber], expected: Sequence[Sequence[str]]
) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if all(len(one.came) >= len(keys) for one, keys in zip(following, expected, strict=True)):
            return
        await asyncio.sleep(0.1)


async def _open_accounts(task: Task) -> None:
    wanted: list[dict[str, Any]] = [
        {"code": f"cash{number}", "currency": "USD", "normalSide": "DEBIT", "floor": None}
        for number in range(CASH_ACCOUNTS)
    ]
    wanted += [
        {"code": f"s{number}", "currency": "USD", "normalSide": "CREDIT"}
        for number in range(task.accounts)
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", task.port)
    for each in wanted:
        await post(reader, writer, _OPEN, each)
    writer.close()


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    return median(values), quantiles(values, n=100)[98]


def _megabytes(process: psutil.Process) -> float:
    return round(float(process.memory_info().rss) / 1e6, 1)


def _table(runs: Sequence[Run]) -> Table:
    rows = []
    for number, one in enumerate(runs, start=1):
        rows.append(
            (
                f"{number}",
                f"{one.posted / one.seconds:,.0f}",
                f"{one.delivered:,}",
                f"{one.lost}",
                f"{one.doubled}",
                f"{one.latency_ms[0]:,.0f}, {one.latency_ms[1]:,.0f}",
                ", ".join(f"{value:.0f}" for value in one.memory_mb.values()),
            )
        )
    first = runs[0]
    return Table(
        f"{first.subscribers} subscribers, each of its own account, and {first.unfiltered} of all",
        f"{first.posted:,} postings a round, at a steady rate where the machine keeps up. Latency "
        "is from sending the posting to the event's arrival, median and 99th percentile. Memory is "
        "the server's: before, all subscribed, all delivered, seconds after all have left.",
        ("round", "postings a second", "delivered", "lost", "doubled", "latency ms", "memory MB"),
        rows,
    )


if __name__ == "__main__":
    app()
