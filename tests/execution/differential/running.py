# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""One document on both executors, each in a world of its own that goes the same way."""

import asyncio
import gc
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    execute,
)
from graphql.language import ConstDirectiveNode, NameNode

from execution import compile_plan
from tests.execution.differential.worlds import World

# Takes the root value, the context and the variables, and gives a result or an awaitable of it.
Execute = Callable[[Any, World, Mapping[str, Any]], Any]


class Ran(NamedTuple):
    """What came of one execution.

    ``waited`` says whether its result had to be awaited; ``left`` what it left running, never
    awaited, or unclosed.
    """

    data: Any
    errors: list[GraphQLError]
    waited: bool
    world: World
    left: list[str]


def on_graphql_core(schema: GraphQLSchema, parsed: DocumentNode, name: str | None) -> Execute:
    """Executes the operation of this name with graphql-core."""

    def run(root: Any, world: World, variables: Mapping[str, Any]) -> Any:
        return execute(schema, parsed, root, world, dict(variables), name)

    return run


def on_a_plan(schema: GraphQLSchema, parsed: DocumentNode, name: str | None) -> Execute:
    """Executes the operation of this name with one plan, however often it is asked to."""
    plan = compile_plan(schema, parsed, name)

    def run(root: Any, world: World, variables: Mapping[str, Any]) -> Any:
        if isinstance(plan, list):
            return ExecutionResult(None, plan)
        return plan.execute(root_value=root, context_value=world, variable_values=dict(variables))

    return run


async def ran(run: Execute, root: Any, world: World, variables: Mapping[str, Any]) -> Ran:
    """Run, and see what is left when the result is there; that is waited for, so that none meets
    the next execution."""
    before = asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = run(root, world, variables)
        waited = inspect.isawaitable(result)
        if waited:
            result = await result
        left = [*world.unfinished(), *map(repr, asyncio.all_tasks() - before)]
        while tasks := asyncio.all_tasks() - before:
            await asyncio.gather(*tasks, return_exceptions=True)
        world.close()
        gc.collect(0)
    assert isinstance(result, ExecutionResult)
    # graphql-core's own coroutines may only be seen now, in the next execution.
    warned = [str(one.message) for one in caught]
    left += [text for text in warned if not text.startswith("coroutine 'Executor.")]
    return Ran(result.data, list(result.errors or ()), waited, world, left)


def without_propagation(parsed: DocumentNode) -> DocumentNode:
    """The same document, in which no error reaches beyond its own place: so all are reported."""
    directive = ConstDirectiveNode(
        name=NameNode(value="experimental_disableErrorPropagation"), arguments=()
    )
    definitions = [
        _with_directive(definition, directive)
        if isinstance(definition, OperationDefinitionNode)
        else definition
        for definition in parsed.definitions
    ]
    return DocumentNode(definitions=tuple(definitions), loc=parsed.loc)


def _with_directive(
    node: OperationDefinitionNode, directive: ConstDirectiveNode
) -> OperationDefinitionNode:
    values = {key: getattr(node, key) for key in node.keys}
    values["directives"] = (*(node.directives or ()), directive)
    return OperationDefinitionNode(**values)
