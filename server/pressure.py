"""What holds operations back: their turn in this process, and what their credential may have."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

from server import metrics, outcomes
from server.admission import Admission
from server.callers import Caller
from server.outcomes import Answer
from server.rates import RateRefusal, Rates
from server.settings import Settings

_BUSY: Final = (
    "This process has more to do than it can. Send the request again after a second: thanks to "
    "their idempotency keys, no transaction will be posted twice."
)


class Pressure:
    """Asked by every transport before an operation is run."""

    def __init__(self, configured: Settings) -> None:
        self.admission: Final = Admission(
            running_max=configured.running_max
            or max(configured.pool_size_max, configured.group_size_max),
            waiting_max=configured.waiting_max,
            waiting_seconds=configured.waiting_seconds,
        )
        self._rates = Rates(configured)

    def refusal(self, caller: Caller, *, cost: int) -> Answer | None:
        """Why a subscription may not begin; where it may, it is paid for, events and all."""
        now = asyncio.get_running_loop().time()
        refused = self._rates.charge(_account(caller), cost=cost, mutations=0, now=now)
        return None if refused is None else _limited(refused)

    @contextmanager
    def taken(self, caller: Caller, *, cost: int, mutations: int) -> Iterator[Answer | None]:
        """Why an operation may not run, or nothing: then it counts as one while the block runs."""
        now = asyncio.get_running_loop().time()
        account = _account(caller)
        with self._rates.taken(account, cost=cost, mutations=mutations, now=now) as refused:
            yield None if refused is None else _limited(refused)

    async def in_turn(
        self,
        caller: Caller,
        work: Callable[[], Answer | Coroutine[Any, Any, Answer]],
        *,
        cost: int,
        mutations: int,
    ) -> Answer:
        """What an operation gives, once it is its turn, or why it may not run.

        For those that came over a connection that is open for long: requests by themselves have
        waited for their turn at the gate (``server.gate``).
        """
        with self.taken(caller, cost=cost, mutations=mutations) as refused:
            if refused is not None:
                return refused
            async with self.admission.turn() as is_inside:
                if not is_inside:
                    return outcomes.full(_BUSY)
                answer = work()
                return answer if isinstance(answer, Answer) else await answer


def _account(caller: Caller) -> str:
    return f"{caller.ledger_id}:{caller.credential}"


def _limited(refused: RateRefusal) -> Answer:
    metrics.rejected("rate")
    return outcomes.limited(refused.message, refused.retry_after_seconds)
