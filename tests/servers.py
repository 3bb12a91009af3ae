"""A real `florin serve`: a process of its own that answers on a port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

_READY_SECONDS_MAX = 60
_STOPPED_SECONDS_MAX = 30


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(database_url: str, *options: str, port: int | None = None) -> Iterator[str]:
    """The address of a server over this database, which is ready, until the block ends.

    `options` are for the command line. On leaving, the server is asked to stop as a supervisor
    would ask, and has to do so in good order.
    """
    chosen = port or free_port()
    command = [sys.executable, "-m", "server", "serve", "--port", str(chosen), *options]
    environment = {**os.environ, "DATABASE_URL": database_url}
    address = f"http://127.0.0.1:{chosen}"
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - our own
        try:
            _wait_until_ready(f"{address}/readyz", process)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=_STOPPED_SECONDS_MAX)
    assert status == 0


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _READY_SECONDS_MAX
    while time.monotonic() < deadline:
        assert process.poll() is None, "florin serve ended"
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("florin serve was not ready in time.")
