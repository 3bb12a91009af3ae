"""`florin serve` once the database is fit: what else must be in order, and then uvicorn."""

import contextlib
import os
import signal
import socket
import sys
from typing import Any

import uvicorn
from pydantic import SecretStr
from rich.console import Console

from schema.build import GRAPHQL_SCHEMA
from server import connections, logs, metrics_answers, metrics_files, playground, settings
from server.authentication import NO_CREDENTIALS
from server.documents import Documents
from server.origins import is_loopback
from server.settings import Settings
from server.trusted_documents import TrustedDocumentsError


class CannotServeError(Exception):
    """What is in the way, and what to do about it."""


def run(configured: Settings, out: Console, err: Console, *, asks_for_credentials: bool) -> None:
    """Serve until told to stop. Raises CannotServeError where it could not begin."""
    logs.configure(configured)
    _refuse_wrong_documents(configured)
    _refuse_if_port_is_taken(configured)
    if not asks_for_credentials:
        _refuse_strangers(configured)
    _say_where(
        configured,
        out,
        err if logs.is_for_people(configured, sys.stderr) else logs.console(),
        asks_for_credentials=asks_for_credentials,
    )
    # Workers read their settings anew; the embedded server's address has to reach them. Another
    # stays where it came from, which may be a file.
    assert isinstance(configured.database_url, SecretStr)
    if settings.read().database_url is None:
        os.environ["DATABASE_URL"] = configured.database_url.get_secret_value()
    # uvicorn drains, then raises the signal again: leave in good order, so that what was
    # started here is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as metrics:
        _open_metrics(configured, metrics)
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
    logs.spare_what_is_answered()
    return {
        # One place has all of it (``server.logs``).
        "log_config": None,
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
        # A worker that starts imports for seconds where the machine is busy. By default (5) it
        # would be taken for hung, killed and started again, for ever.
        "timeout_worker_healthcheck": 30,
        **connections.uvicorn_options(configured.send_seconds),
    }


def _open_metrics(configured: Settings, opened: contextlib.ExitStack) -> None:
    """Metrics of all workers, and for whoever can reach their port, also while a worker is busy."""
    if configured.workers > 1:
        opened.enter_context(metrics_files.folder())
    if configured.metrics_port is None:
        return
    host, port = configured.metrics_host, configured.metrics_port
    try:
        opened.enter_context(metrics_answers.port(host, port))
    except OSError as error:
        raise CannotServeError(
            f"{host}:{port} cannot be bound for the metrics: {error.strerror}. Choose another with "
            "FLORIN_METRICS_HOST and FLORIN_METRICS_PORT."
        ) from None


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


def _say_where(
    configured: Settings, out: Console, err: Console, *, asks_for_credentials: bool
) -> None:
    out.print(f"Florin serves on http://{configured.host}:{configured.port}/graphql")
    if not playground.is_built():
        err.print(playground.HOW_TO_BUILD, style="yellow")
    if not asks_for_credentials:
        err.print(
            "Warning: no credentials are configured, so whoever is on this machine may move money, "
            "and nobody else is answered. `florin key create` makes an API key; from then on one "
            "is asked for.",
            style="yellow",
            soft_wrap=True,
        )
    if configured.owner_url is not None:
        err.print(
            "Warning: FLORIN_OWNER_URL is set where Florin serves, which needs no owner: whoever "
            "takes over this process has it. Set it for `florin migrate` and the like alone.",
            style="yellow",
            soft_wrap=True,
        )


def _refuse_strangers(configured: Settings) -> None:
    if not is_loopback(configured.host):
        raise CannotServeError(NO_CREDENTIALS.format(host=configured.host))
