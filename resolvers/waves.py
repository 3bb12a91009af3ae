"""Waves: a request's reads start together, level by level.

Loads that are made at the same depth of a query rarely happen in the same instant: one branch's
statement comes back a little earlier than another's, and both go on to ask for accounts. Started as
they come they would be two statements today and one tomorrow. So a request's reads wait for each
other: the next wave starts when nothing of this request is under way and no further load came for a
few turns of the event loop. Within a wave everything runs at once, each batch on a connection of
its own. The statements of a request then depend on its shape and on nothing else.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

# A value passes its future, a resolver and the executor's completion before the next load is made:
# up to three turns of the loop. One more for good measure.
QUIET_TURNS: Final = 4


class Waves:
    """One request's reads, in the order of its levels."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._watching = False
        self._arrivals = 0

    def join(self, read: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have a read started with the next wave. It handles its own errors."""
        self._waiting.append(read)
        self.arrived()
        if not self._running:
            self._watch()

    def arrived(self) -> None:
        """Note that the request is still asking: the next wave is not complete."""
        self._arrivals += 1

    async def close(self) -> None:
        """Cancel what is still read, down to its statements: nobody waits for it any more."""
        self._waiting.clear()
        running = list(self._running)
        if running:
            for task in running:
                task.cancel()
            await asyncio.wait(running)

    def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            self._loop.call_soon(self._start_if_quiet, self._arrivals, QUIET_TURNS)

    def _start_if_quiet(self, arrivals: int, turns: int) -> None:
        if arrivals != self._arrivals:
            self._loop.call_soon(self._start_if_quiet, self._arrivals, QUIET_TURNS)
        elif turns:
            self._loop.call_soon(self._start_if_quiet, arrivals, turns - 1)
        else:
            self._start()

    def _start(self) -> None:
        self._watching = False
        wave, self._waiting = self._waiting, []
        for read in wave:
            task = self._loop.create_task(read())
            self._running.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not self._running and self._waiting:
            self._watch()
