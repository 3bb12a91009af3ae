"""What is loaded is read once for its request, and whoever waits waits for himself alone."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from db import users
from resolvers.loader import Loader
from resolvers.waves import Waves


class Reads:
    """A loader, and the keys of each of its batches; one that is told to fail does."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.is_failing = False
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.loader: Loader[int, str] = Loader(Waves(), self._read, users.by_ids)

    async def _read(self, keys: Sequence[int]) -> Mapping[int, str]:
        self.batches.append(list(keys))
        self.began.set()
        await self.gate.wait()
        if self.is_failing:
            raise OSError("It is told to.")
        return {key: f"value {key}" for key in keys}


async def test_all_that_is_asked_at_once_is_one_batch_and_each_key_is_read_once() -> None:
    reads = Reads()
    load, load_each = reads.loader.load, reads.loader.load_each
    one, three, several, none = await asyncio.gather(
        load(1), load(3), load_each([2, 1, 2]), load_each([])
    )
    assert [one, three, *several, *none] == ["value 1", "value 3"] + [
        f"value {key}" for key in (2, 1, 2)
    ]
    assert reads.batches == [[1, 3, 2]]


async def test_what_was_read_is_not_read_again() -> None:
    reads = Reads()
    await reads.loader.load_each([1, 2])
    assert await reads.loader.load_each([3, 2]) == ["value 3", "value 2"]
    assert await reads.loader.load(1) == "value 1"
    assert reads.batches == [[1, 2], [3]]


async def test_what_is_being_read_is_waited_for_and_not_read_again() -> None:
    reads = Reads()
    reads.gate.clear()
    first = asyncio.ensure_future(reads.loader.load_each([1, 2]))
    await reads.began.wait()
    second = asyncio.ensure_future(reads.loader.load_each([2, 3]))
    await asyncio.sleep(0)
    reads.gate.set()
    assert await first == ["value 1", "value 2"]
    assert await second == ["value 2", "value 3"]
    assert reads.batches == [[1, 2], [3]]


async def test_one_who_leaves_takes_nothing_from_the_others() -> None:
    reads = Reads()
    reads.gate.clear()
    leaving = asyncio.ensure_future(reads.loader.load_each([1, 2]))
    staying = [
        asyncio.ensure_future(reads.loader.load(1)),
        asyncio.ensure_future(reads.loader.load(3)),
    ]
    await reads.began.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    reads.gate.set()
    assert await asyncio.gather(*staying) == ["value 1", "value 3"]
    assert reads.batches == [[1, 2, 3]]


async def test_what_fails_fails_for_all_who_ask_and_is_not_tried_again() -> None:
    reads = Reads()
    reads.is_failing = True
    asked = await asyncio.gather(
        reads.loader.load(1), reads.loader.load_each([2]), return_exceptions=True
    )
    assert [type(error) for error in asked] == [OSError, OSError]
    reads.is_failing = False
    with pytest.raises(OSError, match="told to"):
        await reads.loader.load(2)
    assert await reads.loader.load(3) == "value 3"
    assert reads.batches == [[1, 2], [3]]
