"""The schema, put together and printed."""

from typing import Final

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS


def _built(*, sort: bool) -> strawberry.Schema:
    config = StrawberryConfig(scalar_map=SCALARS, sort_schema=sort)
    return strawberry.Schema(query=Query, mutation=Mutation, config=config)


# Unsorted, so that a success stays the first member of its union, which is asked first whether a
# result is its own.
schema = _built(sort=False)

# graphql-core's own schema, which Strawberry keeps to itself: executing with it directly spares
# Strawberry's runner.
GRAPHQL_SCHEMA: Final = schema._schema  # noqa: SLF001


def sdl() -> str:
    """The schema in GraphQL's own language, sorted, as `schema.graphql` keeps it."""
    return f"{_built(sort=True).as_str()}\n"
