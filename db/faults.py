"""What a database error means to those who called: try again, come back later, or a bug."""

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests


class OvertakenError(Exception):
    """A transaction that a request names was recorded while the locks were waited for.

    Its accounts are not among those that are locked: done again from the start, they are.
    """


# Another session was in the way; the same work, done again from its first statement, can succeed.
# A unique violation is one of these because every write looks before it inserts: whoever was
# faster is seen on the second run, and answered with a refusal.
_CONTENTION = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.UniqueViolation,
    OvertakenError,
)
# What ends a connection from the server's side: shutdown, crash, start-up.
_ENDED = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow)
# Not OperationalError in psycopg's hierarchy, but passing all the same: a session that idled too
# long in a transaction, and a pool that still holds connections to a demoted primary.
_PASSING = (errors.IdleInTransactionSessionTimeout, errors.ReadOnlySqlTransaction)


def is_contention(error: BaseException) -> bool:
    """Whether nothing was written because of another session; running again is safe."""
    return isinstance(error, _CONTENTION)


def is_lost_connection(error: BaseException) -> bool:
    """Whether a connection broke in use: a commit that was under way may have happened or not.

    A connection that could not be had in the first place is no such thing: asking again at once
    would only make the queue longer.
    """
    if isinstance(error, PoolTimeout | TooManyRequests | PoolClosed):
        return False
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    return state is None or state.startswith("08") or isinstance(error, _ENDED)


def is_kept_waiting(error: BaseException) -> bool:
    """Whether somebody else kept a lock for longer than one was ready to wait for it."""
    return isinstance(error, errors.LockNotAvailable)


def is_outage(error: BaseException) -> bool:
    """Whether the same request may succeed later: no connection to be had, or none that lasts."""
    return isinstance(error, (psycopg.OperationalError, *_PASSING))
