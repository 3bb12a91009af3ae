"""Periodic work in the background of a server: again and again, through every outage."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from db import faults

logger = logging.getLogger("florin.duties")

# Several processes that started together should not all come at the same moments.
_JITTER: Final = 0.1


async def repeat(name: str, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do ``work`` every so many seconds, until cancelled.

    An outage is logged when it begins and when it is over; anything else that ``work`` raises is a
    bug, logged with its traceback each time. Neither ends the duty.
    """
    failing = False
    while True:
        await asyncio.sleep(seconds * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - no secret
        try:
            await work()
        except Exception as error:
            if not faults.is_outage(error):
                logger.exception("%s failed, and will be tried again", name)
            elif not failing:
                logger.warning("%s waits for the database: %s", name, error)
            failing = True
        else:
            if failing:
                logger.warning("%s works again", name)
            failing = False
