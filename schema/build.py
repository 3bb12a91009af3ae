"""The schema, put together and printed."""

from typing import Final

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS


class Schema(strawberry.Schema):
    """Strawberry's schema, whose errors the server logs: with a request id, or not at all."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Leave logging to the server, which knows what was the client's mistake."""


schema = Schema(
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
