"""Group commit: what comes while a transaction is under way shares the next one.

Single postings, captures, voids and reversals of one ledger wait in a line. Whoever finds nothing
under way goes at once; nobody waits for a clock, or for others to come. Groups are of one process:
between processes the accounts' locks decide.

Order. A group is decided in the order in which its members came, and is over before the next one
begins. Only if it is *slow*, for somebody else holds a lock that it needs, others begin beside it:
those who name none of its accounts, transactions or keys, nor any of those who wait before them.

Harm. A group that waits for a lock for longer than it has patience, or meets an error that is no
outage, is taken apart: its members go first, in their order, each by itself, with all the time that
a statement may take. So only the one that was to blame waits, or fails.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable
from datetime import timedelta
from typing import Final

from db.actions import Action
from db.pool import Pool
from ledger.transactions import Request
from resolvers.event_feed import EventFeed
from resolvers.posting_group import Group, Member
from resolvers.posting_outcomes import PostTransactionResult

# Two at once were measured to be no faster with 64 clients, and a fifth faster with 16. But then
# the order would rest on what requests name: one of the accounts of a capture's hold is not named.
_QUICK_MAX: Final = 1
# Of the pool's connections those that are slow take at most so large a part from everybody else.
_SLOW_ONE_OF: Final = 2


class PostingLine:
    """The line of one ledger."""

    def __init__(self, pool: Pool, ledger_id: int, *, size_max: int, patience: timedelta) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._size_max = size_max
        self._patience = patience
        self._running_max = max(1, pool.max_size // _SLOW_ONE_OF)
        self._waiting: deque[Member] = deque()
        self._running: set[Group] = set()
        self._is_due = self._is_closed = False

    async def submit(
        self, request: Request, action: Action, feed: EventFeed | None
    ) -> PostTransactionResult:
        """Have a request done, together with others where there are any.

        Cancelled, it is left out if its transaction has not begun. Otherwise that goes on for the
        others; without others it is rolled back, unless it is being committed. Raises the
        database's and the pool's errors.
        """
        member = Member(request, action, feed)
        self._waiting.append(member)
        if not self._is_due and self._may_begin():
            # What comes in the same turn of the loop comes at the same time.
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._begin)
        try:
            return await member.told
        except asyncio.CancelledError:
            await self._leave(member)
            raise

    async def close(self) -> None:
        """End what is still under way or waits, for the process ends."""
        self._is_closed = True
        for member in self._waiting:
            member.told.cancel()
        groups = list(self._running)
        for group in groups:
            group.task.cancel()
        if groups:
            await asyncio.wait([group.task for group in groups])

    async def _leave(self, member: Member) -> None:
        if member.group is None:
            if member in self._waiting:
                self._waiting.remove(member)
        else:
            await member.group.leave()

    def _begin(self) -> None:
        self._is_due = False
        while self._waiting and self._may_begin():
            members = self._next()
            if not members:
                return
            group = Group(
                self._pool,
                self._ledger_id,
                members,
                patience=self._patience,
                over=self._over,
                slow=self._begin,
            )
            self._running.add(group)

    def _may_begin(self) -> bool:
        if self._is_closed or len(self._running) >= self._running_max:
            return False
        return sum(not group.is_slow for group in self._running) < _QUICK_MAX

    def _next(self) -> list[Member]:
        """The next group, taken out of the line; nobody, where all have to wait."""
        taken: list[Member] = []
        passed: list[Member] = []
        busy = _names(member for group in self._running for member in group.members)
        while self._waiting and len(taken) < self._size_max:
            member = self._waiting[0]
            if taken and (member.is_alone or taken[0].is_alone):
                break
            self._waiting.popleft()
            if busy and not busy.isdisjoint(member.names):
                busy |= member.names
                passed.append(member)
            else:
                taken.append(member)
        self._waiting.extendleft(reversed(passed))
        return taken

    def _over(self, group: Group) -> None:
        if group not in self._running:
            return
        self._running.remove(group)
        for member in group.apart:
            member.is_alone = True
            member.group = None
            member.observation.taken_apart()
        self._waiting.extendleft(reversed(group.apart))
        self._begin()


class PostingGroups:
    """The lines of all ledgers that this process posts to."""

    def __init__(self, pool: Pool, *, size_max: int, patience: timedelta) -> None:
        """Groups have at most ``size_max`` members; with one, there are no lines at all."""
        self._pool = pool
        self._size_max = size_max
        self._patience = patience
        self._lines: dict[int, PostingLine] = {}

    def of(self, ledger_id: int) -> PostingLine | None:
        """A ledger's line, made when it is first asked for."""
        if self._size_max == 1:
            return None
        line = self._lines.get(ledger_id)
        if line is None:
            line = self._lines[ledger_id] = PostingLine(
                self._pool,
                ledger_id,
                size_max=self._size_max,
                patience=self._patience,
            )
        return line

    async def close(self) -> None:
        """End what is under way, for the process ends."""
        for line in self._lines.values():
            await line.close()


def _names(members: Iterable[Member]) -> set[Hashable]:
    names: set[Hashable] = set()
    for member in members:
        names |= member.names
    return names
