"""What several who wait for it have read at once."""

import asyncio
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Batch(Generic[Key, Value]):
    """What is read at once: its keys, and then a value for each of them, or an error for all."""

    __slots__ = ("_waiting", "error", "is_over", "keys", "values")

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.values: Mapping[Key, Value] = {}
        self.error: BaseException | None = None
        self.is_over = False
        self._waiting: list[asyncio.Future[None]] = []

    async def over(self) -> Mapping[Key, Value]:
        """The values, once they are there; raises what the batch failed with."""
        if not self.is_over:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        if self.error is not None:
            raise self.error
        return self.values

    @contextmanager
    def reading(self) -> Iterator[None]:
        """The block sets ``values``. What it raises is for those who wait, if there are any."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - they raise it
            self.error = error
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.is_over = True
            for waiter in self._waiting:
                if not waiter.done():
                    waiter.set_result(None)
