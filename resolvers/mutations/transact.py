"""One mutation, one transaction: all or nothing, run again where another session was in the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from db import faults, loans
from db.observation import watching
from db.statements import Connection
from resolvers.attempts import attempts
from resolvers.context import Context
from resolvers.endings import COMMIT_SECONDS, ended

Result = TypeVar("Result")


async def transact(
    context: Context,
    work: Callable[[Connection], Awaitable[Result]],
    *,
    idempotent: bool = False,
) -> Result:
    """Run ``work`` in one transaction and return its result once that is committed.

    Contention is retried from the first statement on, and so is a lost connection. Once the commit
    may have happened, that is retried only where the work is ``idempotent``. Raises psycopg's and
    the pool's errors when the attempts are used up or a retry would not be safe.

    Cancelled, it rolls back, unless the commit has begun: then that has a moment to be finished, so
    that nobody has to find out what became of it.
    """
    is_committing = is_left = False

    def again(error: BaseException) -> bool:
        if is_left:
            return False
        # Without a COMMIT nothing was done.
        safe = idempotent or not is_committing
        return faults.is_contention(error) or (safe and faults.is_lost_connection(error))

    async def once() -> Result:
        nonlocal is_committing
        is_committing = False
        async with loans.writing(context.pool, context.ledger_id) as conn:
            result = await work(conn)
            is_committing = True
            return result

    context.forget()
    retrying = attempts(again, retried=lambda: watching.get().retried())
    running: asyncio.Future[Result] = asyncio.ensure_future(retrying(once))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        is_left = True
        if is_committing:
            asyncio.get_running_loop().call_later(COMMIT_SECONDS, running.cancel)
        else:
            running.cancel()
        # Its connection goes back first.
        await ended(running)
        raise
