"""Connections that do not wait for a server that says nothing: they hang up.

The server ends a statement for its time limit, and when it is asked to, within a moment. A network
that carries nothing, and says so to nobody, does neither: without a limit of ours a statement would
wait for minutes, a COMMIT too, and with it whoever waits for its answer.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self, TypeVar

import psycopg
from psycopg.abc import PQGen

from db.connections import PooledConnection

# What takes one round trip is answered within this, be the server on the other side of the world;
# or else nobody is there.
ROUND_TRIP_SECONDS: Final = 2.0
# A cancellation is sent over a connection of its own; then the statement has to say that it ended.
_CANCELLED_SECONDS: Final = 2 * ROUND_TRIP_SECONDS
# psycopg's own, between two looks at the clock.
_INTERVAL_SECONDS: Final = 0.1

Result = TypeVar("Result")


def impatient(statement_timeout_seconds: float) -> type[PooledConnection]:
    """A kind of connection on which every statement is answered in time, or broken off.

    Where the server should have ended a statement and nothing is heard, OperationalError is raised,
    as by a connection that was lost: the work may be done or not.
    """
    longest_seconds = statement_timeout_seconds + ROUND_TRIP_SECONDS

    class Impatient(PooledConnection):
        _alarm: asyncio.TimerHandle | None = None

        @classmethod
        async def connect(cls, conninfo: str = "", **options: Any) -> Self:  # noqa: ANN401
            try:
                return await super().connect(conninfo, **options)
            except psycopg.Error as error:
                # It would keep psycopg's frame, and the frame a half-open connection, on both
                # sides, until the collector comes by.
                raise error.with_traceback(None) from None

        async def wait(
            self,
            gen: PQGen[Result],
            interval: float = _INTERVAL_SECONDS,
            timeout: float | None = None,  # noqa: ASYNC109 - psycopg's name
        ) -> Result:
            self._set_alarm(longest_seconds)
            try:
                return await super().wait(gen, interval, timeout)
            finally:
                self._set_alarm(None)

        async def cancel_safe(
            self,
            *,
            timeout: float = ROUND_TRIP_SECONDS,  # noqa: ASYNC109 - psycopg's name
        ) -> None:
            if self._alarm is not None:
                self._set_alarm(_CANCELLED_SECONDS)
            await super().cancel_safe(timeout=min(timeout, ROUND_TRIP_SECONDS))

        def _set_alarm(self, seconds: float | None) -> None:
            if self._alarm is not None:
                self._alarm.cancel()
            loop = asyncio.get_running_loop()
            self._alarm = None if seconds is None else loop.call_later(seconds, hang_up, self)

    return Impatient


@asynccontextmanager
async def within_a_round_trip(
    conn: PooledConnection, seconds: float = ROUND_TRIP_SECONDS
) -> AsyncIterator[None]:
    """For what is answered at once: hang up where it is not."""
    alarm = asyncio.get_running_loop().call_later(seconds, hang_up, conn)
    try:
        yield
    finally:
        alarm.cancel()


def hang_up(conn: PooledConnection) -> None:
    """End a connection from this side. Whoever waits for it hears at once that it is lost."""
    if conn.closed:
        return
    # The descriptor stays psycopg's, and the loop's: it becomes readable, and says that it ended.
    with socket.socket(fileno=os.dup(conn.pgconn.socket)) as line, suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
