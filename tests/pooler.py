"""A PgBouncer in transaction mode before the test's database, as Debian packages it."""

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

PGBOUNCER: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_PORT: Final = 6432
_READY_SECONDS_MAX: Final = 20
_CONFIGURATION: Final = """
[databases]
* = {target}
[pgbouncer]
pool_mode = transaction
default_pool_size = {connections}
auth_type = any
listen_port = {port}
unix_socket_dir = {folder}
logfile = {folder}/log
"""


@contextmanager
def transaction_pooler(database_url: str, *, connections: int) -> Iterator[str]:
    """The URL of the same database through a pooler that has so many connections to it."""
    if PGBOUNCER is None:
        if os.environ.get("CI") == "true":
            raise AssertionError("PgBouncer is not installed: apt-get install pgbouncer")
        pytest.skip("PgBouncer is not installed.")
    target = conninfo_to_dict(database_url)
    known = {
        "host": unquote(str(target.get("host", "localhost"))),
        "port": str(target.get("port", 5432)),
        "user": target.get("user", getpass.getuser()),
        "password": target.get("password"),
    }
    words = [f"{name}={value}" for name, value in known.items() if value is not None]
    with tempfile.TemporaryDirectory(prefix="florin-pooler-") as made:
        folder = Path(made)
        # It refuses to run as root, and makes its socket as whoever it runs as.
        folder.chmod(0o777)
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            _CONFIGURATION.format(
                target=" ".join(words), connections=connections, port=_PORT, folder=folder
            )
        )
        configuration.chmod(0o644)
        as_other = ["-u", _somebody(str(known["host"]))] if os.geteuid() == 0 else []
        command = [PGBOUNCER, "-q", *as_other, str(configuration)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
            try:
                url = make_conninfo(database_url, host=str(folder), port=_PORT)
                _wait_until_ready(url, process)
                yield url
            finally:
                process.terminate()


def _somebody(host: str) -> str:
    """Not root, and somebody who may look into the server's folder, where its socket is."""
    return Path(host).owner() if host.startswith("/") else "nobody"


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _READY_SECONDS_MAX
    while time.monotonic() < deadline:
        assert process.poll() is None, "PgBouncer ended."
        try:
            with psycopg.connect(url, connect_timeout=2):
                return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError("PgBouncer was not ready in time.")
