"""PgBouncer 1.18 in transaction mode between Florin and PostgreSQL."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psycopg

from tests.faults import databases
from tests.faults.databases import Postgres
from tests.faults.scenario import Place, Scenario, SkippedError, Stage
from tests.servers import free_port

# Fewer than Florin's pool: its loans share them, transaction by transaction.
_SERVER_CONNECTIONS: Final = 5
_BETWEEN_STORMS_SECONDS: Final = 0.3
# Longer than a request waits for a connection (2), so that it is felt.
_AWAY_SECONDS: Final = 3.0
_READY_SECONDS_MAX: Final = 10.0
_POLL_SECONDS: Final = 0.05
# PgBouncer waits server_login_retry (1 s here) before it tries PostgreSQL again.
_RECONNECT_SECONDS: Final = 10.0

_INI: Final = """
[databases]
florin = host={socket} port={port} user=postgres dbname=florin
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
server_login_retry = 1
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""

TERMINATE: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = 'florin' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class PgBouncer:
    """The pooler's process, over a folder with its settings."""

    def __init__(self, program: str, folder: Path, postgres: Postgres) -> None:
        self.port = free_port()
        self._settings = folder / "pgbouncer.ini"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        values = {"socket": postgres.data.parent, "port": postgres.port, "folder": folder}
        self._settings.write_text(
            _INI.format(listen=self.port, connections=_SERVER_CONNECTIONS, **values)
        )

    @property
    def url(self) -> str:
        """Florin's way to its database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/florin?sslmode=disable"

    async def start(self) -> None:
        """Start it, and return once it carries."""
        self._process = databases.started(self._program, "--quiet", str(self._settings))
        async with asyncio.timeout(_READY_SECONDS_MAX):
            while not _carries(self.url):
                assert self._process.poll() is None, "pgbouncer ended"
                await asyncio.sleep(_POLL_SECONDS)

    def kill(self) -> None:
        """It is gone, and so is all that it carried."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _carries(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


class _BehindPooler(Place, kw_only=True):
    pooler: PgBouncer


async def _break_both_sides(stage: Stage) -> None:
    """End the pooler's connections to PostgreSQL, again and again; then the pooler itself."""
    assert isinstance(stage.place, _BehindPooler)
    until = time.monotonic() + stage.seconds
    with stage.postgres.administrator() as conn:
        while time.monotonic() < until:
            conn.execute(TERMINATE)
            await asyncio.sleep(_BETWEEN_STORMS_SECONDS)
    stage.place.pooler.kill()
    await asyncio.sleep(_AWAY_SECONDS)
    await stage.place.pooler.start()


@asynccontextmanager
async def _behind_pgbouncer(folder: Path) -> AsyncIterator[Place]:
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SkippedError("pgbouncer is not installed")
    databases.own(folder)
    with databases.running() as postgres:
        pooler = PgBouncer(program, folder, postgres)
        try:
            await pooler.start()
            settings = {"FLORIN_TRANSACTION_POOLER": "true"}
            yield _BehindPooler(postgres, pooler.url, settings, pooler=pooler)
        finally:
            pooler.kill()


SCENARIOS: Final = (
    Scenario(
        "pgbouncer",
        "Behind PgBouncer in transaction mode; its connections are ended, then it is killed.",
        _break_both_sides,
        place=_behind_pgbouncer,
        bound_seconds=_RECONNECT_SECONDS,
    ),
)
