"""/healthz and /readyz: whether the process is alive, and whether it can serve.

Only the first is for deciding to restart it: a database that is away comes back without.
"""

import asyncio
from functools import cache
from typing import Any, Final

import msgspec
import orjson
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.responses import Response

from db import faults, loans, migrate
from db.pool import Pool
from server.measuring import Measuring

OK: Final = "ok"
UNAVAILABLE: Final = "unavailable"

_head: Final = cache(migrate.head)


class _Found(msgspec.Struct, frozen=True):
    """What the database said, or why it did not."""

    revision: str | None = None
    problem: str | None = None
    is_exhausted: bool = False


def alive() -> Response:
    """The process is alive; says nothing about the database."""
    return _json({"status": OK}, status=200)


class Readiness:
    """Whether requests can be served: a connection can be had, and the schema is the expected one.

    It answers within its time, whatever becomes of the connection that it asks with.
    """

    def __init__(self, pool: Pool, measuring: Measuring, *, timeout_seconds: float) -> None:
        self._pool = pool
        self._measuring = measuring
        self._timeout_seconds = timeout_seconds
        # One for all who ask meanwhile, so that they cannot use up the pool between them.
        self._asking: asyncio.Task[_Found] | None = None

    async def answer(self) -> Response:
        """200 or 503, with each check and, of the first that failed, the reason."""
        found = await self._found()
        checks = {
            "database": self._database(found),
            "revision": _revision(found),
            "pool": self._pool_check(found),
            "lag": self._lag(),
        }
        reasons = [check["reason"] for check in checks.values() if "reason" in check]
        content: dict[str, Any] = {"status": UNAVAILABLE if reasons else OK}
        if reasons:
            content["reason"] = reasons[0]
        content |= {"revision": found.revision, "checks": checks}
        return _json(content, status=503 if reasons else 200)

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None and not self._asking.done():
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _found(self) -> _Found:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        # Not cancelled when the time is over: that waits for a server which may be out of reach.
        await asyncio.wait([self._asking], timeout=self._timeout_seconds)
        if self._asking.done():
            return self._asking.result()
        return _Found(
            problem=f"no answer within {self._timeout_seconds:g} s", is_exhausted=self._is_lent_out
        )

    async def _ask(self) -> _Found:
        try:
            async with loans.directory(self._pool) as conn:
                return _Found(revision=await migrate.revision(conn))
        except Exception as error:
            if not faults.is_outage(error):
                raise
            is_full = isinstance(error, PoolTimeout | TooManyRequests) and self._is_lent_out
            return _Found(problem="no database connection", is_exhausted=is_full)

    @property
    def _is_lent_out(self) -> bool:
        stats = self._pool.get_stats()
        return stats["pool_size"] >= stats["pool_max"] and not stats["pool_available"]

    def _database(self, found: _Found) -> dict[str, Any]:
        if found.problem is None:
            return {"status": OK}
        if found.is_exhausted:
            # It may be well; nobody could ask it.
            return {"status": "unknown"}
        return {"status": UNAVAILABLE, "reason": found.problem}

    def _pool_check(self, found: _Found) -> dict[str, Any]:
        stats = self._pool.get_stats()
        told: dict[str, Any] = {
            "status": OK,
            "open": stats["pool_size"],
            "idle": stats["pool_available"],
            "max": stats["pool_max"],
            "waiting": stats.get("requests_waiting", 0),
        }
        if found.is_exhausted:
            reason = f"all {told['max']} connections of the pool are lent, {told['waiting']} wait"
            told |= {"status": UNAVAILABLE, "reason": reason}
        return told

    def _lag(self) -> dict[str, Any]:
        """For information: what lags catches up while requests are served."""
        age_seconds = self._measuring.age_seconds
        if age_seconds is None:
            return {"status": "unknown"}
        worst = self._measuring.worst
        return {
            "status": OK,
            "eventsSeconds": round(worst.events_seconds, 3),
            "sealerSeconds": round(worst.sealer_seconds, 3),
            "measuredSecondsAgo": round(age_seconds, 3),
        }


def _revision(found: _Found) -> dict[str, Any]:
    if found.problem is not None:
        return {"status": "unknown"}
    if found.revision != _head():
        reason = f"schema revision is {found.revision}, not {_head()}: run florin migrate"
        return {"status": UNAVAILABLE, "reason": reason}
    return {"status": OK}


def _json(content: dict[str, Any], *, status: int) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
