"""How much each credential may ask of a process: cost and mutations a second, operations at once.

A bucket holds ten seconds' worth and is filled evenly. What finds anything in it is let in, and may
leave less than nothing: a large operation is never refused for its size alone, and what comes after
it waits for longer. What is kept is in memory: each process counts for itself, and a credential
whose buckets are full again is forgotten.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Final

import msgspec

from server.pressure_settings import PressureSettings

# How much may come at once after a pause: a page that loads all it shows, a batch an hour.
BURST_SECONDS: Final = 10.0
# Among many that are at rest, so many are forgotten for each that asks: more than may be added.
_FORGOTTEN_AT_ONCE: Final = 2
# Operations at once: one of them may end any moment.
_RETRY_SECONDS: Final = 1


class RateRefusal(msgspec.Struct, frozen=True, gc=False):
    """Which limit, which setting, and when to come back."""

    message: str
    retry_after_seconds: int


class _Limit(msgspec.Struct, frozen=True, gc=False):
    """So much a second; 0 is no limit."""

    per_second: int
    what: str
    setting: str


class _Bucket:
    """What is left of ten seconds' worth."""

    __slots__ = ("_at", "_left", "_limit")

    def __init__(self, limit: _Limit, now: float) -> None:
        self._limit = limit
        self._left = limit.per_second * BURST_SECONDS
        self._at = now

    def fill(self, now: float) -> None:
        """With what has come since the last time."""
        per_second = self._limit.per_second
        self._left = min(per_second * BURST_SECONDS, self._left + (now - self._at) * per_second)
        self._at = now

    def take(self, amount: int) -> None:
        """It may leave less than nothing."""
        if self._limit.per_second:
            self._left -= amount

    @property
    def is_full(self) -> bool:
        """Whether it is as a new one."""
        return self._left >= self._limit.per_second * BURST_SECONDS

    def refusal(self) -> RateRefusal | None:
        """Why nothing can be taken; None where something can."""
        per_second = self._limit.per_second
        if not per_second or self._left > 0:
            return None
        # At that moment there is something, however little.
        seconds = max(1, ceil(-self._left / per_second + 1e-9))
        return RateRefusal(
            f"This credential has used up its {self._limit.what}: {per_second} a second, and "
            f"{BURST_SECONDS:g} seconds' worth at once ({self._limit.setting}). Send the request "
            f"again in {seconds} s.",
            seconds,
        )


class _Account:
    """One credential's buckets, and how many of its operations run."""

    __slots__ = ("cost", "mutations", "running")

    def __init__(self, cost: _Bucket, mutations: _Bucket) -> None:
        self.cost = cost
        self.mutations = mutations
        self.running = 0

    def is_at_rest(self, now: float) -> bool:
        """Whether it is as a new one."""
        self.cost.fill(now)
        self.mutations.fill(now)
        return not self.running and self.cost.is_full and self.mutations.is_full


class Rates:
    """The limits of each credential. Times are given, in seconds of any clock that only goes on."""

    def __init__(self, configured: PressureSettings) -> None:
        self._cost = _Limit(
            configured.credential_cost_per_second,
            "cost",
            "FLORIN_CREDENTIAL_COST_PER_SECOND",
        )
        self._mutations = _Limit(
            configured.credential_mutations_per_second,
            "mutations, of which each item of a batch is one",
            "FLORIN_CREDENTIAL_MUTATIONS_PER_SECOND",
        )
        self._running_max = configured.credential_running_max
        # Who asked last stands last.
        self._accounts: dict[str, _Account] = {}

    def __len__(self) -> int:
        """How many credentials are remembered."""
        return len(self._accounts)

    def charge(
        self, credential: str, *, cost: int, mutations: int, now: float
    ) -> RateRefusal | None:
        """Take what an operation costs, or say why it may not run; then nothing is taken."""
        account = self._account(credential, now)
        refused = account.cost.refusal()
        if refused is None and mutations:
            refused = account.mutations.refusal()
        if refused is None:
            account.cost.take(cost)
            account.mutations.take(mutations)
        return refused

    @contextmanager
    def taken(
        self, credential: str, *, cost: int, mutations: int, now: float
    ) -> Iterator[RateRefusal | None]:
        """The same, and one more of the credential's operations runs while the block does."""
        account = self._account(credential, now)
        if self._running_max and account.running >= self._running_max:
            yield RateRefusal(
                f"{account.running} operations of this credential run already "
                "(FLORIN_CREDENTIAL_RUNNING_MAX). Wait for one of them, and send it again then.",
                _RETRY_SECONDS,
            )
            return
        refused = self.charge(credential, cost=cost, mutations=mutations, now=now)
        if refused is not None:
            yield refused
            return
        account.running += 1
        try:
            yield None
        finally:
            account.running -= 1

    def _account(self, credential: str, now: float) -> _Account:
        account = self._accounts.pop(credential, None)
        if account is None:
            account = _Account(_Bucket(self._cost, now), _Bucket(self._mutations, now))
        account.cost.fill(now)
        account.mutations.fill(now)
        self._forget(now)
        self._accounts[credential] = account
        return account

    def _forget(self, now: float) -> None:
        """Of those that asked longest ago."""
        for _ in range(_FORGOTTEN_AT_ONCE):
            credential = next(iter(self._accounts), None)
            if credential is None:
                return
            account = self._accounts.pop(credential)
            if not account.is_at_rest(now):
                # Something of it still runs, or it has asked for much: it is looked at again.
                self._accounts[credential] = account
                return
