"""The application: the pool is open as long as it lives."""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from db.cursors import ObservedCursor
from db.pool import open_pool
from resolvers.event_feeds import EventFeeds
from schema.build import GRAPHQL_SCHEMA
from server import (
    access_log,
    background,
    connections,
    health,
    logs,
    playground,
    settings,
    tokens,
    tracing,
)
from server.admission import Admission
from server.api_key_secret import key_maker
from server.api_keys import ApiKeys
from server.authentication import NO_CREDENTIALS, Authenticator
from server.capacity import Capacity
from server.documents import Documents
from server.gate import Gate
from server.graphql import GraphQLEndpoint
from server.health import Readiness
from server.measuring import Measuring
from server.metrics_answers import MetricsEndpoint
from server.operations import Operations
from server.origins import Origins, is_loopback
from server.pressure import Pressure
from server.settings import Settings
from server.websocket import WebSocketEndpoint

_COLLECT_AFTER_ALLOCATIONS: Final = 10_000
# What outlives an operation's awaits and is a circle, such as an exception and its frames, is found
# by the later generations alone. After ten times ten collections, as is usual, the process had
# grown by a quarter in twenty minutes of faults; with these, by half a percent in nine.
_COLLECT_LATER_AFTER: Final = (5, 2)
# How long a browser remembers what it may send.
_CORS_SECONDS: Final = 600


def create(
    configured: Settings, *, cursor_factory: type[AsyncCursor[TupleRow]] = ObservedCursor
) -> Starlette:
    """The ASGI application. Its lifespan opens the pool and closes it."""
    if configured.database_url is None:
        raise settings.SettingsError("DATABASE_URL is not set.")
    conninfo = configured.database_url.get_secret_value()
    allowed = configured.cors_origins
    origins = Origins(allowed, is_loopback=is_loopback(configured.host))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Admission]]:
        async with (
            open_pool(conninfo, configured.pool, cursor_factory=cursor_factory) as pool,
            tokens.opened(configured) as issuer,
            tracing.exporting(),
        ):
            _spare_the_collector()
            logs.handle_loop_errors(asyncio.get_running_loop())
            app.state.pool = pool
            feeds = EventFeeds(pool, poll_seconds=configured.event_poll_seconds)
            keys = ApiKeys(pool, lambda: key_maker(configured))
            authenticator = Authenticator(pool, keys, issuer)
            await authenticator.refresh()
            _refuse_strangers(authenticator, configured)
            pressure = Pressure(configured)
            measuring = Measuring(pool, pressure.admission)
            measuring.watch()
            readiness = Readiness(pool, measuring, timeout_seconds=configured.ready_timeout_seconds)
            app.state.readiness = readiness
            app.state.metrics = MetricsEndpoint(authenticator, origins, measuring)
            duties = asyncio.create_task(
                background.run(pool, feeds, keys, authenticator, measuring, configured)
            )
            capacity = Capacity(configured.connections_max)
            documents = Documents(GRAPHQL_SCHEMA, configured)
            operations = Operations(pool, feeds, documents, pressure, configured)
            app.state.operations = operations
            endpoint = GraphQLEndpoint(operations, authenticator, origins, capacity, configured)
            app.state.endpoint = endpoint
            app.state.gate = Gate(endpoint, pressure.admission)
            app.state.websockets = WebSocketEndpoint(
                operations, authenticator, origins, capacity, configured
            )
            try:
                yield {connections.ADMISSION: pressure.admission}
            finally:
                duties.cancel()
                await asyncio.wait([duties])
                await operations.close()
                await readiness.close()
                await feeds.close()
                await keys.close()
                access_log.flush()

    return _Application(
        routes=_routes(),
        middleware=[_cors(allowed)] if allowed else [],
        lifespan=lifespan,
    )


class _Application(Starlette):
    """Starlette, but with a straight way to the endpoint where no middleware is to be passed.

    Its layers and its routing were measured to take longer than the smallest query.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever the server was asked."""
        if scope["type"] == "http" and scope["path"] == "/graphql" and not self.user_middleware:
            gate: Gate = self.state.gate
            await gate(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _routes() -> list[BaseRoute]:
    return [
        Route("/", _home),
        Route("/graphql", _GraphQL()),
        WebSocketRoute("/graphql", _websocket),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/metrics", _metrics),
        playground.assets(),
    ]


def _cors(origins: Sequence[str]) -> Middleware:
    """Has browsers let the pages of these origins send requests and read the answers."""
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=[
            *("authorization", "content-type", "florin-ledger", "florin-snapshot", "x-request-id")
        ],
        expose_headers=["retry-after", "x-request-id"],
        max_age=_CORS_SECONDS,
    )


def from_environment() -> Starlette:
    """For uvicorn's workers, which are started with nothing but their environment."""
    configured = settings.read()
    logs.configure(configured)
    return create(configured)


def _spare_the_collector() -> None:
    """Let the garbage collector run less often over less.

    What is loaded by now lives as long as the process. A batch makes thousands of objects that the
    reference counts free; at the default threshold the collector walked them again and again, for
    a quarter of a batch's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER_ALLOCATIONS, *_COLLECT_LATER_AFTER)


def _refuse_strangers(authenticator: Authenticator, configured: Settings) -> None:
    """Where nobody says who they are, only this machine is served."""
    if authenticator.is_open and not is_loopback(configured.host):
        raise settings.SettingsError(NO_CREDENTIALS.format(host=configured.host))


class _GraphQL:
    """The endpoint, which is there once the pool is open. A class, so that it gets every method."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand it on."""
        gate: Gate = scope["app"].state.gate
        await gate(scope, receive, send)


async def _websocket(websocket: WebSocket) -> None:
    endpoint: WebSocketEndpoint = websocket.app.state.websockets
    await endpoint.answer(websocket)


async def _home(_request: Request) -> Response:
    return RedirectResponse("/graphql")


async def _healthz(_request: Request) -> Response:
    return health.alive()


async def _readyz(request: Request) -> Response:
    readiness: Readiness = request.app.state.readiness
    return await readiness.answer()


async def _metrics(request: Request) -> Response:
    endpoint: MetricsEndpoint = request.app.state.metrics
    return await endpoint.answer(request)
