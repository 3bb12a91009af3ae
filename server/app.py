"""The application: the pool is open as long as it lives."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import orjson
from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from db import faults, ledgers, migrate
from db.pool import Pool, open_pool
from resolvers.event_feed import EventFeed
from schema.build import GRAPHQL_SCHEMA
from server import playground, sealer, settings, sweeper
from server.capacity import Capacity
from server.documents import Documents
from server.duties import repeat
from server.graphql import GraphQLEndpoint
from server.operations import Operations
from server.origins import Origins, is_loopback
from server.settings import Settings
from server.websocket import WebSocketEndpoint

_COLLECT_AFTER_ALLOCATIONS: Final = 10_000
# How long a browser remembers what it may send.
_CORS_SECONDS: Final = 600


def create(
    configured: Settings, *, cursor_factory: type[AsyncCursor[TupleRow]] = AsyncCursor
) -> Starlette:
    """The ASGI application. Its lifespan opens the pool and closes it."""
    if configured.database_url is None:
        raise settings.SettingsError("DATABASE_URL is not set.")
    conninfo = configured.database_url.get_secret_value()
    allowed = configured.cors_origins
    origins = Origins(allowed, is_loopback=is_loopback(configured.host))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_pool(conninfo, configured.pool, cursor_factory=cursor_factory) as pool:
            _spare_the_collector()
            app.state.pool = pool
            feed = EventFeed(
                pool, ledgers.DEFAULT_LEDGER_ID, poll_seconds=configured.event_poll_seconds
            )
            duties = asyncio.create_task(_duties(pool, feed, configured))
            capacity = Capacity(configured.connections_max)
            operations = Operations(
                pool,
                ledgers.DEFAULT_LEDGER_ID,
                feed,
                Documents(GRAPHQL_SCHEMA, configured),
                configured,
            )
            app.state.operations = operations
            app.state.endpoint = GraphQLEndpoint(operations, origins, capacity, configured)
            app.state.websockets = WebSocketEndpoint(operations, origins, capacity, configured)
            try:
                yield
            finally:
                duties.cancel()
                await asyncio.wait([duties])
                await feed.close()

    return _Application(
        routes=[
            Route("/", _home),
            Route("/graphql", _GraphQL()),
            WebSocketRoute("/graphql", _websocket),
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            playground.assets(),
        ],
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
            endpoint: GraphQLEndpoint = self.state.endpoint
            await endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _cors(origins: Sequence[str]) -> Middleware:
    """Has browsers let the pages of these origins send requests and read the answers."""
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "florin-snapshot", "x-request-id"],
        expose_headers=["retry-after", "x-request-id"],
        max_age=_CORS_SECONDS,
    )


def from_environment() -> Starlette:
    """For uvicorn's workers, which are started with nothing but their environment."""
    return create(settings.read())


def _spare_the_collector() -> None:
    """Let the garbage collector run less often over less.

    What is loaded by now lives as long as the process. A batch makes thousands of objects that the
    reference counts free; at the default threshold the collector walked them again and again, for
    a quarter of a batch's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER_ALLOCATIONS)


async def _duties(pool: Pool, feed: EventFeed, configured: Settings) -> None:
    """What this process does in the background, until it is cancelled."""
    ledger_id = ledgers.DEFAULT_LEDGER_ID

    async def sweep() -> None:
        if await sweeper.sweep(pool, ledger_id):
            feed.committed()

    duties = (
        ("Sweeping", configured.sweep_interval_seconds, sweep),
        ("Sealing", configured.seal_interval_seconds, lambda: sealer.seal(pool, ledger_id)),
    )
    async with asyncio.TaskGroup() as group:
        for name, seconds, work in duties:
            if seconds:
                group.create_task(repeat(name, seconds, work))


class _GraphQL:
    """The endpoint, which is there once the pool is open. A class, so that it gets every method."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand it on."""
        endpoint: GraphQLEndpoint = scope["app"].state.endpoint
        await endpoint(scope, receive, send)


async def _websocket(websocket: WebSocket) -> None:
    endpoint: WebSocketEndpoint = websocket.app.state.websockets
    await endpoint.answer(websocket)


async def _home(_request: Request) -> Response:
    return RedirectResponse("/graphql")


async def _healthz(_request: Request) -> Response:
    """The process is alive; says nothing about the database."""
    return _json({"status": "ok"}, status=200)


async def _readyz(request: Request) -> Response:
    """Requests can be served: a connection can be had and the schema is the one expected."""
    pool: Pool = request.app.state.pool
    try:
        async with pool.connection() as conn:
            revision = await migrate.revision(conn)
    except Exception as error:
        if not faults.is_outage(error):
            raise
        return _json({"status": "unavailable", "reason": "no database connection"}, status=503)
    if revision != migrate.head():
        reason = f"schema revision is {revision}, not {migrate.head()}: run florin migrate"
        return _json({"status": "unavailable", "reason": reason}, status=503)
    return _json({"status": "ok", "revision": revision}, status=200)


def _json(content: dict[str, str], *, status: int) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
