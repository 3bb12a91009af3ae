"""The newest events of a ledger, read once for all who follow it.

Bounded: whoever falls behind the log's oldest event reads from the database again.
"""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from db.events import Event, Position

# Some ten seconds of a busy ledger, in some megabytes.
EVENTS_MAX: Final = 5_000

_POSITION: Final = attrgetter("position")


class EventLog:
    """Events in their order, without gaps, from one position to another."""

    def __init__(self, start: Position) -> None:
        self._events: list[Event] = []
        # After what the log begins: everything later, up to its end, is in it.
        self.start = start
        self.end = start
        # What follows its end cannot be known any more: the database was set back.
        self.is_lost = False

    def extend(self, events: Sequence[Event]) -> None:
        """Add what comes next, and let go of the oldest."""
        if not events:
            return
        self._events.extend(events)
        self.end = events[-1].position
        # Twice as many for a moment, so that the list is not moved for every event.
        if len(self._events) > 2 * EVENTS_MAX:
            dropped = len(self._events) - EVENTS_MAX
            self.start = self._events[dropped - 1].position
            del self._events[:dropped]

    def covers(self, position: Position) -> bool:
        """Whether all that comes after a position is here, as far as it is known."""
        return position >= self.start

    def after(self, position: Position, limit: int) -> list[Event]:
        """What comes next after a position that is covered, at most so many."""
        begin = bisect_right(self._events, position, key=_POSITION)
        return self._events[begin : begin + limit]
