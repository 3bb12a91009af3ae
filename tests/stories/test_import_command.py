"""`florin import` and `florin export` as they are typed: statuses, pipes, signals and outages.

What is interrupted is fed line by line through a pipe, so that it is in the middle for certain.
"""

import asyncio
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from ledger.transactions import BATCH_MAX
from tests import transfers
from tests.integrity import assert_sound
from tests.transfers import CASH, WALLET, command, environment, florin, lines

ACCOUNTS = lines(CASH, WALLET)


def posts(count: int, *, first: int = 0) -> bytes:
    return lines(*transfers.posts(count, first=first))


def posted(database_url: str) -> int:
    """How many transactions there are."""
    with psycopg.connect(database_url) as conn:
        row = conn.execute("SELECT count(*) FROM florin.transactions").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def at_work(
    database_url: str, *, patience_seconds: float = 0.2
) -> Iterator["subprocess.Popen[bytes]"]:
    """An import from a pipe that has done two accounts and a whole batch, and waits for more.

    Line 1003 is read, and its batch is not full.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603 - our own
        command("import", "-", "--patience", str(patience_seconds)),
        env=environment(database_url),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
    ) as process:
        try:
            _feed(process, ACCOUNTS + posts(BATCH_MAX + 1))
            _wait_until_posted(database_url, BATCH_MAX)
            yield process
        finally:
            process.kill()


def _feed(process: "subprocess.Popen[bytes]", content: bytes) -> None:
    _pipe(process.stdin).write(content)
    _pipe(process.stdin).flush()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _wait_until_posted(database_url: str, count: int) -> None:
    deadline = time.monotonic() + 60
    while posted(database_url) < count:
        assert time.monotonic() < deadline, "The import did not get on."
        time.sleep(0.05)


def _ended(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    """The status and what went to standard error, once the process has ended by itself."""
    said = _pipe(process.stderr).read().decode()
    return process.wait(timeout=30), said


@contextmanager
def _away(server_url: str, database_url: str) -> Iterator[None]:
    """The database lets nobody in while the block runs."""
    name = Identifier(str(conninfo_to_dict(database_url)["dbname"]))
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [conninfo_to_dict(database_url)["dbname"]],
            )
            yield
        finally:
            admin.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_import_says_which_line_to_go_on_with(
    database_url: str, tmp_path: Path, number: int
) -> None:
    with at_work(database_url) as process:
        process.send_signal(number)
        status, said = _ended(process)
    assert status == 3
    assert "Interrupted." in said
    assert "All through line 1002 is done; go on with --from-line 1003." in said
    assert posted(database_url) == BATCH_MAX
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(ACCOUNTS + posts(BATCH_MAX + 5))
    again = florin(database_url, "import", str(file), "--from-line", "1003")
    assert again.returncode == 0
    assert b"5 done, 0 there already, 0 refused." in again.stdout
    assert posted(database_url) == BATCH_MAX + 5
    asyncio.run(assert_sound(database_url))


def test_an_import_that_was_killed_is_run_again_from_the_start(database_url: str) -> None:
    with at_work(database_url) as process:
        process.kill()
        assert process.wait(timeout=30) == -signal.SIGKILL
    again = florin(database_url, "import", "-", given=ACCOUNTS + posts(BATCH_MAX + 5))
    assert again.returncode == 0
    assert b"5 done, 1,002 there already, 0 refused." in again.stdout
    assert posted(database_url) == BATCH_MAX + 5
    asyncio.run(assert_sound(database_url))


def test_an_outage_ends_an_import_where_it_can_go_on(server_url: str, database_url: str) -> None:
    with at_work(database_url) as process, _away(server_url, database_url):
        _feed(process, posts(BATCH_MAX, first=BATCH_MAX + 1))
        status, said = _ended(process)
    assert status == 3
    assert "could not be carried out" in said
    assert "All through line 1002 is done; go on with --from-line 1003." in said
    assert posted(database_url) == BATCH_MAX


def test_an_import_waits_for_a_database_that_comes_back(server_url: str, database_url: str) -> None:
    with at_work(database_url, patience_seconds=60) as process:
        with _away(server_url, database_url):
            _feed(process, posts(BATCH_MAX, first=BATCH_MAX + 1))
            _pipe(process.stdin).close()
            # The pool says so when it cannot connect.
            assert b"error connecting" in _pipe(process.stderr).readline()
        status, _ = _ended(process)
    assert status == 0
    assert posted(database_url) == 2 * BATCH_MAX + 1
    asyncio.run(assert_sound(database_url))


def test_the_status_says_how_it_ended(
    database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(ACCOUNTS + posts(2) + b"nonsense\n")
    refused = florin(database_url, "import", str(file))
    assert (refused.returncode, refused.stderr) == (1, b"")
    assert b"4 done, 0 there already, 1 refused." in refused.stdout
    assert b"jq -r .line" in refused.stdout
    missing = florin(database_url, "import", str(tmp_path / "nothing.jsonl"))
    assert missing.returncode == 2
    assert b"No such file" in missing.stderr
    unfit = florin(empty_database_url, "import", str(file))
    assert unfit.returncode == 2
    assert b"florin migrate" in unfit.stderr
    unfit = florin(empty_database_url, "export")
    assert (unfit.returncode, unfit.stdout) == (2, b"")


def test_what_is_exported_to_a_pipe_is_what_is_exported_to_a_file(
    database_url: str, other_database_url: str, tmp_path: Path
) -> None:
    assert florin(database_url, "import", "-", given=ACCOUNTS + posts(3)).returncode == 0
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(b"as it was before")
    written = florin(database_url, "export", "--output", str(file))
    assert (written.returncode, written.stdout) == (0, b"")
    assert re.fullmatch(rb"6 lines in .* a second\.\n", written.stderr)
    piped = florin(database_url, "export")
    assert (piped.returncode, piped.stdout) == (0, file.read_bytes())
    assert list(tmp_path.iterdir()) == [file]
    assert florin(other_database_url, "import", "-", given=piped.stdout).returncode == 0
    assert florin(other_database_url, "export").stdout == piped.stdout
