"""What is waited for: side by side, cancelled when it is of no use, and never left behind."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema

from tests.execution.schemas import executed, plan_of, schema_of, told

# Warnings are errors here: a coroutine that nobody awaited, or an exception that nobody looked at,
# fails the test.


class Watched:
    """A resolver that waits until it is told to go on, and says how it ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = ""

    async def __call__(self, *_: object) -> Any:  # noqa: ANN401 - any field's
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # As a statement does that is cancelled on its server.
            self.ended = "cancelled"
            raise
        self.ended = "finished"
        return {}


def branches(**resolvers: Callable[..., Any]) -> GraphQLSchema:
    return schema_of(
        """
        type Query { slow: Query, quick: Query, inner: Int, must: Int!, nested: Query }
        """,
        {f"Query.{name}": resolver for name, resolver in resolvers.items()},
    )


async def test_a_slow_branch_does_not_hold_up_its_siblings() -> None:
    slow, inner = Watched(), Watched()

    async def quick(*_: object) -> dict[str, object]:
        return {}

    schema = branches(slow=slow, quick=quick, inner=inner)
    running = asyncio.ensure_future(executed(schema, "{ slow { __typename } quick { inner } }"))
    async with asyncio.timeout(5):
        await inner.begun.wait()
    assert not slow.ended
    slow.go_on.set()
    inner.go_on.set()
    result = await running
    assert list(result.data or {}) == ["slow", "quick"]


async def test_what_is_cancelled_has_ended_everything_below_it() -> None:
    watched = [Watched(), Watched()]
    schema = branches(slow=watched[0], quick=watched[1])
    running = asyncio.ensure_future(executed(schema, "{ slow { inner } quick { inner } }"))
    for one in watched:
        await one.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [one.ended for one in watched] == ["cancelled", "cancelled"]


async def test_a_column_that_is_cancelled_has_ended_all_of_its_values() -> None:
    watched = [Watched() for _ in range(3)]
    schema = schema_of("type Query { list: [Int] }")
    running = asyncio.ensure_future(executed(schema, "{ list }", {"list": [w() for w in watched]}))
    for one in watched:
        await one.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert {one.ended for one in watched} == {"cancelled"}


async def test_what_is_cancelled_before_it_begins_leaves_no_coroutine_behind() -> None:
    watched = Watched()
    running = asyncio.ensure_future(executed(branches(slow=watched), "{ slow { inner } }"))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    schema = branches(slow=watched, quick=watched)
    unawaited = plan_of(schema, "{ slow { inner } quick { inner } }").execute()
    assert not isinstance(unawaited, ExecutionResult)
    unawaited.close()
    assert not watched.begun.is_set()


async def test_null_that_takes_a_branch_away_cancels_what_is_waited_for_there() -> None:
    slow, other = Watched(), Watched()

    async def failing(*_: object) -> int:
        await slow.begun.wait()
        await other.begun.wait()
        other.go_on.set()
        raise ValueError("broken")

    schema = branches(slow=slow, must=failing, quick=other, nested=lambda *_: {})
    async with asyncio.timeout(5):
        document = "{ nested { slow { inner } must } quick { inner } }"
        result = await executed(schema, document)
    assert result.data == {"nested": None, "quick": {"inner": None}}
    assert told(result) == [("broken", ["nested", "must"])]
    assert (slow.ended, other.ended) == ("cancelled", "finished")


async def test_an_item_that_fails_cancels_the_others_of_its_list() -> None:
    slow = Watched()

    async def failing() -> int:
        await slow.begun.wait()
        raise ValueError("broken")

    schema = schema_of("type Query { list: [Int!], other: Int }")
    async with asyncio.timeout(5):
        root = {"list": [slow(), failing()], "other": 1}
        result = await executed(schema, "{ list other }", root)
    assert result.data == {"list": None, "other": 1}
    assert told(result) == [("broken", ["list", 1])]
    assert slow.ended == "cancelled"


async def test_a_failure_without_waiting_closes_what_had_not_begun() -> None:
    watched = Watched()
    schema = branches(slow=watched, must=lambda *_: None)
    result = await executed(schema, "{ slow { inner } must }")
    assert result.data is None
    assert not watched.begun.is_set()


async def test_what_others_cancel_is_an_error_of_the_fields_that_wait_for_it() -> None:
    schema = schema_of("type Query { a: Int, b: [Int], c: Int }")
    loop = asyncio.get_running_loop()
    shared: list[asyncio.Future[int]] = [loop.create_future() for _ in range(3)]
    running = asyncio.ensure_future(
        executed(schema, "{ a b c }", {"a": shared[0], "b": shared[1:], "c": 1})
    )
    await asyncio.sleep(0)
    for future in shared:
        future.cancel()
    result = await running
    assert result.data == {"a": None, "b": [None, None], "c": 1}
    assert [path for _, path in told(result)] == [["a"], ["b", 0], ["b", 1]]


async def test_what_is_raised_to_stop_everything_comes_out_bare() -> None:
    class Stop(BaseException):
        """Not an error of a field."""

    watched = Watched()

    async def stopping(*_: object) -> None:
        await watched.begun.wait()
        raise Stop

    schema = branches(slow=watched, quick=stopping)
    with pytest.raises(Stop):
        await executed(schema, "{ slow { inner } quick { inner } }")
    assert watched.ended == "cancelled"
