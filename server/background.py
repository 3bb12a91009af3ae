"""What a serving process does in the background, beside the requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from db import ledgers, loans
from db.pool import Pool
from resolvers.event_feeds import EventFeeds
from server import metrics, sealer, sweeper
from server.api_keys import ApiKeys
from server.authentication import Authenticator
from server.duties import repeat
from server.measuring import Measuring
from server.settings import Settings

# Where nobody has to say who they are, until somebody has made a key: then at once.
CREDENTIALS_SECONDS: Final = 1.0
# The pool is looked at without asking the database, so that the metrics are never much older.
_POOL_SECONDS: Final = 1.0
# When keys were last used is for people; nobody needs it sooner.
_LAST_USE_SECONDS: Final = 30.0


async def run(
    pool: Pool,
    feeds: EventFeeds,
    keys: ApiKeys,
    authenticator: Authenticator,
    measuring: Measuring,
    configured: Settings,
) -> None:
    """Do all of it, each again and again, until cancelled."""

    async def sweep(ledger_id: int) -> None:
        expired = await sweeper.sweep(pool, ledger_id)
        if expired:
            metrics.decided({"expired": expired})
            feeds.of(ledger_id).committed()

    async def seal(ledger_id: int) -> None:
        await sealer.seal(pool, ledger_id)

    async def watch_credentials() -> None:
        if authenticator.is_open:
            await authenticator.refresh()

    measured_seconds = configured.measure_interval_seconds
    duties = (
        ("Sweeping", configured.sweep_interval_seconds, lambda: _of_each_ledger(pool, sweep)),
        ("Sealing", configured.seal_interval_seconds, lambda: _of_each_ledger(pool, seal)),
        ("Watching for credentials", CREDENTIALS_SECONDS, watch_credentials),
        ("Noting when keys were used", _LAST_USE_SECONDS, keys.note_use),
        ("Measuring the pool", measured_seconds and _POOL_SECONDS, measuring.look_at_pool),
        ("Measuring the ledgers", measured_seconds, measuring.look_at_ledgers),
    )
    async with asyncio.TaskGroup() as group:
        for name, seconds, work in duties:
            if seconds:
                group.create_task(repeat(name, seconds, work))


async def _of_each_ledger(pool: Pool, work: Callable[[int], Awaitable[None]]) -> None:
    """One ledger after another; new ones, too."""
    async with loans.directory(pool) as conn:
        listed = await ledgers.every(conn)
    for ledger in listed:
        await work(ledger.ledger_id)
