"""Work that begins again from its start where another session was in the way: a few times."""

from collections.abc import Callable
from typing import Final

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

# The first retry almost always succeeds; what still fails after so many is overload, and more
# attempts would feed it. The waits, with jitter, add up to less than two seconds.
ATTEMPTS_MAX: Final = 6
_WAIT: Final = wait_random_exponential(multiplier=0.01, max=0.5)


def attempts(
    again: Callable[[BaseException], bool], *, retried: Callable[[], None]
) -> AsyncRetrying:
    """Calls what it is given until that succeeds, or fails with what is not to be tried ``again``.

    Before each further attempt ``retried`` is told. The last error is raised as it is.
    """
    return AsyncRetrying(
        retry=retry_if_exception(again),
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=_WAIT,
        before_sleep=lambda _: retried(),
        reraise=True,
    )
