# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""Cancelling an execution, at every turn of the loop, ends everything that it began."""

import asyncio
import inspect
from collections.abc import Mapping
from random import Random
from typing import Any, Final

import pytest
from graphql import OperationType, get_operation_ast, parse

from tests.execution.differential import comparing, documents, kinds, outcomes, running
from tests.execution.differential.worlds import World

DOCUMENTS: Final = 60
TURNS_MAX: Final = 60


@pytest.mark.parametrize("batch", range(6))
async def test_a_cancelled_execution_has_ended_all_that_it_began(batch: int) -> None:
    for seed in range(batch, DOCUMENTS, 6):
        await cancel_at_every_turn(seed)


async def cancel_at_every_turn(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - the same documents each time
    document = documents.document(kinds.SCHEMA, chance, times=1)
    parsed = parse(document.text)
    run = running.on_a_plan(kinds.SCHEMA, parsed, document.operation_name)
    operation = get_operation_ast(parsed, document.operation_name)
    serial = operation is not None and operation.operation is OperationType.MUTATION
    (variables,) = document.variables
    whole = _world(seed)
    await running.ran(run, _root(whole), whole, variables)
    for turns in range(TURNS_MAX):
        world = _world(seed)
        begun = await _cancelled(run, world, variables, turns)
        if begun is None:
            return
        assert world.unfinished() == []
        world.close()
        assert world.calls == whole.calls[: len(world.calls)]
        # No other field of a mutation has begun since.
        assert not serial or comparing.roots(world) == begun
    pytest.fail("It takes longer than that: cancelled at every turn but the last ones.")


def _world(seed: int) -> World:
    return World(seed, asynchronous=True, trouble=(0.0, 0.1)[seed % 2], slow_ends=seed % 3 == 0)


def _root(world: World) -> Any:
    return outcomes.Dog(world, "Dog", world.seed)


async def _cancelled(
    run: running.Execute, world: World, variables: Mapping[str, Any], turns: int
) -> list[str | int] | None:
    """Cancel an execution after so many turns: the root fields that had begun by then.

    None if it had come to its end.
    """

    async def execute() -> Any:
        result = run(_root(world), world, variables)
        return await result if inspect.isawaitable(result) else result

    before = asyncio.all_tasks()
    task = asyncio.create_task(execute())
    for _ in range(turns + 1):
        await asyncio.sleep(0)
    if task.done():
        return None
    begun = comparing.roots(world)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
    return begun
