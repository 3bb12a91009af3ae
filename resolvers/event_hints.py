"""Other processes' hints that they have committed something, heard by one connection for all."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from db import faults, listening

logger = logging.getLogger("florin.events")

# After an outage, doubled each time up to the longest.
_RETRY_SECONDS: Final = 0.1
_RETRY_SECONDS_MAX: Final = 2.0


class EventHints:
    """Listens while any ledger is followed. Where that fails, polling has to do meanwhile.

    Without a ``conninfo`` it has to do for ever.
    """

    def __init__(self, conninfo: str | None) -> None:
        self._conninfo = conninfo
        self._hinted: dict[int, Callable[[], None]] = {}
        self._listening: asyncio.Task[None] | None = None

    def listen(self, ledger_id: int, hinted: Callable[[], None]) -> None:
        """Call ``hinted`` for each hint about a ledger, and when hints may have been missed."""
        self._hinted[ledger_id] = hinted
        if self._listening is None and self._conninfo is not None:
            self._listening = asyncio.create_task(self._listen(self._conninfo))

    def ignore(self, ledger_id: int) -> None:
        """Call for a ledger no more."""
        self._hinted.pop(ledger_id, None)
        if not self._hinted and self._listening is not None:
            self._listening.cancel()
            self._listening = None

    async def close(self) -> None:
        """Stop listening, for the process ends."""
        self._hinted.clear()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    async def _listen(self, conninfo: str) -> None:
        delay = _RETRY_SECONDS
        while True:
            try:
                async for ledger_id in listening.hints(conninfo):
                    delay = _RETRY_SECONDS
                    self._tell(ledger_id)
            except Exception as error:
                if not faults.is_outage(error):
                    logger.exception("Not listening for events, and will try again")
                else:
                    logger.info("Not listening for events: %s", error)
            await asyncio.sleep(delay)
            delay = min(2 * delay, _RETRY_SECONDS_MAX)

    def _tell(self, ledger_id: str) -> None:
        # An empty one is about all.
        for followed, hinted in list(self._hinted.items()):
            if ledger_id in {"", str(followed)}:
                hinted()
