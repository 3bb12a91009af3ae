"""Keyset pages: the statement for a window of an ordered list, and nothing read beyond it.

A page's statement is composed from whole constants: the noun's SELECT, those of its conditions that
the filter uses, and the window. Leaving unused conditions out, rather than writing
``(%(x)s IS NULL OR …)``, lets PostgreSQL plan each shape for itself, GIN indexes included.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from psycopg.sql import SQL, Composed

Position = TypeVar("Position")

_PAGE: Final = SQL("{select}{conditions}{after}{before} ORDER BY {key} {direction} LIMIT %(limit)s")
_COUNT: Final = SQL("SELECT count(*) FROM ({select}{conditions}) AS counted")
_EACH_PARENT: Final = SQL(
    "SELECT page.* FROM unnest(%(parent_ids)s::uuid[]) AS parent (id)"
    " CROSS JOIN LATERAL ({page}) AS page"
    " ORDER BY page.{key_name} {direction}"
)
_COUNT_EACH_PARENT: Final = SQL(
    "SELECT parent.id AS parent_id, counted.rows FROM unnest(%(parent_ids)s::uuid[]) AS parent (id)"
    " CROSS JOIN LATERAL (SELECT count(*) AS rows FROM ({select}{conditions}) AS list) AS counted"
)


class Window(msgspec.Struct, Generic[Position], frozen=True, gc=False):
    """Which part of the list: up to ``limit`` rows strictly between two positions.

    ``backward`` takes the last rows of the part instead of its first; either way rows come back in
    the list's own order.
    """

    limit: int
    after: Position | None = None
    before: Position | None = None
    backward: bool = False


class Place(NamedTuple):
    """The position of a row in an order by time, where the version decides between equal times."""

    at: datetime
    version: int


class Count(msgspec.Struct, frozen=True, gc=False):
    """How many rows a parent's list has."""

    parent_id: UUID
    rows: int


class Listing(msgspec.Struct, frozen=True):
    """How a noun is listed: its SELECT up to the ledger's condition, its key and its conditions."""

    select: Composed | SQL
    key: SQL
    key_name: SQL
    descending: bool
    conditions: Mapping[str, SQL | Composed]

    def page(self, window: Window[Position], conditions: Sequence[str]) -> Composed:
        """The statement of one page. Parameters: limit, after, before and the conditions'."""
        down = self.descending is not window.backward
        return _PAGE.format(
            select=self.select,
            conditions=self._joined(conditions),
            after=self._bound("after", window.after, below=self.descending),
            before=self._bound("before", window.before, below=not self.descending),
            key=self.key,
            direction=SQL("DESC" if down else "ASC"),
        )

    def pages(self, window: Window[Position], conditions: Sequence[str]) -> Composed:
        """The statement of one page for each of ``parent_ids``, in one go."""
        down = self.descending is not window.backward
        return _EACH_PARENT.format(
            page=self.page(window, conditions),
            key_name=self.key_name,
            direction=SQL("DESC" if down else "ASC"),
        )

    def count(self, conditions: Sequence[str]) -> Composed:
        """The statement that counts the whole list."""
        return _COUNT.format(select=self.select, conditions=self._joined(conditions))

    def counts(self, conditions: Sequence[str]) -> Composed:
        """The statement that counts the list of each of ``parent_ids``."""
        return _COUNT_EACH_PARENT.format(select=self.select, conditions=self._joined(conditions))

    def _joined(self, conditions: Sequence[str]) -> Composed:
        return Composed([SQL(" AND {}").format(self.conditions[name]) for name in conditions])

    def _bound(self, name: str, position: Position | None, *, below: bool) -> Composed | SQL:
        if position is None:
            return SQL("")
        return SQL(" AND {} {} {}").format(
            self.key,
            SQL("<" if below else ">"),
            SQL("%(after)s" if name == "after" else "%(before)s"),
        )


def given(filter_: msgspec.Struct) -> dict[str, object]:
    """The conditions that a filter sets, as parameters."""
    conditions = msgspec.structs.asdict(filter_)
    return {name: value for name, value in conditions.items() if value is not None}


def bounds(window: Window[Position]) -> dict[str, object]:
    """The window's parameters."""
    return {"limit": window.limit, "after": window.after, "before": window.before}
