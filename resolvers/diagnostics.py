"""Diagnostics: sections of what the server says of itself, each with what to do about it.

A section that cannot be seen is empty, and its hint says why and how it can be: for diagnostics are
wanted most when something is wrong.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec
from psycopg import errors

from db import diagnostics
from db.diagnostics import Index, Server, Session, Statement, Table
from db.statements import Connection
from resolvers import diagnostic_hints
from resolvers.context import Info

Row = TypeVar("Row")

# What a section's statement may meet without anything being wrong with Florin.
_UNSEEN: Final = (
    errors.InsufficientPrivilege,
    errors.LockNotAvailable,
    errors.ObjectNotInPrerequisiteState,
    errors.QueryCanceled,
)


class Diagnostics(msgspec.Struct, frozen=True, gc=False):
    """Of this server; each section is read when it is asked for."""


class Section(msgspec.Struct, Generic[Row], frozen=True):
    """Rows, and a hint about what is not among them; None where all of it is."""

    rows: Sequence[Row]
    hint: str | None = None


def find() -> Diagnostics:
    """The server's diagnostics."""
    return Diagnostics()


async def server(root: Diagnostics, info: Info) -> Server:
    """Connections, cache and size."""
    return await info.context.loaders.read(diagnostics.server)


async def slowest(root: Diagnostics, info: Info) -> Section[Statement]:
    """The statements that took the most time."""
    return await info.context.loaders.read(slowest_statements)


async def tables(root: Diagnostics, info: Info) -> Section[Table]:
    """Tables with their sizes."""
    return await info.context.loaders.read(sized_tables)


async def indexes(root: Diagnostics, info: Info) -> Section[Index]:
    """Indexes with their sizes."""
    return await info.context.loaders.read(sized_indexes)


async def sessions(root: Diagnostics, info: Info) -> Section[Session]:
    """What runs and what it waits for."""
    return await info.context.loaders.read(open_sessions)


async def slowest_statements(conn: Connection) -> Section[Statement]:
    """Those of pg_stat_statements, where it is there."""

    async def read() -> Section[Statement]:
        found = await diagnostics.slowest(conn)
        if isinstance(found, str):
            return Section([], diagnostic_hints.MISSING[found])
        return Section(found, None if found else diagnostic_hints.NO_STATEMENTS)

    return await _seen(read)


async def sized_tables(conn: Connection) -> Section[Table]:
    """All tables."""

    async def read() -> Section[Table]:
        return Section(await diagnostics.tables(conn))

    return await _seen(read)


async def sized_indexes(conn: Connection) -> Section[Index]:
    """All indexes."""

    async def read() -> Section[Index]:
        return Section(await diagnostics.indexes(conn))

    return await _seen(read)


async def open_sessions(conn: Connection) -> Section[Session]:
    """Those with an open transaction."""

    async def read() -> Section[Session]:
        found, hidden = await diagnostics.sessions(conn)
        return Section(found, diagnostic_hints.hidden(hidden))

    return await _seen(read)


async def _seen(read: Callable[[], Awaitable[Section[Row]]]) -> Section[Row]:
    try:
        return await read()
    except _UNSEEN as error:
        return Section([], diagnostic_hints.unseen(error))
