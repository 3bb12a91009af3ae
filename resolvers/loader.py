"""One loader: the loads of a level become one batch, and each answer outlives who asked for it.

What it returns is shielded: when a sibling field fails and graphql-core cancels its neighbours,
those who wait for the same row elsewhere still get it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final, TypeVar

from aiodataloader import DataLoader, dispatch_queue_batch, get_chunks
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


class Loader(DataLoader[Key, Value]):
    """A data loader that starts with its request's waves.

    What it gives outlives the cancellation of any one of those who wait.
    """

    def __init__(
        self,
        waves: Waves,
        batch: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]],
        fetch: Callable[..., Any],
    ) -> None:
        """``fetch`` is what the batch reads with, and gives its name to it."""
        super().__init__(batch)
        self._waves = waves
        self._fetch = fetch

    def load(self, key: Key) -> "asyncio.Future[Value]":
        """The value for a key, loaded together with the others of this level."""
        shielded = asyncio.shield(super().load(key))
        shielded.add_done_callback(take_notice)
        return shielded

    def do_resolve_reject(self, key: Key, future: "asyncio.Future[Value]") -> None:
        """Queue a key; the library would start the batch two turns of the loop later."""
        self._queue.append(QueuedLoad(key=key, future=future))
        if len(self._queue) == 1:
            self._waves.join(self._dispatch)
        else:
            self._waves.arrived()

    async def _dispatch(self) -> None:
        queue, self._queue = self._queue, []
        observed, name = watching.get(), _name(self._fetch)
        for chunk in get_chunks(queue, BATCH_MAX):
            observed.batched(name, len(chunk))
            if observed.trace is None:
                await dispatch_queue_batch(self, chunk)
            else:
                with observed.trace.batch(name, len(chunk)):
                    await dispatch_queue_batch(self, chunk)


class ExplainedLoader(Loader[Key, Value]):
    """A loader that also notes which fields its batches are for."""

    def __init__(
        self,
        waves: Waves,
        batch: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]],
        fetch: Callable[..., Any],
    ) -> None:
        super().__init__(waves, batch, fetch)
        # In the order in which they asked.
        self._fields: dict[FieldPath, None] = {}

    def do_resolve_reject(self, key: Key, future: "asyncio.Future[Value]") -> None:
        """Queue a key, and note who asked."""
        self._fields[explanation.asking()] = None
        super().do_resolve_reject(key, future)

    async def _dispatch(self) -> None:
        explanation.on_behalf_of(list(self._fields))
        self._fields.clear()
        await super()._dispatch()


def take_notice(answer: "asyncio.Future[Any]") -> None:
    """Look at an error that nobody waits for any more; asyncio would report it as forgotten."""
    if not answer.cancelled():
        answer.exception()


def _name(fetch: Callable[..., Any]) -> str:
    """As loaders are told apart in metrics and traces: users.by_ids, entries_page_by_account."""
    *within, name = fetch.__qualname__.split(".")
    # One that is written out within its loader goes by the loader's name.
    return within[1] if within else f"{fetch.__module__.rpartition('.')[2]}.{name}"
