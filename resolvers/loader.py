"""One loader: the loads of a level become one batch, and each answer outlives who asked for it.

aiodataloader gathers them. Its keys are columns here: all the keys that a field asks for at once,
which is one future to wait for and not one for each. Nobody waits for another's future: when a
field fails and its siblings are cancelled, those who wait for the same row elsewhere still get it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final, Generic, TypeAlias, TypeVar

from aiodataloader import DataLoader, dispatch_queue_batch
from aiodataloader import Loader as QueuedLoad

from db.observation import watching
from resolvers import explanation
from resolvers.explanation import FieldPath
from resolvers.waves import Waves

# Ids in one statement. The widest page has 1000 rows and a level of a query a few such pages; past
# this, one more statement costs less than one that carries megabytes.
BATCH_MAX: Final = 10_000

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_Column: TypeAlias = Sequence[Any]


class _Columns(DataLoader[_Column, None]):
    """aiodataloader, whose batches start with their request's waves."""

    # What was read is remembered by key, not by column.
    cache = False

    def __init__(
        self, waves: Waves, batch: Callable[[list[_Column]], Coroutine[Any, Any, list[None]]]
    ) -> None:
        super().__init__(batch)
        self._waves = waves

    def do_resolve_reject(self, key: _Column, future: "asyncio.Future[None]") -> None:
        """Queue a column; the library would start the batch two turns of the loop later."""
        self._queue.append(QueuedLoad(key=key, future=future))
        if len(self._queue) == 1:
            self._waves.join(self._dispatch)
        else:
            self._waves.arrived()

    async def _dispatch(self) -> None:
        queue, self._queue = self._queue, []
        await dispatch_queue_batch(self, queue)


class Loader(Generic[Key, Value]):
    """Gives values by their keys, each read once for its request, and starts with its waves."""

    def __init__(
        self,
        waves: Waves,
        read: Callable[[Sequence[Key]], Coroutine[Any, Any, Mapping[Key, Value]]],
        fetch: Callable[..., Any],
    ) -> None:
        """``read`` gives each of its keys a value; ``fetch``, which it reads with, is its name."""
        self._read = read
        self._fetch = fetch
        self._columns = _Columns(waves, self._batch)
        self._known: dict[Key, Value] = {}
        self._failed: dict[Key, Exception] = {}

    async def load(self, key: Key) -> Value:
        """The value for a key, loaded together with the others of this level."""
        return (await self.load_all((key,)))[key]

    async def load_all(self, keys: Iterable[Key]) -> Mapping[Key, Value]:
        """The values for these keys and perhaps others, as ``load`` has them, in one wait."""
        column, known = list(keys), self._known
        if not all(key in known for key in column):
            await self._ask(column)
            if self._failed:
                for key in column:
                    if key in self._failed:
                        raise self._failed[key]
        return known

    async def load_each(self, keys: Sequence[Key]) -> list[Value]:
        """The value for each of these keys, in their order, in one wait."""
        values = await self.load_all(keys)
        return [values[key] for key in keys]

    def _ask(self, column: list[Key]) -> "asyncio.Future[None]":
        return self._columns.load(column)

    async def _batch(self, columns: list[_Column]) -> list[None]:
        wanted = dict.fromkeys(chain.from_iterable(columns))
        # By now what a wave before was reading is known.
        keys = [key for key in wanted if key not in self._known and key not in self._failed]
        try:
            for start in range(0, len(keys), BATCH_MAX):
                self._known |= await self._observed(keys[start : start + BATCH_MAX])
        except Exception as error:  # noqa: BLE001 - raised by those who asked
            self._failed |= {key: error for key in keys if key not in self._known}
        return [None] * len(columns)

    async def _observed(self, keys: list[Key]) -> Mapping[Key, Value]:
        observed = watching.get()
        name = _name(self._fetch.__module__, self._fetch.__qualname__)
        observed.batched(name, len(keys))
        if observed.trace is None:
            return await self._read(keys)
        with observed.trace.batch(name, len(keys)):
            return await self._read(keys)


class ExplainedLoader(Loader[Key, Value]):
    """A loader that also notes which fields its batches are for."""

    def __init__(
        self,
        waves: Waves,
        read: Callable[[Sequence[Key]], Coroutine[Any, Any, Mapping[Key, Value]]],
        fetch: Callable[..., Any],
    ) -> None:
        super().__init__(waves, read, fetch)
        # In the order in which they asked.
        self._fields: dict[FieldPath, None] = {}

    def _ask(self, column: list[Key]) -> "asyncio.Future[None]":
        self._fields[explanation.asking()] = None
        return super()._ask(column)

    async def _batch(self, columns: list[_Column]) -> list[None]:
        explanation.on_behalf_of(list(self._fields))
        self._fields.clear()
        return await super()._batch(columns)


@lru_cache
def _name(module: str, qualified: str) -> str:
    """As loaders are told apart in metrics and traces: users.by_ids, entries_page_by_account."""
    *within, name = qualified.split(".")
    # One that is written out within its loader goes by the loader's name.
    return within[1] if within else f"{module.rpartition('.')[2]}.{name}"
