"""One mutation, one transaction: all or nothing, run again where another session was in the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from db import faults, statements
from db.statements import Connection
from resolvers.context import Context
from resolvers.endings import ended

# The first retry almost always succeeds; what still fails after so many is overload, and more
# attempts would feed it. The waits, with jitter, add up to less than two seconds.
ATTEMPTS_MAX: Final = 6
_WAIT: Final = wait_random_exponential(multiplier=0.01, max=0.5)

Result = TypeVar("Result")


async def transact(
    context: Context,
    work: Callable[[Connection], Awaitable[Result]],
    *,
    idempotent: bool = False,
) -> Result:
    """Run ``work`` in one transaction and return its result once that is committed.

    Contention is retried from the first statement on. A lost connection is retried only where the
    work is ``idempotent``, because its commit may have happened. Raises psycopg's and the pool's
    errors when the attempts are used up or a retry would not be safe.

    Cancelled, it rolls back, unless the commit has begun: then it is finished first, so that nobody
    has to find out what became of it.
    """
    is_committing = False

    def again(error: BaseException) -> bool:
        return faults.is_contention(error) or (idempotent and faults.is_lost_connection(error))

    async def once() -> Result:
        nonlocal is_committing
        is_committing = False
        async with context.pool.connection() as conn, statements.transaction(conn):
            result = await work(conn)
            is_committing = True
            return result

    context.forget()
    retrying = AsyncRetrying(
        retry=retry_if_exception(again),
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=_WAIT,
        reraise=True,
    )
    running: asyncio.Future[Result] = asyncio.ensure_future(retrying(once))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if not is_committing:
            running.cancel()
        # Its connection goes back first.
        await ended(running)
        raise
