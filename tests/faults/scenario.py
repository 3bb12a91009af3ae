"""What a scenario is: a fault, where it happens, and within how many seconds it has to be over."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from tests.faults import databases
from tests.faults.databases import Postgres
from tests.faults.florin import Florin
from tests.faults.load import Load
from tests.faults.recorder import Recorder

# Florin polls nothing and waits for nobody before it serves again: a connection that is gone is
# replaced when it is next asked for. What is left is a busy machine.
AT_ONCE_SECONDS: Final = 5.0


class SkippedError(Exception):
    """Why a scenario cannot be run on this machine."""


class Place(msgspec.Struct):
    """The database of a scenario, and the way that Florin has to it; what is between, in kinds."""

    # Where the checker reads; another one after a failover.
    postgres: Postgres
    florin_url: str
    # Florin's, by their environment variables; a scenario's own come on top.
    settings: Mapping[str, str] = {}


class Stage(msgspec.Struct):
    """What a fault is let loose on, and for how long."""

    place: Place
    florin: Florin
    load: Load
    recorder: Recorder
    seconds: float
    # When the fault was over, by the monotonic clock; unless told, when its function returns.
    over_at: float = 0.0
    # What the fault itself found wrong.
    problems: list[str] = []

    @property
    def postgres(self) -> Postgres:
        """The scenario's database server."""
        return self.place.postgres

    def is_over(self) -> None:
        """The fault ends here: from now on it is recovery."""
        self.over_at = time.monotonic()


Fault: TypeAlias = Callable[[Stage], Awaitable[None]]
Places: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Place]]


@asynccontextmanager
async def own_postgres(_folder: Path) -> AsyncIterator[Place]:
    """A server that only this scenario uses, over its Unix socket."""
    with databases.running() as postgres:
        yield Place(postgres, postgres.url)


class Scenario(msgspec.Struct, frozen=True):
    """One fault under load."""

    name: str
    # What holds, in a sentence; for those who read the output.
    promise: str
    fault: Fault
    # Within how many seconds of the fault's end postings are acknowledged again, and why so many.
    bound_seconds: float = AT_ONCE_SECONDS
    place: Places = own_postgres
    workers: int = 1
    settings: Mapping[str, str] = {}
    # The share of requests whose client leaves while it is answered.
    vanishing: float = 0.0
    # Whether some client must have been left without an answer: a fault that nobody feels would
    # prove nothing.
    is_felt: bool = True
    # Whether the fault itself stops Florin, and starts it again.
    restarts: bool = False
