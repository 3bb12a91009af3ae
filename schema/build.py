"""The schema, put together and printed."""

from typing import Final

import strawberry
from graphql import GraphQLInputObjectType, lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig

from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.snapshot import SNAPSHOT
from schema.subscription import Subscription

# Unsorted, so that a success stays the first member of its union, which is asked first whether a
# result is its own.
schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map=SCALARS, sort_schema=False),
)

# graphql-core's own schema, which Strawberry keeps to itself: executing with it directly spares
# Strawberry's runner.
GRAPHQL_SCHEMA: Final = schema._schema  # noqa: SLF001

# Strawberry has directives of its own kind only, with a resolver that changes a field's value.
GRAPHQL_SCHEMA.directives = (*GRAPHQL_SCHEMA.directives, SNAPSHOT)

# Strawberry keeps @oneOf to itself, too. Told of it, graphql-core checks it in documents and in
# variables, and introspection shows it.
for _type in GRAPHQL_SCHEMA.type_map.values():
    if isinstance(_type, GraphQLInputObjectType):
        _type.is_one_of = _type.extensions["strawberry-definition"].is_one_of


def sdl() -> str:
    """The schema in GraphQL's own language, sorted, as `schema.graphql` keeps it.

    Of the schema that is executed, and without a definition of @oneOf, which is built in.
    """
    return f"{print_schema(lexicographic_sort_schema(GRAPHQL_SCHEMA))}\n"
