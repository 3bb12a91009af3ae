"""Florin's schema behind Strawberry's own ASGI view with its caches; called with a port."""

import sys
from typing import Final

import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription

SCHEMA: Final = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[ParserCache, ValidationCache],
)


def main() -> None:
    """Serve until told to stop, as `florin serve` has uvicorn serve."""
    uvicorn.run(
        GraphQL(SCHEMA, graphql_ide=None),
        port=int(sys.argv[1]),
        access_log=False,
        server_header=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
