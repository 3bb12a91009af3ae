"""What a database error means to those who called: try again, come back later, or a bug."""

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout, TooManyRequests

# Another session was in the way; the same work, done again from its first statement, can succeed.
# A unique violation is one of these because every write looks before it inserts: whoever was
# faster is seen on the second run, and answered with a refusal.
_CONTENTION = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.UniqueViolation,
)
# The server took too long, or somebody held a lock for too long. Nothing was written.
_TOO_SLOW = (errors.QueryCanceled, errors.LockNotAvailable)


def is_contention(error: BaseException) -> bool:
    """Whether nothing was written because of another session; running again is safe."""
    return isinstance(error, _CONTENTION)


def is_lost_connection(error: BaseException) -> bool:
    """Whether the connection broke: a commit that was under way may have happened or not."""
    return isinstance(error, psycopg.OperationalError) and not isinstance(
        error, (*_CONTENTION, *_TOO_SLOW)
    )


def is_outage(error: BaseException) -> bool:
    """Whether the same request may succeed later: no connection to be had, or none that lasts."""
    return isinstance(error, PoolTimeout | TooManyRequests | psycopg.OperationalError)
