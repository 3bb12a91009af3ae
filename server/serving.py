"""`florin serve` once the database is fit: what else must be in order, and then uvicorn."""

import logging
import os
import signal
import socket
import sys
from typing import Any

import uvicorn
from pydantic import SecretStr
from rich.console import Console

from schema.build import GRAPHQL_SCHEMA
from server import playground
from server.documents import Documents
from server.origins import is_loopback
from server.settings import Settings
from server.trusted_documents import TrustedDocumentsError


class CannotServeError(Exception):
    """What is in the way, and what to do about it."""


def run(configured: Settings, out: Console, err: Console) -> None:
    """Serve until told to stop. Raises CannotServeError where it could not begin."""
    _refuse_wrong_documents(configured)
    _refuse_if_port_is_taken(configured)
    _say_where(configured, out, err)
    # Workers read their settings anew; the embedded server's address has to reach them.
    assert isinstance(configured.database_url, SecretStr)
    os.environ["DATABASE_URL"] = configured.database_url.get_secret_value()
    # uvicorn drains, then raises the signal again: leave in good order, so that what was
    # started here is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        "server.app:from_environment",
        factory=True,
        host=configured.host,
        port=configured.port,
        workers=configured.workers,
        **uvicorn_options(configured),
    )


def uvicorn_options(configured: Settings) -> dict[str, Any]:
    """How uvicorn is to serve the application, wherever it does."""
    logging.getLogger("uvicorn.error").addFilter(_is_ours)
    return {
        "timeout_graceful_shutdown": configured.shutdown_timeout_seconds,
        "access_log": False,
        "server_header": False,
        # Nothing here asks who the client is.
        "proxy_headers": False,
        "log_level": "warning",
        # A message may be what a body may be.
        "ws_max_size": configured.body_bytes_max,
        # Compression would keep some 100 KB for each socket.
        "ws_per_message_deflate": False,
        # The protocol's own pings do it (``server.websocket``), and close with a code that says so.
        "ws_ping_interval": None,
    }


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a line is about this server: a client's broken text frame is answered, with 1007."""
    return not record.getMessage().startswith("Invalid UTF-8 sequence received")


def _refuse_wrong_documents(configured: Settings) -> None:
    """Say here, once, what every worker would stumble over."""
    try:
        Documents(GRAPHQL_SCHEMA, configured)
    except TrustedDocumentsError as error:
        raise CannotServeError(f"{error}\nFlorin does not start on wrong documents.") from None


def _refuse_if_port_is_taken(configured: Settings) -> None:
    family = socket.AF_INET6 if ":" in configured.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((configured.host, configured.port))
        except OSError as error:
            raise CannotServeError(
                f"{configured.host}:{configured.port} cannot be bound: {error.strerror}. Choose "
                "another with --host and --port, or FLORIN_HOST and FLORIN_PORT."
            ) from None


def _say_where(configured: Settings, out: Console, err: Console) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    out.print(f"Florin serves on http://{configured.host}:{configured.port}/graphql")
    if not playground.is_built():
        err.print(playground.HOW_TO_BUILD, style="yellow")
    if not is_loopback(configured.host):
        err.print(
            f"Warning: whoever can reach {configured.host} can move money: there is no "
            "authentication yet. Put one in front, or bind 127.0.0.1.",
            style="yellow",
            soft_wrap=True,
        )
