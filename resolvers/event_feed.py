"""Follows a ledger's events for all subscribers of this process.

The database is the truth: one reader polls it for all, and whoever is behind reads it alone. Hints
only make it look sooner: those of this process at once, those of others over a connection that
listens. Nothing is queued for a subscriber, however slow it is; it has a position, and no more.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID
from weakref import WeakSet

from db import events, faults, loans
from db.events import BEGINNING, Event, Horizon, Position
from db.pool import Pool
from db.statements import Connection
from resolvers.errors import RequestError
from resolvers.event_cursors import EventCursors
from resolvers.event_hints import EventHints
from resolvers.event_log import EventLog

logger = logging.getLogger("florin.events")

# Of one read. A page of events takes some milliseconds.
_PAGE: Final = 500
# Between two looks, however many hints there are; and until what is not settled yet is looked for
# again.
_PACE_SECONDS: Final = 0.02
# Between two hints to other processes, however many commits there are.
_HINT_SECONDS: Final = 0.05
# After an outage, doubled each time up to the longest.
_RETRY_SECONDS: Final = 0.1
_RETRY_SECONDS_MAX: Final = 2.0
# Postings end within milliseconds: something else holds events up.
_HELD_UP: Final = timedelta(seconds=5)

Value = TypeVar("Value")


class PositionLostError(RequestError):
    """A position is of an event that the database does not have any more."""

    def __init__(self) -> None:
        """The same for all: what is to be done does not depend on the position."""
        super().__init__(
            "The event that you go on from is not in this database: it was set back, by a restore "
            "or a failover. Read your state anew, then subscribe with `ledger { eventsThrough }`.",
            "CURSOR_LOST",
        )


class EventFeed:
    """One ledger's events. It reads while anybody follows, and rests otherwise."""

    def __init__(
        self, pool: Pool, ledger_id: int, hints: EventHints, *, poll_seconds: float
    ) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._hints = hints
        self._poll_seconds = poll_seconds
        self._followers = 0
        self._cursors: EventCursors | None = None
        self._log: EventLog | None = None
        self._tasks: list[asyncio.Task[None]] = []
        # Those to a server that has all of the log.
        self._trusted: WeakSet[Connection] = WeakSet()
        # Set where it is worth looking; replaced by the next one when something new is known.
        self._hinted = asyncio.Event()
        self._news = asyncio.Event()
        self._hinting: asyncio.Task[None] | None = None
        self._owes_hint = False
        self._is_held_up = False

    def committed(self) -> None:
        """Say that this process has just committed something: look, and have others look."""
        self._hinted.set()
        self._owes_hint = True
        if self._hinting is None or self._hinting.done():
            self._hinting = asyncio.create_task(self._hint_others())

    async def horizon(self) -> Horizon:
        """How far events are settled now, once that can be read."""
        found = await self._persistently(lambda conn: events.horizon(conn, self._ledger_id))
        if self._cursors is None:
            self._cursors = EventCursors(found.cursor_key)
        return found

    async def cursors(self) -> EventCursors:
        """What reads and writes the ledger's cursors, once that can be had."""
        if self._cursors is None:
            await self.horizon()
        return self.known_cursors

    @property
    def known_cursors(self) -> EventCursors:
        """The same, where anybody follows or has followed."""
        assert self._cursors is not None, "Whoever follows has asked for the horizon."
        return self._cursors

    async def knows(self, position: Position) -> bool:
        """Whether a position, unless it is the beginning, is one of this database's."""
        return position == BEGINNING or await self._persistently(
            lambda conn: events.exists(conn, self._ledger_id, position)
        )

    async def follow(
        self, position: Position, account_ids: frozenset[UUID] | None
    ) -> AsyncGenerator[Event, None]:
        """All events after a position, in order, each once, as they are settled, for ever.

        With ``account_ids``, those that touch any of them. Outages are waited for;
        PositionLostError where the database comes back without what was told already.
        """
        async with self._following() as log:
            while True:
                if log.is_lost:
                    raise PositionLostError
                news, start = self._news, log.start
                if log.covers(position):
                    page = log.after(position, _PAGE)
                    through = page[-1].position if page else log.end
                else:
                    page = await self._page(position)
                    # Where there is none, there was none before the log began.
                    through = page[-1].position if page else start
                for event in page:
                    if account_ids is None or not account_ids.isdisjoint(event.account_ids):
                        yield event
                position = max(position, through)
                if log.covers(position) and position >= log.end:
                    await news.wait()

    async def close(self) -> None:
        """Stop reading, for the process ends."""
        tasks = [*self._tasks, *([self._hinting] if self._hinting else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @asynccontextmanager
    async def _following(self) -> AsyncIterator[EventLog]:
        self._followers += 1
        try:
            if self._log is None or self._log.is_lost:
                horizon = await self.horizon()
                if self._log is None or self._log.is_lost:
                    self._stop()
                    self._log = EventLog(horizon.position)
                    self._tasks = [asyncio.create_task(self._read(self._log))]
                    self._hints.listen(self._ledger_id, self._hinted.set)
            yield self._log
        finally:
            self._followers -= 1
            if not self._followers:
                self._stop()

    def _stop(self) -> None:
        self._hints.ignore(self._ledger_id)
        for task in self._tasks:
            task.cancel()
        self._log, self._tasks = None, []
        self._trusted.clear()

    async def _read(self, log: EventLog) -> None:
        """Keep the log up to date, whatever happens."""
        while True:
            try:
                page = await self._persistently(lambda conn: self._next(conn, log))
                if page is None:
                    logger.error("The database was set back: followers are sent away")
                    log.is_lost = True
                    self._tell()
                    return
                if page:
                    log.extend(page)
                    self._tell()
                if len(page) < _PAGE:
                    await self._rest(log)
            except Exception:
                logger.exception("Events could not be read, and will be tried again")
                await asyncio.sleep(_RETRY_SECONDS_MAX)

    async def _rest(self, log: EventLog) -> None:
        """Until it is worth looking again."""
        await asyncio.sleep(_PACE_SECONDS)
        if self._hinted.is_set():
            self._hinted.clear()
            return
        horizon = await self.horizon()
        if horizon.position > log.end:
            # Settled since the page was read, maybe by somebody who hints at nothing.
            return
        if horizon.waiting_since is None:
            # Not wait_for, which in Python 3.11 loses a cancellation that comes with the hint.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._hinted.wait()
            self._hinted.clear()
            self._is_held_up = False
        elif horizon.read_at - horizon.waiting_since > _HELD_UP:
            if not self._is_held_up:
                logger.warning(
                    "Events wait since %s for a transaction that somebody left open on the server",
                    horizon.waiting_since,
                )
            self._is_held_up = True
            await asyncio.sleep(self._poll_seconds)

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _hint_others(self) -> None:
        while self._owes_hint:
            await asyncio.sleep(_HINT_SECONDS)
            self._owes_hint = False
            try:
                async with loans.reading(self._pool, self._ledger_id) as conn:
                    await events.notify(conn, self._ledger_id)
            except Exception as error:  # noqa: BLE001 - a hint is worth no more than this
                logger.info("No hint was sent: %s", error)

    async def _next(self, conn: Connection, log: EventLog) -> list[Event] | None:
        """What follows the log; None where its end is not in the database.

        A failover or a restore ends connections: it is enough to look once on each.
        """
        if conn not in self._trusted:
            if log.end != BEGINNING and not await events.exists(conn, self._ledger_id, log.end):
                return None
            self._trusted.add(conn)
        return await events.after(conn, self._ledger_id, log.end, _PAGE)

    async def _page(self, position: Position) -> list[Event]:
        return await self._persistently(
            lambda conn: events.after(conn, self._ledger_id, position, _PAGE)
        )

    async def _persistently(self, read: Callable[[Connection], Awaitable[Value]]) -> Value:
        """What a statement gives, through however long an outage."""
        delay = _RETRY_SECONDS
        while True:
            try:
                async with loans.reading(self._pool, self._ledger_id) as conn:
                    return await read(conn)
            except Exception as error:
                if not faults.is_outage(error):
                    raise
                logger.info("Events wait for the database: %s", error)
            await asyncio.sleep(delay)
            delay = min(2 * delay, _RETRY_SECONDS_MAX)
