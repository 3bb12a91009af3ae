"""Pages of a list: what Relay's connection arguments ask for, and what the answer looks like.

A cursor is opaque. Inside are the position of its row and a digest of the list it was taken from
(noun, parent, filter), so that a cursor of another list is refused and never pages through the
wrong rows.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from db.pages import Place, Position, Window
from db.statements import Connection
from resolvers.context import Context
from resolvers.errors import RequestError

SIZE_DEFAULT: Final = 50
# What one answer can carry quickly; the next page is one cursor away.
SIZE_MAX: Final = 1000

_DIGEST_BYTES: Final = 8
_UUID_BYTES: Final = 16
_NUMBER_BYTES: Final = 8
_PLACE_BYTES: Final = 2 * _NUMBER_BYTES
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Node = TypeVar("Node")
Parent = TypeVar("Parent")
Filter = TypeVar("Filter", bound=msgspec.Struct)


class PageArguments(msgspec.Struct, frozen=True, gc=False):
    """The four arguments of a connection, as sent."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


class List(msgspec.Struct, Generic[Position], frozen=True, dict=True):
    """Which list is paged and how its positions are written in cursors.

    ``identity`` is all that makes it this list and no other. ``decode`` gives None for bytes that
    no position is written as.
    """

    identity: tuple[object, ...]
    position_bytes: int
    encode: Callable[[Position], bytes]
    decode: Callable[[bytes], Position | None]

    @cached_property
    def digest(self) -> bytes:
        """What its cursors begin with. Most pages are asked for none."""
        return hashlib.blake2b(repr(self.identity).encode(), digest_size=_DIGEST_BYTES).digest()

    def cursor(self, position: Position) -> str:
        """The opaque cursor of a row."""
        return base64.urlsafe_b64encode(self.digest + self.encode(position)).decode()

    def position(self, cursor: str, argument: str) -> Position:
        """The position in a cursor of this very list; RequestError for any other text."""
        try:
            content = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            content = b""
        digest, written = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        ours = digest == self.digest and len(written) == self.position_bytes
        position = self.decode(written) if ours else None
        if position is None:
            raise RequestError(
                f"`{argument}` is not a cursor of this list. Cursors are only good for the list "
                "and the filter that they came from; take endCursor or startCursor from there."
            )
        return position


class Edge(msgspec.Struct, Generic[Node], frozen=True):
    """A row and where it stands."""

    node: Node
    cursor: str


class Page(msgspec.Struct, Generic[Node], frozen=True):
    """A part of a list, in the list's order."""

    nodes: list[Node]
    has_next_page: bool
    has_previous_page: bool
    cursor_of: Callable[[Node], str]
    count: Callable[[], Awaitable[int]]

    @property
    def edges(self) -> list[Edge[Node]]:
        """The rows with their cursors."""
        return [Edge(node, self.cursor_of(node)) for node in self.nodes]

    @property
    def page_info(self) -> "Page[Node]":
        """The page itself: it knows where it begins and ends."""
        return self

    @property
    def start_cursor(self) -> str | None:
        """The first row's cursor."""
        return self.cursor_of(self.nodes[0]) if self.nodes else None

    @property
    def end_cursor(self) -> str | None:
        """The last row's cursor."""
        return self.cursor_of(self.nodes[-1]) if self.nodes else None


def by_id(*identity: object) -> List[UUID]:
    """A list ordered by UUID; ``identity`` is all that makes it this list and no other."""
    return List(identity, _UUID_BYTES, lambda uuid: uuid.bytes, _uuid)


def by_number(*identity: object) -> List[int]:
    """A list ordered by number; ``identity`` is all that makes it this list and no other."""
    return List(identity, _NUMBER_BYTES, _bytes, _number)


def by_place(*identity: object) -> List[Place]:
    """A list ordered by time; ``identity`` is all that makes it this list and no other."""
    return List(identity, _PLACE_BYTES, _place_bytes, _place)


def window(arguments: PageArguments, list_: List[Position]) -> Window[Position]:
    """The window that the arguments ask for; RequestError where they make no sense."""
    if arguments.first is not None and arguments.last is not None:
        raise RequestError("Ask for `first` or for `last`, not for both.")
    size = SIZE_DEFAULT
    for name, asked in (("first", arguments.first), ("last", arguments.last)):
        if asked is not None:
            if not 0 <= asked <= SIZE_MAX:
                raise RequestError(f"`{name}` is from 0 to {SIZE_MAX}, not {asked}.")
            size = asked
    after, before = arguments.after, arguments.before
    return Window(
        limit=size,
        after=None if after is None else list_.position(after, "after"),
        before=None if before is None else list_.position(before, "before"),
        backward=arguments.last is not None,
    )


