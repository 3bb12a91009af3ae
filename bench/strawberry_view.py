"""Florin's schema and resolvers behind Strawberry as it comes: its own ASGI view with its caches,
its own executor. Called with a port; the database is the environment's.
"""

import contextlib
import os
import sys
from collections.abc import AsyncIterator
from typing import Final

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from db import ledgers
from db.pool import Pool, open_pool
from resolvers.context import Context
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription
from server.settings import Settings

SCHEMA: Final = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[ParserCache, ValidationCache],
)


class _View(GraphQL[Context, None]):
    """Strawberry's, with Florin's context for each request."""

    def __init__(self) -> None:
        super().__init__(SCHEMA, graphql_ide=None)
        self.pool: Pool | None = None

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        del request, response
        assert self.pool is not None
        return Context(self.pool, ledgers.DEFAULT_LEDGER_ID)


def create() -> Starlette:
    """For uvicorn, of the database that the environment names."""
    view = _View()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with open_pool(os.environ["DATABASE_URL"], Settings().pool) as view.pool:
            yield

    return Starlette(routes=[Route("/graphql", view)], lifespan=lifespan)


def main() -> None:
    """Serve until told to stop, as `florin serve` has uvicorn serve."""
    uvicorn.run(
        "bench.strawberry_view:create",
        factory=True,
        port=int(sys.argv[1]),
        access_log=False,
        server_header=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
