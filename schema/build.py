"""The schema, put together and printed."""

from typing import Final

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    config=StrawberryConfig(scalar_map=SCALARS, sort_schema=True),
)


# graphql-core's own schema, which Strawberry keeps to itself: executing with it directly spares
# Strawberry's runner.
GRAPHQL_SCHEMA: Final = schema._schema  # noqa: SLF001


def sdl() -> str:
    """The schema in GraphQL's own language, sorted, as `schema.graphql` keeps it."""
    return f"{schema.as_str()}\n"
