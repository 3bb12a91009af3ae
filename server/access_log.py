"""The lines about operations: written together every few milliseconds, which is much cheaper.

What was measured: a line by itself, between two requests, takes some 30 microseconds, and several
right behind each other take some 15 each. Whoever kills the process loses those of the last moment.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import time
from typing import Final

Fields = Mapping[str, object]

logger: Final = logging.getLogger("florin.access")

# Nobody reads a log sooner.
_TOGETHER_SECONDS: Final = 0.05

# All that a record has where nothing more is known of it.
_RECORD: Final = logging.makeLogRecord(
    {"name": logger.name, "levelno": logging.INFO, "levelname": "INFO", "msg": ""}
).__dict__


class _Waiting:
    """The lines that are about to be written, and the loop that will."""

    loop: asyncio.AbstractEventLoop | None = None
    lines: Final[list[tuple[float, Callable[[], Fields]]]] = []


def add(fields: Callable[[], Fields]) -> None:
    """A line more, unless nobody wants them; ``fields`` is called when it is written."""
    if not logger.isEnabledFor(logging.INFO):
        return
    _Waiting.lines.append((time(), fields))
    loop = asyncio.get_running_loop()
    if _Waiting.loop is not loop:
        _Waiting.loop = loop
        loop.call_later(_TOGETHER_SECONDS, flush)


def flush() -> None:
    """Write what waits, such as when the process ends."""
    lines, _Waiting.loop = list(_Waiting.lines), None
    _Waiting.lines.clear()
    for created, fields in lines:
        # Made anew, a record would find out about threads and processes, and logger.info() from
        # where it was called.
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__.update(_RECORD, created=created, fields=fields())
        logger.handle(record)
