"""``florin import``: a file of JSON lines through the API, in order, each of them once.

However often it is run, and wherever it was interrupted, the books are as after one run: what is
there already is recognised by its idempotency key, username or code. Refused lines do not stop it.
"""

import asyncio
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import msgspec
import psycopg
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from db import faults
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from server import import_lines, import_requests, interruptions, refused_lines
from server.client import Client
from server.import_lines import Group, Item, Refused
from server.import_requests import Outcome
from server.interruptions import Interruption
from server.output import say
from server.refused_lines import RefusedLines
from server.settings import Settings

# What the command ends with.
WHOLE: Final = 0
SOME_REFUSED: Final = 1
UNABLE: Final = 2
INTERRUPTED: Final = 3

STANDARD_INPUT: Final = "-"

# Between two attempts on a database that is away; with jitter.
_WAIT: Final = wait_random_exponential(multiplier=0.25, max=4)

# Told how many bytes of the file are done.
_Advance: TypeAlias = Callable[[int], None]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What to import, into which ledger, and how.

    ``refused`` is where refused lines go, if not beside the file; ``patience_seconds`` how long to
    wait for a database that is away.
    """

    file: str
    from_line: int = 1
    refused: Path | None = None
    patience_seconds: float = 30
    ledger_id: int = DEFAULT_LEDGER_ID


class Tally(msgspec.Struct):
    """How far an import is: all through line ``through`` is done, and nothing after it."""

    through: int
    done: int = 0
    there: int = 0
    refused: int = 0

    @property
    def lines(self) -> int:
        """How many there were, but for blank ones."""
        return self.done + self.there + self.refused


def run(settings: Settings, out: Console, err: Console, source: Source) -> int:
    """Import everything, say what became of it, and return the status to end with."""
    began = time.perf_counter()
    tally = Tally(source.from_line - 1)
    refused = RefusedLines(source.refused or refused_lines.beside(source.file))
    problem = None
    try:
        with (
            _opened(source.file) as file,
            refused,
            _progress(err, file) as advance,
            interruptions.heard() as interruption,
        ):
            work = _Import(settings, source, tally, refused, interruption, advance)
            asyncio.run(work.carry_out(file))
    except KeyboardInterrupt:
        problem = "Interrupted."
    except (OSError, psycopg.Error) as error:
        if isinstance(error, psycopg.Error) and not faults.is_outage(error):
            raise
        problem = f"It could not be carried out: {error}"
        if tally.lines == 0:
            say(err, problem, style="red")
            return UNABLE
    _summarise(out, tally, refused.path, seconds=time.perf_counter() - began)
    if problem is not None:
        through = tally.through
        say(err, problem, style="red")
        say(err, f"All through line {through} is done; go on with --from-line {through + 1}.")
        return INTERRUPTED
    return SOME_REFUSED if tally.refused else WHOLE


class _Import:
    def __init__(
        self,
        settings: Settings,
        source: Source,
        tally: Tally,
        refused: RefusedLines,
        interruption: Interruption,
        advance: _Advance,
    ) -> None:
        self._settings = settings
        self._source = source
        self._tally = tally
        self._refused = refused
        self._interruption = interruption
        self._advance = advance

    async def carry_out(self, file: BinaryIO) -> None:
        """Carry out the file group by group; raises what ends an import before its time."""
        settings = self._settings
        assert settings.database_url is not None
        size_max = settings.body_bytes_max
        lines = import_lines.read(file, size_max=size_max)
        wanted = (line for line in lines if line.number >= self._source.from_line)
        groups = import_lines.groups(wanted, size_max=size_max)
        async with open_pool(settings.database_url.get_secret_value(), settings.pool) as pool:
            client = Client(pool, self._source.ledger_id)
            while (group := self._next(groups)) is not None:
                outcomes = await self._patiently(client, group.items) if group.items else []
                self._keep(group, outcomes)

    def _next(self, groups: Iterator[Group]) -> Group | None:
        # Standard input may be slow, and nothing is under way.
        with self._interruption.at_once():
            return next(groups, None)

    async def _patiently(self, client: Client, items: Sequence[Item]) -> list[Outcome]:
        # Whether a lost request was carried out or not: what was, is there already.
        retrying = AsyncRetrying(
            retry=retry_if_exception(faults.is_outage),
            stop=self._is_enough,
            wait=_WAIT,
            reraise=True,
        )
        return await retrying(import_requests.carry_out, client, items)

    def _is_enough(self, state: RetryCallState) -> bool:
        waited = state.seconds_since_start or 0
        return self._interruption.is_asked or waited >= self._source.patience_seconds

    def _keep(self, group: Group, outcomes: Sequence[Outcome]) -> None:
        refused = [*group.refused, *(one for one in outcomes if isinstance(one, Refused))]
        self._refused.write(sorted(refused, key=lambda one: one.number))
        self._tally.done += outcomes.count("DONE")
        self._tally.there += outcomes.count("THERE")
        self._tally.refused += len(refused)
        self._tally.through = group.through
        self._advance(group.end)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as opened:
        yield opened


@contextmanager
def _progress(console: Console, file: BinaryIO) -> Iterator[_Advance]:
    """A bar over the file's bytes, gone when the block ends; silent but on a terminal."""
    status = os.fstat(file.fileno())
    total = status.st_size if stat.S_ISREG(status.st_mode) else None
    columns = (TextColumn("lines"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        task = bars.add_task("lines", total=total)
        yield lambda end: bars.update(task, completed=end)


def _summarise(out: Console, tally: Tally, refused: Path, *, seconds: float) -> None:
    say(
        out,
        f"{tally.lines:,} lines in {seconds:.1f} s, {round(tally.lines / max(seconds, 1e-9)):,} a "
        f"second: {tally.done:,} done, {tally.there:,} there already, {tally.refused:,} refused.",
    )
    if tally.refused:
        say(
            out, f"The refused ones are in {refused}. Mend what `jq -r .line` gives, and import it."
        )