async def of_each(
    parents: Sequence[Parent],
    arguments: PageArguments,
    list_of: Callable[[Parent], List[Position]],
    *,
    fetch: Callable[[Sequence[tuple[Parent, Window[Position]]]], Awaitable[Sequence[list[Node]]]],
    position_of: Callable[[Parent, Node], Position],
    count: Callable[[Parent], Awaitable[int]],
) -> "list[Page[Node] | RequestError]":
    """A page of each parent's list, in their order; an error where the arguments make no sense.

    A cursor is of one parent's list only.
    """
    pages: list[Page[Node] | RequestError | None] = [None] * len(parents)
    asked: dict[int, tuple[List[Position], Window[Position]]] = {}
    for index, parent in enumerate(parents):
        list_ = list_of(parent)
        try:
            asked[index] = list_, window(arguments, list_)
        except RequestError as error:
            pages[index] = error
    fetched = await fetch(
        [(parents[index], _wider(wanted)) for index, (_, wanted) in asked.items()]
    )
    for (index, (list_, wanted)), rows in zip(asked.items(), fetched, strict=True):
        parent = parents[index]
        pages[index] = _page(
            wanted, list_, rows, partial(position_of, parent), partial(count, parent)
        )
    return [page for page in pages if page is not None]


async def page(
    asked: Window[Position],
    list_: List[Position],
    *,
    fetch: Callable[[Window[Position]], Awaitable[list[Node]]],
    position_of: Callable[[Node], Position],
    count: Callable[[], Awaitable[int]],
) -> Page[Node]:
    """A page of one list."""
    return _page(asked, list_, await fetch(_wider(asked)), position_of, count)


def _wider(asked: Window[Position]) -> Window[Position]:
    """One row more than asked, which tells whether there are further ones."""
    return msgspec.structs.replace(asked, limit=asked.limit + 1)


def _page(
    asked: Window[Position],
    list_: List[Position],
    rows: list[Node],
    position_of: Callable[[Node], Position],
    count: Callable[[], Awaitable[int]],
) -> Page[Node]:
    """In the other direction there is something exactly where a cursor was given.

    Rows are never deleted, so the cursor's own row is there.
    """
    more = len(rows) > asked.limit
    if asked.backward:
        nodes = rows[len(rows) - asked.limit :] if more else rows
        has_next, has_previous = asked.before is not None, more
    else:
        nodes = rows[: asked.limit]
        has_next, has_previous = more, asked.after is not None
    return Page(
        nodes=nodes,
        has_next_page=has_next,
        has_previous_page=has_previous,
        cursor_of=lambda node: list_.cursor(position_of(node)),
        count=count,
    )


async def total_counts(roots: "Sequence[Page[object]]") -> list[int | BaseException]:
    """How many rows the whole lists have."""
    return await asyncio.gather(*(root.count() for root in roots), return_exceptions=True)


async def of_ledger(
    context: Context,
    noun: str,
    filter_: Filter | None,
    arguments: PageArguments,
    *,
    fetch: Callable[[Connection, int, Filter, Window[UUID]], Awaitable[list[Node]]],
    count: Callable[[Connection, int, Filter], Awaitable[int]],
    position_of: Callable[[Node], UUID],
) -> Page[Node]:
    """A page of all of a ledger's rows; an empty one for a filter of None, which none can meet."""
    list_ = by_id(noun, context.ledger_id, filter_)
    wanted = window(arguments, list_)
    if filter_ is None:
        return empty()
    return await page(
        wanted,
        list_,
        fetch=lambda asked: context.loaders.read(
            lambda conn: fetch(conn, context.ledger_id, filter_, asked)
        ),
        position_of=position_of,
        count=lambda: context.loaders.read(lambda conn: count(conn, context.ledger_id, filter_)),
    )


def empty() -> Page[Node]:
    """The page of a list that has no rows."""

    async def nothing() -> int:
        return 0

    return Page([], has_next_page=False, has_previous_page=False, cursor_of=str, count=nothing)


def _uuid(content: bytes) -> UUID:
    return UUID(bytes=content)


def _bytes(number: int) -> bytes:
    return number.to_bytes(_NUMBER_BYTES, "big", signed=True)


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big", signed=True)


def _place_bytes(place: Place) -> bytes:
    return _bytes((place.at - _EPOCH) // _MICROSECOND) + _bytes(place.version)


def _place(content: bytes) -> Place | None:
    microseconds, version = content[:_NUMBER_BYTES], content[_NUMBER_BYTES:]
    try:
        return Place(_EPOCH + _number(microseconds) * _MICROSECOND, _number(version))
    except OverflowError:
        return None
