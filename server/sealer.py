"""The sealer: closes what is recorded into the ledger's hash chain, and never makes a posting wait.

``db.seals`` says in which order, and why it is complete. A connection is borrowed for each step, so
that none is held while waiting.
"""

import asyncio
from typing import Final

from db import loans, seals
from db.pool import Pool

# Postings end within milliseconds; a transaction that runs for longer, in any database of the
# server, is not waited for here but on the next occasion, with a new announcement.
_POLL_SECONDS: Final = 0.05
_POLLS_MAX: Final = 40


async def seal(pool: Pool, ledger_id: int) -> int:
    """Seal all that is recorded by now, block by block, and say how many seals that were.

    Nothing is done while another process is sealing, or where there is nothing to seal.
    """
    async with loans.writing(pool, ledger_id) as conn:
        announced = await seals.announce(conn, ledger_id)
    if announced is None or not await _settled(pool, ledger_id):
        return 0
    sealed = 0
    while True:
        async with loans.writing(pool, ledger_id) as conn:
            if not await seals.seal_next(conn, ledger_id, through=announced):
                return sealed
        sealed += 1


async def _settled(pool: Pool, ledger_id: int) -> bool:
    async with loans.reading(pool, ledger_id) as conn:
        horizon = await seals.horizon(conn)
    for _ in range(_POLLS_MAX):
        async with loans.reading(pool, ledger_id) as conn:
            if await seals.settled(conn, horizon):
                return True
        await asyncio.sleep(_POLL_SECONDS)
    return False
