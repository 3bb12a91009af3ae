"""Statements that wait: for a lock of somebody else's, until their time is up."""

import asyncio
from typing import Final

from tests.faults.load import CASH
from tests.faults.scenario import Scenario, Stage

# Shorter than by default (10), so that a fault of a few seconds is longer.
_STATEMENT_SECONDS: Final = 1.0
_SHORT: Final = {"FLORIN_STATEMENT_TIMEOUT_SECONDS": f"{_STATEMENT_SECONDS:g}"}
# Four connections and the load's twelve clients: most of them wait for one. Each posting wants its
# own; in groups they would all share one, and none of them would feel the fault.
_SMALL_POOL: Final = {"FLORIN_POOL_SIZE_MAX": "4", "FLORIN_GROUP_SIZE_MAX": "1"}

LOCK_ROWS: Final = """
    SELECT account_id FROM florin.accounts WHERE code = ANY(%s) ORDER BY account_id FOR UPDATE
"""
LOCK_TABLE: Final = "LOCK TABLE florin.entries IN ACCESS EXCLUSIVE MODE"


async def _hold_rows(stage: Stage) -> None:
    """Lock accounts that every request needs, for as long as the fault goes on."""
    with stage.postgres.administrator() as conn, conn.transaction():
        conn.execute(LOCK_ROWS, [list(CASH)])
        await asyncio.sleep(max(stage.seconds, 2 * _STATEMENT_SECONDS))


async def _hold_table(stage: Stage) -> None:
    """Lock what is written in the middle of a posting, in spells: each statement waits in it.

    Postings that share a transaction lose patience after a second, and then each tries by itself.
    """
    spells = max(1, round(stage.seconds / (3 * _STATEMENT_SECONDS)))
    with stage.postgres.administrator() as conn:
        for _ in range(spells):
            with conn.transaction():
                conn.execute(LOCK_TABLE)
                await asyncio.sleep(2.5 * _STATEMENT_SECONDS)
            await asyncio.sleep(0.5 * _STATEMENT_SECONDS)


SCENARIOS: Final = (
    Scenario(
        "pool-exhausted",
        "Slow statements keep every connection of the pool.",
        _hold_rows,
        settings=_SMALL_POOL,
    ),
    Scenario(
        "lock-held",
        "Somebody else holds locks on the accounts for longer than a statement may take.",
        _hold_rows,
        settings=_SHORT,
    ),
    Scenario(
        "statement-timeout",
        "Statements reach their time limit in the middle of postings.",
        _hold_table,
        settings=_SHORT,
    ),
)
