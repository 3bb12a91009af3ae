"""What must come to its own end, though those who wait for it be cancelled: connections go back."""

import asyncio
from typing import Any, Final

# A commit is a flush to disks, here and on a standby; what takes longer has nobody who answers it.
COMMIT_SECONDS: Final = 2.0


async def ended(running: "asyncio.Future[Any]") -> None:
    """Wait until it has, however often one is cancelled meanwhile. Its error is no longer news."""
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            continue
    if not running.cancelled():
        running.exception()
