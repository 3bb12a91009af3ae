"""The sweeper: gives back what expired holds still reserve in the accounts' counters."""

from db import holds, loans
from db.pool import Pool


async def sweep(pool: Pool, ledger_id: int) -> int:
    """Release whatever has expired, batch by batch, and say how many holds that were.

    A connection is borrowed for one batch at a time, so that postings come in between. Nothing is
    done while another process is sweeping.
    """
    swept = 0
    while True:
        async with loans.writing(pool, ledger_id) as conn:
            batch = await holds.sweep(conn, ledger_id)
        swept += batch
        if batch < holds.SWEEP_MAX:
            return swept
