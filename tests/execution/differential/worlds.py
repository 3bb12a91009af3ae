# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""What resolvers do in one execution: chosen at random by where they stand, so that it is the same
on either executor, and written down."""

import asyncio
import inspect
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Sequence
from random import Random
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

type_names = ("Dog", "Cat", "Robot")
Path = tuple[str | int, ...]


class Complaint(Exception):  # noqa: N818 - in an application's words
    """An application's own error, with the attributes that graphql-core takes over."""

    def __init__(self, text: str) -> None:
        super().__init__("not the message")
        self.message = f"Complaint of {text}"
        self.extensions = {"code": "COMPLAINT"}


class Promise:
    """Awaitable, but no coroutine; nothing is lost if nobody awaits it."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._begin().__await__()


class World:
    """The context of one execution.

    ``seed`` and ``asynchronous`` say how it goes; ``trouble`` is how likely each value fails.
    Two worlds that were made alike give the same values at the same places.
    """

    def __init__(
        self, seed: int, *, asynchronous: bool, trouble: float, slow_ends: bool = False
    ) -> None:
        self.seed, self.asynchronous, self.trouble = seed, asynchronous, trouble
        self.slow_ends = slow_ends
        self.calls: list[tuple[Path, str, str, str]] = []
        self.happenings: list[tuple[str, str]] = []
        self.coroutines: list[Coroutine[Any, Any, Any]] = []

    def chance(self, *place: object) -> Random:
        return Random(repr((self.seed, place)))  # noqa: S311 - not a secret

    def called(self, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Path:
        """Write down that a resolver was called; gives where it stands."""
        path = tuple(info.path.as_list())
        self.calls.append((path, info.parent_type.name, info.field_name, repr(arguments)))
        return path

    def later(
        self, make: Callable[[], Any], chance: Random, *, coroutine: bool = True
    ) -> Awaitable[Any]:
        """What gives the same as ``make``, after some turns of the loop.

        No ``coroutine``, which should be awaited or closed, where nobody can be asked for that.
        """
        turns, name = chance.choice((0, 0, 1, 1, 2, 3, 5)), f"{chance.random():.12f}"

        def begin() -> Coroutine[Any, Any, Any]:
            begun = self._wait(make, turns, name)
            self.coroutines.append(begun)
            return begun

        return begin() if coroutine and chance.random() < 0.9 else Promise(begin)

    async def _wait(self, make: Callable[[], Any], turns: int, name: str) -> Any:
        self.happenings.append(("began", name))
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
            return make()
        except asyncio.CancelledError:
            if self.slow_ends:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            raise
        finally:
            self.happenings.append(("ended", name))

    async def _stream(
        self, items: Sequence[Callable[[], Any]], name: str, *, fails: bool
    ) -> AsyncIterator[Any]:
        self.happenings.append(("began", name))
        try:
            for make in items:
                await asyncio.sleep(0)
                yield make()
            if fails:
                raise ValueError("the stream broke")
        finally:
            self.happenings.append(("ended", name))

    def unfinished(self) -> list[str]:
        """What was handed over to be awaited and was not, and what began and has not ended."""
        states = [inspect.getcoroutinestate(coroutine) for coroutine in self.coroutines]
        began = Counter(name for what, name in self.happenings if what == "began")
        ended = Counter(name for what, name in self.happenings if what == "ended")
        return [state for state in states if state != inspect.CORO_CLOSED] + list(began - ended)

    def close(self) -> None:
        """Forget what was never awaited, once that has been seen."""
        for coroutine in self.coroutines:
            coroutine.close()

    def listed(self, items: Sequence[Callable[[], Any]], chance: Random) -> Any:
        """These items in one of the shapes that a resolver may give a list in."""
        shape = chance.randrange(9 if self.asynchronous else 6)
        match shape:
            case 0 | 1 | 2:
                return [make() for make in items]
            case 3:
                return tuple(make() for make in items)
            case 4:
                return (make() for make in items)
            case 5:
                return {number: make() for number, make in enumerate(items)}.values()
            case 6:
                return Slowly(items)
            case _:
                name, fails = f"{chance.random():.12f}", chance.random() < self.trouble
                return self._stream(items, name, fails=fails)

    def failing(self, place: object, info: GraphQLResolveInfo[Any], chance: Random) -> Exception:
        """One of the errors that a resolver may fail with."""
        text = f"failure {self.chance(place).randrange(10**6)}"
        match chance.randrange(7):
            case 0:
                return GraphQLError(text, extensions={"code": "TEAPOT"})
            case 1:
                return GraphQLError(text, nodes=info.field_nodes[:1])
            case 2:
                return Complaint(text)
            case 3 if not self.asynchronous:
                return GraphQLError(text, path=["elsewhere", 1])
            case 4:
                return GraphQLError(text, original_error=KeyError("inner"))
            case _:
                return ValueError(text)


class Slowly:
    """An asynchronous iterable of its own making, which cannot be closed."""

    def __init__(self, items: Sequence[Callable[[], Any]]) -> None:
        self._items = iter(items)

    def __aiter__(self) -> "Slowly":
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0)
        for make in self._items:
            return make()
        raise StopAsyncIteration
