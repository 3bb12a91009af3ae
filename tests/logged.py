"""What the tests of logs look at: everything that is logged, at the level DEBUG, as JSON."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from server import logs
from server.settings import Settings
from tests.credentials import SECRET


@contextmanager
def everything(database_url: str) -> Iterator[io.StringIO]:
    """Whatever is logged while the block runs."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    configured = Settings(
        database_url=SecretStr(database_url),
        api_key_secret=SECRET,
        log_format="json",
        log_level="DEBUG",
    )
    logs.configure(configured, stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.getLogger("florin").setLevel(logging.NOTSET)
        logging.captureWarnings(capture=False)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Each line, read."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def operations(stream: io.StringIO) -> list[dict[str, Any]]:
    """Those that are about an operation."""
    return [line for line in lines(stream) if line["logger"] == "florin.access"]
