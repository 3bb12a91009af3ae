"""How many operations a process runs at once, how many may wait, and when it says no instead.

Beyond some operations at once nothing gets faster: the event loop is the bottleneck, and what has
begun only slows down what is nearly done. So a few run, the others wait in the order in which they
came, and clients that wait for their answers before they ask again are all served.

A queue that overflows means that more comes than can be served: clients that wait do not overflow
it. Then waiting helps nobody: whoever is served has waited as long as the queue is, and those
behind give up. For some seconds the queue is kept just long enough that the loop never runs dry,
and the rest is refused at once, before anything of it is read. Then everybody may wait again, for
who was refused and comes back cannot be told from too much: what overflows once more is. Until that
is known the newest are served first, so that an attempt that fails slows down nobody.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from server import metrics

# After an overflow, for so long no more than a few wait: often enough to find out soon that it is
# over, and seldom enough that few are refused late because it is not.
_SHED_SECONDS: Final = 5.0
# What does not overflow within so long does not: at several times what can be served it does at
# once.
_DOUBT_SECONDS: Final = 1.0
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
        self._shed_until = -_DOUBT_SECONDS
        self._coming = 0
        self.running = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def is_overloaded(self) -> bool:
        """Whether only a few may wait now."""
        return asyncio.get_running_loop().time() < self._shed_until

    def turns_away(self) -> bool:
        """Whether a request that has just come is to be refused unread: there will be no room.

        For those who hear of requests before they are run: what comes at once counts together.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now >= self._shed_until:
            return False
        ahead = self.running + len(self._waiting) + self._coming
        if ahead >= self._running_max + self._short:
            self._count_refusal()
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
        if now < self._shed_until:
            if len(self._waiting) >= self._short:
                self._count_refusal()
                return False
        elif len(self._waiting) >= self._waiting_max:
            self._shed_until = now + _SHED_SECONDS
            if not self._short:
                self._count_refusal()
                return False
            # The oldest have waited for nothing; the newest may still be in time.
            self._refuse(len(self._waiting) - self._short + 1)
        return self._turn(now)

    def leave(self) -> None:
        """It has run: the next one, please."""
        self.running -= 1
        in_doubt = 0 <= asyncio.get_running_loop().time() - self._shed_until < _DOUBT_SECONDS
        while self._waiting and self.running < self._running_max:
            admitted = (self._waiting.pop() if in_doubt else self._waiting.popleft()).admitted
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
        self._refuse(sum(one.deadline <= now for one in self._waiting))
        if self._waiting:
            self._await_deadline(self._waiting[0].deadline)

    def _refuse(self, count: int) -> None:
        """The oldest ones."""
        for _ in range(count):
            admitted = self._waiting.popleft().admitted
            if not admitted.done():
                admitted.set_result(False)
                self._count_refusal()

    def _count_refusal(self) -> None:
        self.refused += 1
        metrics.rejected("overload")
