"""Whether reads slow down as a ledger grows: the same account at several sizes, in turns.

Each size is a database of its own that is a copy of the one before, grown further. So everything is
read in the same minute, and a slow one of the machine's does not hit one size only.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
import psycopg
import typer
import uvloop
from psycopg.conninfo import conninfo_to_dict

from bench import buffers, growth_report, reads, report, servers
from bench.buffers import RecordingCursor
from bench.growth_report import Growth, Verified
from bench.history import History
from bench.reads import READS, Hot
from db import ledgers, loans
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from server.client import Client
from server.settings import Settings

_YEARS: Final = timedelta(days=730)
# What expires in a day, has.
_ENDED: Final = timedelta(days=2)
# Enough for each connection to have prepared and planned every statement for good.
_WARM_UP: Final = 40
_CONNECTIONS: Final = 4
# Counts hardly differ from one moment to the next.
_COUNTED_RUNS: Final = 20


class Site(msgspec.Struct, frozen=True):
    """A ledger of one size, and how long it took to make it from the one before."""

    entries: int
    url: str
    seconds: float
    hot: Hot


def measure(server_url: str, *, sizes: Sequence[int], runs: int) -> Growth:
    """Grow a ledger to each size, read each, and audit each."""
    with (
        ledgers_of(server_url, sizes) as sites,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return Growth(
            milliseconds=runner.run(_time(sites, runs)),
            pages=runner.run(_count(sites, min(runs, _COUNTED_RUNS))),
            plan=runner.run(_plan(sites[-1])),
            generated={site.entries: site.seconds for site in sites},
            verified={site.entries: verify(site.url) for site in sites},
        )


@contextmanager
def ledgers_of(server_url: str, sizes: Sequence[int]) -> Iterator[list[Site]]:
    """A database for each size, in ascending order: two years of history in equal parts of time."""
    ended_at = datetime.now(UTC) - _ENDED
    history = History(ended_at - _YEARS)
    sites: list[Site] = []
    with ExitStack() as stack:
        for number, entries in enumerate(sizes, start=1):
            began = time.perf_counter()
            if sites:
                before = str(conninfo_to_dict(sites[-1].url)["dbname"])
                copy = servers.database(server_url, f"growth_{entries}", template=before)
                url = stack.enter_context(copy)
            else:
                url = stack.enter_context(servers.ledger(server_url, f"growth_{entries}"))
            with psycopg.connect(url) as conn:
                if not sites:
                    history.open_accounts(conn)
                until = ended_at - _YEARS * (1 - number / len(sizes))
                history.grow(conn, entries=entries, until=until)
            seconds = time.perf_counter() - began
            print(f"growth: {entries:,} entries in {seconds:.1f} s", file=sys.stderr)
            sites.append(Site(entries, url, seconds, reads.hot(url)))
        yield sites


async def _time(sites: Sequence[Site], runs: int) -> dict[str, dict[int, list[float]]]:
    """Milliseconds of every read at every site, run by run in an order of chance."""
    spent: dict[str, dict[int, list[float]]] = {
        read.name: {site.entries: [] for site in sites} for read in READS
    }
    pool_settings = msgspec.structs.replace(
        Settings().pool, size_min=_CONNECTIONS, size_max=_CONNECTIONS
    )
    async with AsyncExitStack() as stack:
        turns = []
        for site in sites:
            pool = await stack.enter_async_context(open_pool(site.url, pool_settings))
            client = Client(pool, ledgers.DEFAULT_LEDGER_ID)
            turns += [(site, client, read) for read in READS]
        for run in range(-min(_WARM_UP, runs), runs):
            random.shuffle(turns)
            for site, client, read in turns:
                variables = read.variables(site.hot)
                began = time.perf_counter()
                await client.send(read.document, variables)
                milliseconds = (time.perf_counter() - began) * 1000
                if run >= 0:
                    spent[read.name][site.entries].append(milliseconds)
            if run % 50 == 0:
                print(f"growth: run {run} of {runs}", file=sys.stderr)
    return spent


async def _count(sites: Sequence[Site], runs: int) -> dict[str, dict[int, list[int]]]:
    """Buffer pages of every read at every site."""
    counted: dict[str, dict[int, list[int]]] = {read.name: {} for read in READS}
    for site in sites:
        async with open_pool(site.url, Settings().pool, cursor_factory=RecordingCursor) as pool:
            client = Client(pool, ledgers.DEFAULT_LEDGER_ID)
            for read in READS:
                found = counted[read.name][site.entries] = []
                for _ in range(runs):
                    RecordingCursor.record.clear()
                    await client.send(read.document, read.variables(site.hot))
                    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
                        found.append(await buffers.read_again(conn))
    return counted


async def _plan(site: Site) -> str:
    """How what is posted at a time is read: the steps of its search, and their pages."""
    async with open_pool(site.url, Settings().pool, cursor_factory=RecordingCursor) as pool:
        RecordingCursor.record.clear()
        read = reads.POSTED_RECORDED
        await Client(pool, ledgers.DEFAULT_LEDGER_ID).send(read.document, read.variables(site.hot))
        async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
            return await buffers.last_plan(conn)


def verify(url: str) -> Verified:
    """Run `florin verify` in a process of its own; raises where it finds anything."""
    florin = str(Path(sys.executable).with_name("florin"))
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "bench.peak", florin, "verify"],
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"florin verify ended with {done.returncode}:\n{done.stderr}")
    return msgspec.json.decode(done.stdout, type=Verified)


def main(
    sizes: Annotated[
        str, typer.Option(help="Even numbers of entries, ascending, with commas between.")
    ] = "20000,200000,2000000",
    runs: Annotated[int, typer.Option(min=1, help="How often everything is read.")] = 200,
) -> None:
    """Measure, print, and keep the figures and a picture in `bench/results`."""
    # A supervisor's stop is like Ctrl-C: whatever was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    wanted = [int(size) for size in sizes.split(",")]
    with servers.postgresql() as server_url:
        about = report.machine(server_url)
        growth = measure(server_url, sizes=wanted, runs=runs)
    for table in growth_report.tables(growth):
        report.show(table)
    name = f"{datetime.now(UTC).date().isoformat()}-growth"
    written = growth_report.save(report.RESULTS, name, about, growth)
    print(f"\nKept in bench/results/{written.name}, and beside it as JSON and SVG.")


if __name__ == "__main__":
    typer.run(main)
