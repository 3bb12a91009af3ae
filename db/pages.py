"""Keyset pages: the statement for a window of an ordered list, and nothing read beyond it.

A page's statement is composed from whole constants: the noun's SELECT, those of its conditions that
the filter uses, and the window. Leaving unused conditions out, rather than writing
``(%(x)s IS NULL OR …)``, lets PostgreSQL plan each shape for itself, GIN indexes included.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from psycopg.sql import SQL, Composed

from db import statements

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


class Listing(msgspec.Struct, frozen=True, eq=False):
    """How a noun is listed: its SELECT up to the ledger's condition, its key and its conditions.

    A statement is composed once for each shape of window and filter.
    """

    select: Composed | SQL
    key: SQL
    key_name: SQL
    descending: bool
    conditions: Mapping[str, SQL | Composed]

    def page(self, window: Window[Position], conditions: Sequence[str]) -> SQL:
        """The statement of one page. Parameters: limit, after, before and the conditions'."""
        return _page(self, _shape(window), tuple(conditions))

    def pages(self, window: Window[Position], conditions: Sequence[str]) -> SQL:
        """The statement of one page for each of ``parent_ids``, in one go."""
        return _pages(self, _shape(window), tuple(conditions))

    def count(self, conditions: Sequence[str]) -> SQL:
        """The statement that counts the whole list."""
        return _count(self, tuple(conditions))

    def counts(self, conditions: Sequence[str]) -> SQL:
        """The statement that counts the list of each of ``parent_ids``."""
        return _counts(self, tuple(conditions))


class _Shape(NamedTuple):
    """What a window's statement depends on."""

    is_after: bool
    is_before: bool
    backward: bool


def given(filter_: msgspec.Struct) -> dict[str, object]:
    """The conditions that a filter sets, as parameters."""
    conditions = msgspec.structs.asdict(filter_)
    return {name: value for name, value in conditions.items() if value is not None}


def bounds(window: Window[Position]) -> dict[str, object]:
    """The window's parameters."""
    return {"limit": window.limit, "after": window.after, "before": window.before}


def _shape(window: Window[Position]) -> _Shape:
    return _Shape(window.after is not None, window.before is not None, window.backward)


# Of all nouns together: clients use few of the shapes that there are.
_SHAPES_MAX: Final = 500


@lru_cache(_SHAPES_MAX)
def _page(listing: Listing, shape: _Shape, conditions: tuple[str, ...]) -> SQL:
    after = SQL(" AND {} {} %(after)s").format(listing.key, SQL("<" if listing.descending else ">"))
    before = SQL(" AND {} {} %(before)s").format(
        listing.key, SQL(">" if listing.descending else "<")
    )
    return statements.rendered(
        _PAGE.format(
            select=listing.select,
            conditions=_joined(listing, conditions),
            after=after if shape.is_after else SQL(""),
            before=before if shape.is_before else SQL(""),
            key=listing.key,
            direction=_direction(listing, shape),
        )
    )


@lru_cache(_SHAPES_MAX)
def _pages(listing: Listing, shape: _Shape, conditions: tuple[str, ...]) -> SQL:
    return statements.rendered(
        _EACH_PARENT.format(
            page=_page(listing, shape, conditions),
            key_name=listing.key_name,
            direction=_direction(listing, shape),
        )
    )


@lru_cache(_SHAPES_MAX)
def _count(listing: Listing, conditions: tuple[str, ...]) -> SQL:
    return statements.rendered(
        _COUNT.format(select=listing.select, conditions=_joined(listing, conditions))
    )


@lru_cache(_SHAPES_MAX)
def _counts(listing: Listing, conditions: tuple[str, ...]) -> SQL:
    return statements.rendered(
        _COUNT_EACH_PARENT.format(select=listing.select, conditions=_joined(listing, conditions))
    )


def _direction(listing: Listing, shape: _Shape) -> SQL:
    return SQL("DESC" if listing.descending is not shape.backward else "ASC")


def _joined(listing: Listing, conditions: tuple[str, ...]) -> Composed:
    return Composed([SQL(" AND {}").format(listing.conditions[name]) for name in conditions])
