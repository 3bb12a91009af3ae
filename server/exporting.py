"""``florin export``: a whole ledger as JSON lines, one moment of it, in constant memory."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import orjson
import psycopg
from rich.console import Console
from rich.progress import Progress

from db import currencies, export, statements
from db.ledgers import DEFAULT_LEDGER_ID
from db.snapshots import open_snapshot
from db.statements import Connection
from server import export_lines, interruptions, loading
from server.export_lines import Line
from server.output import say
from server.settings import Settings

# What the command ends with.
WHOLE: Final = 0
UNABLE: Final = 2
INTERRUPTED: Final = 3

# A line each would take longer to show than to read.
_SHOWN_EVERY_ROWS: Final = 500
_LINE: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

Row = TypeVar("Row")


def run(
    settings: Settings, err: Console, *, output: Path | None, ledger_id: int = DEFAULT_LEDGER_ID
) -> int:
    """Write all lines to ``output``, or to standard output, and return the status to end with.

    A file is there when all of it is, and never before. ``err`` is told the rest.
    """
    began = time.perf_counter()
    try:
        with interruptions.heard() as interruption, interruption.at_once(), _opened(output) as file:
            count = asyncio.run(write(settings, err, file, ledger_id))
    except KeyboardInterrupt:
        say(err, f"Interrupted. {_left(output)}", style="red")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever reads has had enough: for the command line to end as others do.
        raise
    except (OSError, psycopg.Error) as error:
        say(err, f"The ledger could not be exported: {error}", style="red")
        say(err, _left(output), style="red")
        return UNABLE
    seconds = time.perf_counter() - began
    rate = round(count / max(seconds, 1e-9))
    say(err, f"{count:,} lines in {seconds:.1f} s: {rate:,} a second.")
    return WHOLE


async def write(
    settings: Settings, err: Console, file: BinaryIO, ledger_id: int = DEFAULT_LEDGER_ID
) -> int:
    """Write all lines and return how many. Raises psycopg's errors, and the file's own."""
    assert settings.database_url is not None
    count = 0
    async with open_snapshot(settings.database_url.get_secret_value(), ledger_id) as conn:
        # In tables that were never analysed, PostgreSQL might look through all accounts for each
        # transaction.
        await statements.look_up_by_key(conn)
        with loading.progress(err) as bars:
            async for line in lines(conn, bars, ledger_id):
                file.write(line)
                count += 1
    return count


async def lines(
    conn: Connection, bars: Progress, ledger_id: int = DEFAULT_LEDGER_ID
) -> AsyncIterator[bytes]:
    """All lines in the order in which they can be imported, with a bar for each kind."""
    totals = await export.counts(conn, ledger_id)
    iso = {currency.code: currency.exponent for currency in currencies.iso()}
    for currency in await currencies.every(conn, ledger_id):
        if iso.get(currency.code) != currency.exponent:
            for line in export_lines.created(currency):
                yield orjson.dumps(line, option=_LINE)
    sections = (
        _section(bars, "users", totals.users, export.users(conn, ledger_id), export_lines.known),
        _section(
            bars, "accounts", totals.accounts, export.accounts(conn, ledger_id), export_lines.opened
        ),
        _section(
            bars, "events", totals.events, export.events(conn, ledger_id), export_lines.happened
        ),
        _section(
            bars, "limits", totals.accounts, export.accounts(conn, ledger_id), export_lines.limited
        ),
        _section(
            bars, "states", totals.accounts, export.accounts(conn, ledger_id), export_lines.stopped
        ),
    )
    for section in sections:
        async for text in section:
            yield text


async def _section(
    bars: Progress,
    noun: str,
    total: int,
    rows: AsyncIterator[Row],
    lines_of: Callable[[Row], Iterator[Line]],
) -> AsyncIterator[bytes]:
    task = bars.add_task(noun, total=total)
    done = 0
    async for row in rows:
        for line in lines_of(row):
            yield orjson.dumps(line, option=_LINE)
        done += 1
        if done % _SHOWN_EVERY_ROWS == 0:
            bars.update(task, completed=done)
    bars.update(task, completed=total)


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _replaced(output.resolve()) as file:
        yield file


@contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` once the block has ended well."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a file.")
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    with contextlib.ExitStack() as unfinished:
        file = unfinished.enter_context(partial.open("xb"))
        unfinished.callback(partial.unlink, missing_ok=True)
        yield file
        file.flush()
        os.fsync(file.fileno())
        partial.replace(path)


def _left(output: Path | None) -> str:
    if output is None:
        return "What was written is not the whole ledger."
    return f"{output} is as it was before."
