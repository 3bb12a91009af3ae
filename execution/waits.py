"""Waits: what a column of an execution waits for, and what goes on when it has come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from inspect import CORO_CREATED, getcoroutinelocals, getcoroutinestate, iscoroutine
from itertools import chain
from typing import Any

from graphql.pyutils import is_awaitable

from execution.places import Place


class Wait:
    """Awaitables of a column, together: what they come to is one column again.

    One that is dropped before it is waited for leaves nothing behind that was never awaited.
    """

    def __init__(
        self,
        awaitables: list[Any],
        place: Place,
        go_on: Callable[[list[Any]], None],
        *,
        count: int | None = None,
        vital: bool = False,
    ) -> None:
        self._awaitables = awaitables
        self.place = place
        # Called with what they came to, exceptions among them.
        self.go_on = go_on
        # Of values at the place: one awaitable may be for all of them.
        self.count = len(awaitables) if count is None else count
        # Whether a failure may take more with it than its own value.
        self._vital = vital
        self.futures: list[asyncio.Future[Any]] = []

    async def arrived(self, failed: Callable[[int, Exception], None]) -> list[Any]:
        """What they came to, exceptions among it; ``failed`` is told of vital ones at once."""
        awaitables, self._awaitables = self._awaitables, []
        if len(awaitables) == 1:
            return [await _outcome(awaitables[0])]
        self.futures = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
        if self._vital:
            for index, future in enumerate(self.futures):
                future.add_done_callback(partial(_tell, failed, index))
        try:
            await asyncio.wait(self.futures)
        except BaseException:
            for future in self.futures:
                future.cancel()
            drop(await asyncio.gather(*self.futures, return_exceptions=True))
            raise
        finally:
            # Those that were cancelled may not have begun.
            pairs = zip(awaitables, self.futures, strict=True)
            drop(awaitable for awaitable, future in pairs if future.cancelled())
        return [_result(future) for future in self.futures]

    def close(self) -> None:
        """Nobody waits for it any more."""
        awaitables, self._awaitables = self._awaitables, []
        drop(awaitables)

    __del__ = close


class CancelledElsewhere(Exception):  # noqa: N818 - named for what happened
    """What a field waited for was cancelled by somebody else; the field's error, then."""

    def __init__(self) -> None:
        super().__init__("What was awaited was cancelled.")


def drop(values: Iterable[Any]) -> None:
    """Whatever is awaitable among these will not be awaited any more, and that is no mistake."""
    for value in values:
        if isinstance(value, list | tuple):
            drop(value)
        elif isinstance(value, asyncio.Future):
            if not value.cancel():
                _result(value)  # Its exception, if it has one, has been looked at.
        elif is_awaitable(value):
            with suppress(Exception):
                drop(_given(value))
                (value if hasattr(value, "close") else value.__await__()).close()


def _given(awaitable: Any) -> list[Any]:  # noqa: ANN401 - whatever can be awaited
    """What a coroutine that has not begun would have awaited, as graphql-core's own do."""
    if not iscoroutine(awaitable) or getcoroutinestate(awaitable) != CORO_CREATED:
        return []
    given = getcoroutinelocals(awaitable).values()
    flat = chain.from_iterable(one if type(one) is list else [one] for one in given)
    return [one for one in flat if is_awaitable(one) and not isinstance(one, asyncio.Future)]


async def collected(items: AsyncIterable[Any], ends: Callable[[object], bool]) -> list[Any]:
    """All items, or those up to the first that ``ends`` it; the iterator is closed then."""
    found = []
    iterator = aiter(items)
    try:
        async for item in iterator:
            found.append(item)
            if ends(item):
                break
    except BaseException:
        drop(found)
        raise
    finally:
        if hasattr(iterator, "aclose"):
            with suppress(Exception):
                await iterator.aclose()
    return found


async def _outcome(awaitable: Awaitable[Any]) -> object:
    try:
        return await awaitable
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return CancelledElsewhere()
    except Exception as error:  # noqa: BLE001 - a value until it is placed
        return error


def _result(future: asyncio.Future[Any]) -> object:
    if future.cancelled():
        return CancelledElsewhere()
    error = future.exception()
    return future.result() if error is None else error


def _tell(
    failed: Callable[[int, Exception], None], index: int, future: asyncio.Future[Any]
) -> None:
    outcome = None if future.cancelled() else _result(future)
    if isinstance(outcome, Exception):
        failed(index, outcome)
