"""A primary that dies, and the standby that takes its place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.faults import databases
from tests.faults.databases import Postgres
from tests.faults.scenario import Place, Scenario, Stage

# Acknowledged means that the standby has it on its disk, too: so nothing acknowledged is lost.
_PRIMARY: Final = {
    "wal_level": "replica",
    "synchronous_commit": "on",
    "synchronous_standby_names": "standby",
}
# Promoted, it has no standby of its own to wait for.
_STANDBY: Final = {"synchronous_standby_names": ""}
# Shorter than by default (10), so that a fault of a few seconds is longer.
_STATEMENT_SECONDS: Final = 1.0
# Connections are made anew, to whichever of the two takes writes.
_FAILOVER_SECONDS: Final = 15.0


class _Pair(Place, kw_only=True):
    standby: Postgres


async def _fail_over(stage: Stage) -> None:
    assert isinstance(stage.place, _Pair)
    standby = stage.place.standby
    await asyncio.sleep(stage.seconds / 2)
    await asyncio.to_thread(stage.postgres.stop, "immediate")
    await asyncio.sleep(stage.seconds / 2)
    await asyncio.to_thread(standby.promote)
    stage.place.postgres = standby


async def _fail_over_after_silence(stage: Stage) -> None:
    """The standby is away for longer than a statement may take; then the primary dies.

    What the primary has committed for itself meanwhile, the standby never saw.
    """
    assert isinstance(stage.place, _Pair)
    standby = stage.place.standby
    await asyncio.to_thread(standby.stop, "immediate")
    await asyncio.sleep(max(stage.seconds, 2 * _STATEMENT_SECONDS))
    await asyncio.to_thread(stage.postgres.stop, "immediate")
    await asyncio.to_thread(standby.start)
    await asyncio.to_thread(standby.promote)
    stage.place.postgres = standby


@asynccontextmanager
async def _two(_folder: Path) -> AsyncIterator[Place]:
    """A primary and its synchronous standby; Florin knows both and takes the one that writes."""
    with databases.running() as primary:
        standby = Postgres(primary.data.parent.parent / "standby")
        try:
            _clone(primary, standby)
            primary.configure(_PRIMARY)
            with primary.administrator() as conn:
                conn.execute("SELECT pg_reload_conf()")
            url = (
                f"postgresql://postgres@{primary.host}:{primary.port},{standby.host}:"
                f"{standby.port}/florin?target_session_attrs=read-write&sslmode=disable"
            )
            yield _Pair(primary, url, standby=standby)
        finally:
            standby.close()


def _clone(primary: Postgres, standby: Postgres) -> None:
    source = f"host={primary.host} port={primary.port} user=postgres application_name=standby"
    databases.run("pg_basebackup", "-D", str(standby.data), "-d", source, "-R", "-c", "fast")
    standby.configure(_STANDBY)
    standby.start()


SCENARIOS: Final = (
    Scenario(
        "standby-promoted",
        "The primary dies and its standby is promoted; Florin goes on with it.",
        _fail_over,
        place=_two,
        bound_seconds=_FAILOVER_SECONDS,
    ),
    Scenario(
        "standby-behind",
        "The standby is away for longer than a statement may take, then it is promoted.",
        _fail_over_after_silence,
        place=_two,
        bound_seconds=_FAILOVER_SECONDS,
        settings={"FLORIN_STATEMENT_TIMEOUT_SECONDS": f"{_STATEMENT_SECONDS:g}"},
    ),
)
