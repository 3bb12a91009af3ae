"""Metrics on a port of their own: of all workers, and of none that is dead."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import pytest

from server import metrics_answers
from tests.measured import samples
from tests.servers import free_port, running
from tests.sockets import PATIENCE_SECONDS


def test_a_port_of_its_own_takes_no_credential() -> None:
    port = free_port()
    with metrics_answers.port("127.0.0.1", port):
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    assert "florin_pool_waiting" in answer.text


def test_a_port_that_is_taken_is_named(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "DATABASE_URL": database_url, "FLORIN_METRICS_PORT": port}
        ended = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "server", "serve", "--port", str(free_port())],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 1
    assert "FLORIN_METRICS_PORT" in ended.stderr


@contextmanager
def several(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Two workers, and where their metrics are without a credential."""
    port = free_port()
    settings = {
        "FLORIN_WORKERS": "2",
        "FLORIN_METRICS_PORT": str(port),
        "FLORIN_POOL_SIZE_MAX": "3",
        "FLORIN_MEASURE_INTERVAL_SECONDS": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with running(database_url) as address:
        yield address, f"http://127.0.0.1:{port}/metrics"


def _pool_max(url: str) -> float:
    return samples(httpx.get(url).text).get(("florin_pool_connections", (("state", "max"),)), 0.0)


def _wait_for(condition: Any) -> None:  # noqa: ANN401
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_port_answers_for_all_workers_and_forgets_the_gauges_of_dead_ones(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with several(database_url, monkeypatch) as (address, url):
        _wait_for(lambda: _pool_max(url) == 6)
        workers = _workers(url)
        assert len(workers) == 2
        for _ in range(20):
            httpx.post(f"{address}/graphql", json={"query": "{ ledger { code } }"})
        count = ("florin_operation_seconds_count", (("kind", "query"), ("outcome", "data")))
        assert samples(httpx.get(url).text)[count] == 20
        assert samples(httpx.get(f"{address}/metrics").text)[count] == 20
        os.kill(workers[0], signal.SIGKILL)
        # At once it is gone from the gauges; another comes in its place.
        _wait_for(lambda: _pool_max(url) == 3)
        _wait_for(lambda: _pool_max(url) == 6)
        assert samples(httpx.get(url).text)[count] == 20


def _workers(url: str) -> list[int]:
    """The processes that serve, below the one that has the metrics' port."""
    port = httpx.URL(url).port
    (parent,) = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.laddr.port == port and one.status == psutil.CONN_LISTEN and one.pid
    }
    children = psutil.Process(parent).children()
    return [one.pid for one in children if "spawn_main" in " ".join(one.cmdline())]
