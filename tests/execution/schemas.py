"""What the tests of the executor have in common: a schema in GraphQL's language, and one run."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, MiddlewareManager, build_schema, parse

from execution import Plan, compile_plan


def schema_of(sdl: str, resolvers: Mapping[str, Callable[..., Any]] | None = None) -> GraphQLSchema:
    """A schema, with resolvers by their fields' full names; the others read from dictionaries."""
    schema = build_schema(sdl)
    for name, resolver in (resolvers or {}).items():
        type_name, field_name = name.split(".")
        schema.type_map[type_name].fields[field_name].resolve = resolver  # type: ignore[attr-defined]
    return schema


def plan_of(schema: GraphQLSchema, document: str) -> Plan:
    plan = compile_plan(schema, parse(document))
    assert isinstance(plan, Plan)
    return plan


async def executed(
    schema: GraphQLSchema,
    document: str,
    root: object = None,
    *,
    middleware: MiddlewareManager | None = None,
) -> ExecutionResult:
    """What a plan answers, awaited if it has to be."""
    result = plan_of(schema, document).execute(root_value=root, middleware=middleware)
    return await result if inspect.isawaitable(result) else result


def told(result: ExecutionResult) -> list[tuple[str, list[str | int] | None]]:
    """The messages of the errors, and where they are."""
    return [(error.message, error.path) for error in result.errors or ()]
