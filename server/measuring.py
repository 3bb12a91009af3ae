"""Measures for the metrics what has to be looked at to be known: the pool, and ledgers' lags."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Final

import msgspec
from prometheus_client import Counter, Gauge

from db import events, holds, ledgers, loans, observation, seals
from db.observation import Observation
from db.pool import Pool
from server import metrics, metrics_files
from server.admission import Admission
from server.metrics import registry

# Of one look: some five round trips each. With more of them it takes turns.
_LEDGERS_A_TIME: Final = 100

_pool_connections: Final = Gauge(
    "florin_pool_connections",
    "Connections to the database: open ones, those among them that nobody has borrowed, and how "
    "many there may be.",
    ("state",),
    multiprocess_mode="livesum",
    registry=registry,
)
_pool_waiting: Final = Gauge(
    "florin_pool_waiting",
    "Who waits for a connection.",
    multiprocess_mode="livesum",
    registry=registry,
)
_POOL_COUNTERS: Final[Mapping[str, Counter]] = {
    "requests_num": Counter("florin_pool_loans", "Connections asked for.", registry=registry),
    "requests_queued": Counter(
        "florin_pool_waits", "Those that had to be waited for.", registry=registry
    ),
    "requests_errors": Counter(
        "florin_pool_timeouts",
        "Those that could not be had: in time, or because too many waited.",
        registry=registry,
    ),
    "connections_lost": Counter(
        "florin_pool_connections_lost", "Connections found broken.", registry=registry
    ),
}
_pool_wait_seconds: Final = Counter(
    "florin_pool_wait_seconds", "Time spent waiting for connections.", registry=registry
)
_tasks: Final = Gauge(
    "florin_tasks",
    "Tasks of the event loop, whatever they are for: what waits or runs at once.",
    multiprocess_mode="livesum",
    registry=registry,
)
_running: Final = Gauge(
    "florin_operations_running",
    "Operations that run.",
    multiprocess_mode="livesum",
    registry=registry,
)
_waiting: Final = Gauge(
    "florin_operations_waiting",
    "Operations that wait until others have been run.",
    multiprocess_mode="livesum",
    registry=registry,
)
_open_holds: Final = Gauge(
    "florin_open_holds",
    "Holds that are neither captured, voided nor expired; of each ledger at most 10,000 count.",
    multiprocess_mode="livemax",
    registry=registry,
)
_events_lag: Final = Gauge(
    "florin_events_lag_seconds",
    "For how long the oldest event has been waiting for transactions that are open on the server; "
    "the worst ledger's.",
    multiprocess_mode="livemax",
    registry=registry,
)
_sealer_lag: Final = Gauge(
    "florin_sealer_lag_seconds",
    "For how long the oldest recorded transaction has not been sealed; the worst ledger's.",
    multiprocess_mode="livemax",
    registry=registry,
)


class Lags(msgspec.Struct, frozen=True):
    """Of one ledger, or the worst of several; seconds."""

    open_holds: int
    events_seconds: float
    sealer_seconds: float


class Measuring:
    """Looks at one process's pool, and at all ledgers."""

    def __init__(self, pool: Pool, admission: Admission | None = None) -> None:
        self._pool = pool
        self._admission = admission
        self._background = Observation()
        # Of figures that grow, what has been added to the counters so far.
        self._told: dict[str, int] = {}
        self._lags: dict[int, Lags] = {}
        self._next = 0
        self._measured_at: float | None = None

    def watch(self) -> None:
        """Begin: count the statements of this task, too, and of those that it starts.

        They are of no operation, which has an observation of its own.
        """
        metrics_files.join()
        observation.watching.set(self._background)

    async def look_at_pool(self) -> None:
        """Have the metrics say how the pool is now; nothing is waited for."""
        sent = {"statements": self._background.statements}
        metrics.background_statements(self._more(sent, "statements"))
        stats = self._pool.get_stats()
        _pool_connections.labels("open").set(stats["pool_size"])
        _pool_connections.labels("idle").set(stats["pool_available"])
        _pool_connections.labels("max").set(stats["pool_max"])
        _tasks.set(len(asyncio.all_tasks()))
        _pool_waiting.set(stats.get("requests_waiting", 0))
        if self._admission is not None:
            _running.set(self._admission.running)
            _waiting.set(self._admission.waiting)
        for name, counter in _POOL_COUNTERS.items():
            counter.inc(self._more(stats, name))
        _pool_wait_seconds.inc(self._more(stats, "requests_wait_ms") / 1000)

    async def look_at_ledgers(self) -> None:
        """Have the metrics say what is open and what lags; raises the database's errors."""
        async with loans.directory(self._pool) as conn:
            ids = [one.ledger_id for one in await ledgers.every(conn)]
        if self._next >= len(ids):
            self._next = 0
        for ledger_id in ids[self._next : self._next + _LEDGERS_A_TIME]:
            self._lags[ledger_id] = await self._measured(ledger_id)
        self._next += _LEDGERS_A_TIME
        self._measured_at = monotonic()
        worst = self.worst
        _open_holds.set(sum(lags.open_holds for lags in self._lags.values()))
        _events_lag.set(worst.events_seconds)
        _sealer_lag.set(worst.sealer_seconds)

    @property
    def worst(self) -> Lags:
        """The worst of all ledgers, each as it was when it was last looked at."""
        every = self._lags.values()
        return Lags(
            max((lags.open_holds for lags in every), default=0),
            max((lags.events_seconds for lags in every), default=0.0),
            max((lags.sealer_seconds for lags in every), default=0.0),
        )

    @property
    def age_seconds(self) -> float | None:
        """How long ago that was; None where it never was."""
        return None if self._measured_at is None else monotonic() - self._measured_at

    async def _measured(self, ledger_id: int) -> Lags:
        async with loans.reading(self._pool, ledger_id) as conn:
            open_holds = await holds.open_count(conn, ledger_id)
            unsealed_since = await seals.unsealed_since(conn, ledger_id)
            horizon = await events.horizon(conn, ledger_id)
        return Lags(
            open_holds,
            _seconds(horizon.waiting_since, horizon.read_at),
            _seconds(unsealed_since, horizon.read_at),
        )

    def _more(self, stats: Mapping[str, int], name: str) -> int:
        """How much a figure has grown since it was last told."""
        value = stats.get(name, 0)
        grown = value - self._told.get(name, 0)
        self._told[name] = value
        return grown


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
