"""Listens for hints that there are new events, on a connection of its own.

A hint says only that it is worth looking. Hints are lost while the connection is, and are never
heard through a pooler in transaction mode; whoever waits for one looks now and then by itself.
"""

from collections.abc import AsyncIterator
from typing import Final

from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from db.events import CHANNEL
from db.pool import KEEPALIVES

LISTEN: Final = SQL("LISTEN {}").format(Identifier(CHANNEL))


async def hints(conninfo: str) -> AsyncIterator[str]:
    """The ids of the ledgers that have something new, as they are hinted at, for ever.

    The first, an empty one, says that from now on none is missed. Raises psycopg's errors where the
    connection cannot be had or is lost.
    """
    conn = await AsyncConnection.connect(
        conninfo, autocommit=True, application_name="florin", **KEEPALIVES
    )
    async with conn:
        await conn.execute(LISTEN)
        yield ""
        async for hint in conn.notifies():
            yield hint.payload
