"""A real `florin serve` that can be killed, all of it or a worker, and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil

from tests.servers import free_port

ROOT: Final = Path(__file__).parent.parent.parent
# Imports take a second or two on a busy machine; with four workers, each its own.
_READY_SECONDS_MAX: Final = 60
_POLL_SECONDS: Final = 0.05


class Florin:
    """The server's processes, its address, and what it wrote to its log."""

    def __init__(
        self, database_url: str, log: Path, *, workers: int, settings: Mapping[str, str]
    ) -> None:
        self.workers = workers
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._environment = {**os.environ, **settings, "DATABASE_URL": database_url}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """What was started: the only process, or the workers' supervisor."""
        assert self._process is not None
        return self._process

    async def start(self) -> None:
        """Start it, and return once it is ready."""
        command = [sys.executable, "-m", "server", "serve", "--port", str(self.port)]
        command += ["--workers", str(self.workers)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - at once; our own
                command, env=self._environment, cwd=ROOT, stdout=log, stderr=log
            )
        await self.is_ready()

    async def is_ready(self) -> None:
        """Wait until it says so."""
        async with asyncio.timeout(_READY_SECONDS_MAX), httpx.AsyncClient() as client:
            while not await self._says_so(client):
                assert self.process.poll() is None, f"florin serve ended: {self.tail()}"
                await asyncio.sleep(_POLL_SECONDS)

    async def _says_so(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self.address}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    def busiest_pid(self) -> int:
        """The process that has the most clients at this moment."""
        started = psutil.Process(self.process.pid)
        busiest: int = max([started, *started.children()], key=self._clients_of).pid
        return busiest

    def _clients_of(self, process: psutil.Process) -> int:
        try:
            sockets = process.net_connections(kind="tcp4")
        except psutil.NoSuchProcess:
            return 0
        established = [one for one in sockets if one.status == psutil.CONN_ESTABLISHED]
        return sum(one.laddr.port == self.port for one in established)

    def kill_worker(self, pid: int) -> None:
        """Kill one of them; nobody is asked."""
        os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill every process at one blow, the supervisor first: it shall start nothing."""
        everything = [*psutil.Process(self.process.pid).children(recursive=True)]
        self.process.kill()
        for one in everything:
            one.kill()
        psutil.wait_procs(everything)
        self.process.wait()

    async def terminate(self, seconds_max: float) -> int:
        """Ask it to stop, as a supervisor would; its exit status, within so many seconds."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, seconds_max)

    def close(self) -> None:
        """Whatever still runs of it, runs no longer."""
        if self._process is not None and self._process.poll() is None:
            self.kill_all()

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def faults(self) -> list[str]:
        """The tracebacks in its log: an outage is a warning there, and only a bug has one."""
        text = self.log.read_text(errors="replace")
        return [line for line in text.splitlines() if line.startswith("Traceback ")]


@asynccontextmanager
async def serving(
    database_url: str,
    log: Path,
    *,
    workers: int = 1,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Florin]:
    """A server that is ready; killed when the block ends, if it still runs."""
    florin = Florin(database_url, log, workers=workers, settings=settings or {})
    try:
        await florin.start()
        yield florin
    finally:
        florin.close()
