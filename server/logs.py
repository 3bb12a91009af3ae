"""Logs: one place that says where lines go, how they look, and what is never in them.

Every line of the process goes through one formatter, uvicorn's and the libraries', too. Errors are
written as ``server.log_safety`` has them. Times are UTC.
"""

import asyncio
import contextlib
import io
import logging
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO
from urllib.parse import quote

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from pythonjsonlogger.orjson import OrjsonFormatter
from rich.console import Console

from server import log_safety
from server.log_safety import Secrets
from server.settings import Settings

# Libraries quote what they are sent below this: websockets every frame, httpcore every header.
_LIBRARIES_LEVEL: Final = logging.WARNING

# No line is broken.
_WIDTH: Final = 10_000

logger = logging.getLogger("florin.loop")
_startup: Final = logging.getLogger("florin.serving")


def configure(configured: Settings, stream: TextIO | None = None) -> None:
    """Have this process log as the settings say; called again, it begins anew."""
    out = sys.stderr if stream is None else stream
    secrets = Secrets(_secrets(configured))
    handler = _Handler(out)
    handler.setFormatter(_Text(secrets) if is_for_people(configured, out) else _Json(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    level = logging.getLevelNamesMapping()[configured.log_level]
    root.setLevel(max(_LIBRARIES_LEVEL, level))
    logging.getLogger("florin").setLevel(level)
    logging.captureWarnings(capture=True)
    spare_what_is_answered()


def is_for_people(configured: Settings, stream: TextIO) -> bool:
    """Whether what is written to a stream is text, and not for programs."""
    if configured.log_format is None:
        return stream.isatty()
    return configured.log_format == "text"


def console() -> Console:
    """A console of which every line is a warning in the log."""
    return Console(file=_Warnings(), width=_WIDTH, color_system=None)


def fields(record: logging.LogRecord) -> Mapping[str, Any]:
    """What a record has to tell beside its message: ``extra={"fields": {…}}``."""
    found: Mapping[str, Any] = record.__dict__.get("fields") or {}
    return found


def handle_loop_errors(loop: asyncio.AbstractEventLoop) -> None:
    """Have what nobody awaited logged as errors are: asyncio itself would quote them."""
    loop.set_exception_handler(_log_loop_error)


def _log_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # The other things in it are quoted objects: a task with its result, a transport with its peer.
    logger.error(
        "Nobody waited for an error: %s", context["message"], exc_info=context.get("exception")
    )


def spare_what_is_answered() -> None:
    """Leave out what uvicorn says of a client's broken text frame: it is answered, with 1007."""
    logging.getLogger("uvicorn.error").addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Invalid UTF-8 sequence received")


class _Warnings(io.StringIO):
    """A file that is a log."""

    def write(self, text: str) -> int:
        """Log what is written, line by line."""
        for line in text.splitlines():
            if line.strip():
                _startup.warning("%s", line.rstrip())
        return len(text)


def _secrets(configured: Settings) -> list[str]:
    """Every secret among the settings, and the password in the database's address."""
    found = []
    for name in type(configured).model_fields:
        value = getattr(configured, name)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
    for conninfo in tuple(found):
        try:
            password = conninfo_to_dict(conninfo).get("password")
        except ProgrammingError:
            continue
        if password:
            found += [str(password), quote(str(password), safe="")]
    return found


def _safe(record: logging.LogRecord) -> logging.LogRecord:
    """The record with its errors described; a copy, as others may see the record, too."""
    if not record.msg:
        # A line of fields alone, of which there are as many as operations.
        return record
    arguments = record.args
    if isinstance(arguments, tuple) and any(isinstance(one, BaseException) for one in arguments):
        arguments = tuple(
            log_safety.described(one) if isinstance(one, BaseException) else one
            for one in arguments
        )
    message: Any = record.msg
    if isinstance(message, BaseException):
        message = log_safety.described(message)
    copy = logging.makeLogRecord(record.__dict__)
    copy.msg, copy.args, copy.exc_text = message, arguments, None
    return copy


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines, and of one that cannot be made says so."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own
        """Not what was to be written, which logging itself would print."""
        error = sys.exc_info()[1]
        told = {
            "name": record.name,
            "levelname": "ERROR",
            "msg": "A line could not be made at %s:%d: %s",
            "args": (record.filename, record.lineno, error),
        }
        # There may be nobody any more who reads it.
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"{self.format(logging.makeLogRecord(told))}\n")


class _Json(OrjsonFormatter):
    """A JSON object a line."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__("")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """One line; whatever is in ``fields`` stands beside the message."""
        safe = _safe(record)
        line: dict[str, Any] = {
            "time": _time(safe.created),
            "level": safe.levelname,
            "logger": safe.name,
        }
        if safe.msg:
            line["message"] = safe.getMessage()
        line.update(fields(safe))
        if safe.exc_info and safe.exc_info[1] is not None:
            line["error"] = log_safety.traced(safe.exc_info[1])
        return self._secrets.removed(self.serialize_log_record(line))


class _Text(logging.Formatter):
    """A line, and a traceback below it where there is one."""

    converter = staticmethod(time.gmtime)

    def __init__(self, secrets: Secrets) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """What is in ``fields`` follows the message, each with its name."""
        safe = _safe(record)
        told = [f"{key}={value}" for key, value in fields(safe).items() if value is not None]
        safe.msg = " ".join([safe.getMessage(), *told]).strip()
        safe.args = ()
        return self._secrets.removed(super().format(safe))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's own
        """Without values."""
        return log_safety.traced(ei[1])


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
