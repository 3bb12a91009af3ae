"""The application: the pool is open as long as it lives."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import orjson
from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from db import faults, ledgers, migrate
from db.pool import Pool, open_pool
from schema.build import GRAPHQL_SCHEMA
from server import sealer, settings, sweeper
from server.documents import Documents
from server.duties import repeat
from server.graphql import GraphQLEndpoint
from server.settings import Settings

_COLLECT_AFTER_ALLOCATIONS: Final = 10_000


def create(
    configured: Settings, *, cursor_factory: type[AsyncCursor[TupleRow]] = AsyncCursor
) -> Starlette:
    """The ASGI application. Its lifespan opens the pool and closes it."""
    if configured.database_url is None:
        raise settings.SettingsError("DATABASE_URL is not set.")
    conninfo = configured.database_url.get_secret_value()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_pool(conninfo, configured.pool, cursor_factory=cursor_factory) as pool:
            _spare_the_collector()
            app.state.pool = pool
            duties = asyncio.create_task(_duties(pool, configured))
            app.state.endpoint = GraphQLEndpoint(
                pool,
                ledgers.DEFAULT_LEDGER_ID,
                Documents(
                    GRAPHQL_SCHEMA,
                    length_max=configured.document_length_max,
                    tokens_max=configured.document_tokens_max,
                    depth_max=configured.document_depth_max,
                ),
                body_bytes_max=configured.body_bytes_max,
            )
            try:
                yield
            finally:
                duties.cancel()
                await asyncio.wait([duties])

    return Starlette(
        routes=[
            Route("/", _home),
            Route("/graphql", _graphql, methods=["GET", "POST"]),
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
        ],
        lifespan=lifespan,
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


async def _duties(pool: Pool, configured: Settings) -> None:
    """What this process does in the background, until it is cancelled."""
    ledger_id = ledgers.DEFAULT_LEDGER_ID
    duties = (
        ("Sweeping", configured.sweep_interval_seconds, lambda: sweeper.sweep(pool, ledger_id)),
        ("Sealing", configured.seal_interval_seconds, lambda: sealer.seal(pool, ledger_id)),
    )
    async with asyncio.TaskGroup() as group:
        for name, seconds, work in duties:
            if seconds:
                group.create_task(repeat(name, seconds, work))


async def _graphql(request: Request) -> Response:
    endpoint: GraphQLEndpoint = request.app.state.endpoint
    return await endpoint.answer(request)


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
