"""Look-ups by key that the requests of one caller to one ledger share, where that is switched on.

Whoever finds nothing under way reads at once. What is asked for meanwhile is gathered and read in
one statement as soon as there is room. A request only ever joins what has not been sent yet, so
that nothing it is answered was read before it came. Nobody's leaving harms the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from db import loans
from db.pool import Pool
from db.statements import Connection
from resolvers.batch import Batch
from resolvers.loader import BATCH_MAX

# Of one kind at once. With one a slow statement would hold up everybody, with many there would be
# nothing to gather.
_RUNNING_MAX: Final = 2

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")
_Fetch: TypeAlias = Callable[[Connection, int, Sequence[Any]], Awaitable[list[Any]]]


class LookUps:
    """Those of one caller to one ledger."""

    def __init__(self, pool: Pool, ledger_id: int) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._next: dict[_Fetch, Batch[Any, Any]] = {}
        # Those whose next batch is about to be taken.
        self._due: set[_Fetch] = set()
        self._running: dict[_Fetch, set[asyncio.Task[None]]] = {}

    async def find(
        self,
        fetch: Callable[[Connection, int, Sequence[Key]], Awaitable[list[Row]]],
        key_of: Callable[[Row], Key],
        keys: Sequence[Key],
    ) -> Mapping[Key, Row | None]:
        """The rows that ``fetch`` finds by these keys and perhaps others; None where none is.

        Raises the database's and the pool's errors.
        """
        batch = self._next.get(fetch)
        if batch is not None:
            if len(batch.keys) + len(keys) > BATCH_MAX:
                return await self._read(fetch, key_of, keys)
            batch.keys += keys
        else:
            batch = self._next[fetch] = Batch()
            batch.keys += keys
            if len(self._running.get(fetch, ())) < _RUNNING_MAX:
                self._start(fetch, key_of)
        return await batch.over()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._running

    async def close(self) -> None:
        """Cancel what is still read, for the process ends."""
        tasks = [task for running in self._running.values() for task in running]
        self._next.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _start(self, fetch: _Fetch, key_of: Callable[[Any], Any]) -> None:
        def ended(task: asyncio.Task[None]) -> None:
            running = self._running[fetch]
            running.discard(task)
            if fetch in self._next and fetch not in self._due and not task.cancelled():
                self._start(fetch, key_of)
            elif not running:
                del self._running[fetch]

        self._due.add(fetch)
        task = asyncio.create_task(self._run(fetch, key_of))
        self._running.setdefault(fetch, set()).add(task)
        task.add_done_callback(ended)

    async def _run(self, fetch: _Fetch, key_of: Callable[[Any], Any]) -> None:
        # What came in the same turn of the loop is in it by now.
        self._due.discard(fetch)
        batch = self._next.pop(fetch)
        with batch.reading():
            batch.values = await self._read(fetch, key_of, list(dict.fromkeys(batch.keys)))

    async def _read(
        self, fetch: _Fetch, key_of: Callable[[Any], Any], keys: Sequence[Any]
    ) -> Mapping[Any, Any]:
        rows = await loans.read(
            self._pool, self._ledger_id, lambda conn: fetch(conn, self._ledger_id, keys)
        )
        return dict.fromkeys(keys) | {key_of(row): row for row in rows}


class SharedLookUps:
    """Those of all callers, for as long as they are under way."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._of: dict[tuple[int, str], LookUps] = {}

    def of(self, ledger_id: int, credential: str) -> LookUps:
        """Those of a caller."""
        known = self._of.get((ledger_id, credential))
        if known is None:
            for idle in [key for key, one in self._of.items() if one.is_idle]:
                del self._of[idle]
            known = self._of[ledger_id, credential] = LookUps(self._pool, ledger_id)
        return known

    async def close(self) -> None:
        """Cancel what is still read, for the process ends."""
        for one in list(self._of.values()):
            await one.close()
