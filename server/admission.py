"""How many operations a process runs at once, how many may wait, and when it says no instead.

Beyond some operations at once nothing gets faster: the event loop is the bottleneck, and what has
begun only slows down what is nearly done. So a few run, the others wait in the order in which they
came, and clients that wait for their answers before they ask again are all served.

A queue that overflows means that more comes than can be served: clients that wait do not overflow
it. Then waiting helps nobody: whoever is served has waited as long as the queue is, and those
behind give up. Until nothing has been refused for a second, the queue is kept just long enough
that the loop never runs dry, and the rest is refused at once, before anything of it is read.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from server import metrics

# Without a refusal for so long, everybody may wait again.
_CALM_SECONDS: Final = 1.0
# How many may wait while others are refused, of so many that run one: the next ones are there when
# the loop comes back to them, and wait for less than what they take themselves.
_WAITING_ONE_OF: Final = 4


class _Waiting(NamedTuple):
    """Somebody who waits, and until when."""

    admitted: asyncio.Future[bool]
    deadline: float


class Admission:
    """Counts what runs, and lets the next ones in. For one event loop."""

    def __init__(self, *, running_max: int, waiting_max: int, waiting_seconds: float) -> None:
        self._running_max = running_max
        self._waiting_max = waiting_max
        self._waiting_seconds = waiting_seconds
        self._short = min(max(1, running_max // _WAITING_ONE_OF), waiting_max)
        self._waiting: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._calm_from = 0.0
        self._coming = 0
        self.running = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def is_overloaded(self) -> bool:
        """Whether somebody was refused within the last second."""
        return asyncio.get_running_loop().time() < self._calm_from

    def turns_away(self) -> bool:
        """Whether a request that has just come is to be refused unread: there will be no room.

        For those who hear of requests before they are run: what comes at once counts together.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now >= self._calm_from:
            return False
        ahead = self.running + len(self._waiting) + self._coming
        if ahead >= self._running_max + self._short:
            self._count_refusal(now)
            return True
        if not self._coming:
            # They are about to run, and to be counted, before more is read.
            loop.call_soon(self._forget_coming)
        self._coming += 1
        return False

    def enter(self) -> bool | Awaitable[bool]:
        """Whether it may run, now or when its turn comes; then it says when it has (``leave``).

        What is awaited may be cancelled.
        """
        if self.running < self._running_max:
            self.running += 1
            return True
        now = asyncio.get_running_loop().time()
        if now < self._calm_from or not self._waiting_max:
            if len(self._waiting) >= self._short:
                self._count_refusal(now)
                return False
        elif len(self._waiting) >= self._waiting_max:
            # The oldest have waited for nothing; the newest may still be in time.
            self._refuse(len(self._waiting) - self._short + 1, now)
        return self._turn(now)

    def leave(self) -> None:
        """It has run: the next one, please."""
        self.running -= 1
        while self._waiting and self.running < self._running_max:
            admitted = self._waiting.popleft().admitted
            if not admitted.done():
                admitted.set_result(True)
                self.running += 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Whether the block may do its work: it waits for its turn, and leaves at the end."""
        entered = self.enter()
        is_inside = entered if isinstance(entered, bool) else await entered
        try:
            yield is_inside
        finally:
            if is_inside:
                self.leave()

    async def _turn(self, now: float) -> bool:
        admitted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(admitted, now + self._waiting_seconds))
        if self._timer is None:
            self._await_deadline(now + self._waiting_seconds)
        try:
            return await admitted
        except asyncio.CancelledError:
            # It may have been let in at the same moment.
            if admitted.done() and not admitted.cancelled() and admitted.result():
                self.leave()
            raise

    def _forget_coming(self) -> None:
        self._coming = 0

    def _await_deadline(self, deadline: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(deadline, self._refuse_late)

    def _refuse_late(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        self._refuse(sum(one.deadline <= now for one in self._waiting), now)
        if self._waiting:
            self._await_deadline(self._waiting[0].deadline)

    def _refuse(self, count: int, now: float) -> None:
        """The oldest ones."""
        for _ in range(count):
            admitted = self._waiting.popleft().admitted
            if not admitted.done():
                admitted.set_result(False)
                self._count_refusal(now)

    def _count_refusal(self, now: float) -> None:
        self.refused += 1
        metrics.rejected("overload")
        self._calm_from = now + _CALM_SECONDS
