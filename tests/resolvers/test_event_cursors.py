"""Cursors of events: good for their ledger, for ever, and saying nothing to whoever keeps them."""

from uuid import UUID, uuid4

import pytest

from db.events import BEGINNING, Position
from resolvers.event_cursors import EventCursors

KEY = UUID("0191f4a2-7c1e-4e10-8a53-0a1b2c3d4e5f")
POSITION = Position(1, 2**40 + 5, 3, UUID(int=7))


@pytest.mark.parametrize("position", [POSITION, BEGINNING, Position(9, 2**63 - 1, 65_536, KEY)])
def test_a_cursor_leads_back_to_its_place(position: Position) -> None:
    cursors = EventCursors(KEY)
    written = cursors.written(position)
    assert cursors.position(written) == position
    # In any process, and at any time.
    assert EventCursors(KEY).written(position) == written


def test_cursors_say_nothing_of_where_they_stand() -> None:
    """Places next to each other have cursors that share no more than any two texts do."""
    cursors = EventCursors(KEY)
    first = cursors.written(POSITION)
    for other in (
        POSITION._replace(xid=POSITION.xid + 1),
        POSITION._replace(number=POSITION.number + 1),
        POSITION._replace(transaction_id=UUID(int=8)),
    ):
        second = cursors.written(other)
        assert len(second) == len(first)
        assert sum(a == b for a, b in zip(first, second, strict=True)) < len(first) / 4


def test_a_cursor_of_another_ledger_is_none() -> None:
    assert EventCursors(uuid4()).position(EventCursors(KEY).written(POSITION)) is None


def test_a_cursor_that_was_changed_is_none() -> None:
    cursors = EventCursors(KEY)
    written = cursors.written(POSITION)
    for place in range(len(written)):
        other = "A" if written[place] != "A" else "B"
        assert cursors.position(written[:place] + other + written[place + 1 :]) is None


@pytest.mark.parametrize("text", ["", "0", "A", "AAAA", "A" * 64, "A" * 10_000, "\ud800", "💸"])
def test_what_is_no_cursor_is_none(text: str) -> None:
    assert EventCursors(KEY).position(text) is None
