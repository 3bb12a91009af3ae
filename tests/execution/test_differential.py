"""The executor gives what graphql-core gives, for documents at random over every kind of type.

``FLORIN_DIFFERENTIAL_DOCUMENTS`` is how many documents; each is executed in a world without and in
one with asynchronous resolvers, with one plan, on both executors.
"""

import gc
import os
from random import Random
from typing import Final

import pytest
from graphql import GraphQLSchema, OperationType, get_operation_ast, parse

from tests.execution.differential import comparing, documents, kinds, outcomes, people, running
from tests.execution.differential.running import Ran
from tests.execution.differential.worlds import World

BATCHES: Final = 20
DOCUMENTS: Final = int(os.environ.get("FLORIN_DIFFERENTIAL_DOCUMENTS", "2000"))
# graphql-core leaves coroutines of its own un-awaited where others fail beside them.
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:coroutine '(Executor|default_type_resolver).*never awaited:RuntimeWarning"
    ),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <coroutine object (Executor|default_type_resolver)"
        ":pytest.PytestUnraisableExceptionWarning"
    ),
]
TROUBLES: Final = (0.0, 0.05, 0.2)


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_a_plan_gives_what_graphql_core_gives(batch: int) -> None:
    for seed in range(batch, DOCUMENTS, BATCHES):
        if found := await unlike(kinds.SCHEMA, seed):
            pytest.fail(f"document {seed}: " + "\n".join(found))


@pytest.mark.parametrize("batch", range(BATCHES // 4))
async def test_a_plan_over_a_strawberry_schema_gives_what_graphql_core_gives(batch: int) -> None:
    for seed in range(batch, DOCUMENTS // 4, BATCHES // 4):
        if found := await unlike(people.SCHEMA, seed):
            pytest.fail(f"document {seed}: " + "\n".join(found))


async def unlike(schema: GraphQLSchema, seed: int) -> list[str]:
    """How the executors differ over the document of this number."""
    chance = Random(seed)  # noqa: S311 - the same documents each time
    document = documents.document(schema, chance, times=2)
    parsed = parse(document.text)
    name = document.operation_name
    core = running.on_graphql_core(schema, parsed, name)
    plan = running.on_a_plan(schema, parsed, name)
    every = running.on_graphql_core(schema, running.without_propagation(parsed), name)
    trouble = chance.choice(TROUBLES)
    operation = get_operation_ast(parsed, name)
    serial = operation is not None and operation.operation is OperationType.MUTATION
    found = []

    async def run(execute: running.Execute, number: int) -> Ran:
        # Strawberry's fields are asynchronous where they are written so.
        world = World(seed, asynchronous=number == 1 or schema is people.SCHEMA, trouble=trouble)
        root = outcomes.Dog(world, "Dog", seed) if seed % 5 else None
        return await running.ran(execute, root, world, document.variables[number])

    for number in range(2):
        expected = await run(core, number)
        if expected.left:
            gc.collect()  # Or what it leaves is laid at the plan's door.
        actual = await run(plan, number)
        errors = (await run(every, number)).errors if expected.errors else []
        found += comparing.differences(expected, actual, errors, serial=serial)
    return found
