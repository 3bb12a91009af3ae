"""`{ __typename }` through Florin's endpoint and through Strawberry's own view, in turns."""

import contextlib
import subprocess
import sys
from collections.abc import Mapping
from statistics import median
from typing import Final

import msgspec

from bench import servers
from bench.report import Measured, Table
from bench.requests_client import Task

_OURS: Final = "Florin"
_STRAWBERRY: Final = "Strawberry's ASGI view with ParserCache and ValidationCache"
_CONNECTIONS: Final = 16
_TURN_SECONDS: Final = 1.0


def measure(server_url: str, *, seconds: int, rounds: int) -> Measured:
    """Requests a second of both, one figure a turn; either begins every other time."""
    rates: dict[str, list[float]] = {_OURS: [], _STRAWBERRY: []}
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(servers.ledger(server_url, "endpoint"))
        ports = {
            _OURS: stack.enter_context(servers.florin(url, workers=1)),
            _STRAWBERRY: stack.enter_context(servers.strawberry_view()),
        }
        # Short turns, so that a slow moment of the machine hits both.
        for number in range(rounds * seconds):
            for name in sorted(ports, reverse=bool(number % 2)):
                rates[name].append(_rate(ports[name], _TURN_SECONDS))
    return Measured(_table(rates), rates)


def _rate(port: int, seconds: float) -> float:
    task = msgspec.json.encode(Task(port, seconds, _CONNECTIONS)).decode()
    with subprocess.Popen(
        [sys.executable, "-m", "bench.requests_client"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(f"{task}\n")
        client.stdin.flush()
        assert client.stdout.readline() == "ready\n"
        client.stdin.write("go\n")
        client.stdin.flush()
        return float(client.stdout.readline())


def _table(rates: Mapping[str, list[float]]) -> Table:
    ours, theirs = (median(rates[name]) for name in (_OURS, _STRAWBERRY))
    return Table(
        "{ __typename } over HTTP",
        "Requests a second: median (lowest to highest turn of a second). One process each, served "
        f"by uvicorn; {_CONNECTIONS} connections of one client process.",
        ("endpoint", "requests a second", "ratio"),
        [
            (
                name,
                f"{median(rates[name]):,.0f} ({min(rates[name]):,.0f} to {max(rates[name]):,.0f})",
                f"{ratio:.2f}",
            )
            for name, ratio in ((_OURS, ours / theirs), (_STRAWBERRY, 1.0))
        ],
    )
