"""One mutation, one transaction: all or nothing, run again where another session was in the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from db import faults, loans
from db.observation import watching
from db.statements import Connection
from resolvers.context import Context
from resolvers.endings import ended

# The first retry almost always succeeds; what still fails after so many is overload, and more
# attempts would feed it. The waits, with jitter, add up to less than two seconds.
ATTEMPTS_MAX: Final = 6
_WAIT: Final = wait_random_exponential(multiplier=0.01, max=0.5)
# A commit is a flush to disks, here and on a standby; what takes longer has nobody who answers it.
_COMMIT_SECONDS: Final = 2.0

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

    Cancelled, it rolls back, unless the commit has begun: then that has a moment to be finished, so
    that nobody has to find out what became of it.
    """
    is_committing = is_left = False

    def again(error: BaseException) -> bool:
        if is_left:
            return False
        return faults.is_contention(error) or (idempotent and faults.is_lost_connection(error))

    async def once() -> Result:
        nonlocal is_committing
        is_committing = False
        async with loans.writing(context.pool, context.ledger_id) as conn:
            result = await work(conn)
            is_committing = True
            return result

    context.forget()
    retrying = AsyncRetrying(
        retry=retry_if_exception(again),
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=_WAIT,
        before_sleep=lambda _: watching.get().retried(),
        reraise=True,
    )
    running: asyncio.Future[Result] = asyncio.ensure_future(retrying(once))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        is_left = True
        if is_committing:
            asyncio.get_running_loop().call_later(_COMMIT_SECONDS, running.cancel)
        else:
            running.cancel()
        # Its connection goes back first.
        await ended(running)
        raise
