"""Execution, breadth first: each field once for all the objects of a level.

What can be resolved without waiting is resolved in a wave, level by level. Then each column that
has to be waited for goes on with its own subtree as soon as it has come, whatever others wait for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from graphql import ExecutionResult, GraphQLResolveInfo, MiddlewareManager, default_field_resolver
from graphql.execution import VariableValues
from graphql.pyutils import Path, is_awaitable

from execution.completion import applied, complete
from execution.failures import Failures
from execution.places import Batch, Place, Position
from execution.waits import Wait

if TYPE_CHECKING:
    from execution.plans import FieldPlan, Plan, Variant


class Info(GraphQLResolveInfo[Any]):
    """What graphql-core passes to resolvers; the path is made when it is asked for."""

    __slots__ = ()

    @property
    def path(self) -> Path:
        """Of the field, without indices into its lists."""
        place, index = cast("tuple[Place, int]", self[4])
        owner, _ = place.locate(index)
        return Position(place.batch, owner, place.field).path()


class Execution:
    """One request's way through a plan."""

    def __init__(
        self,
        plan: Plan,
        variant: Variant,
        *,
        root_value: object,
        context_value: object,
        variables: VariableValues,
        middleware: MiddlewareManager | None,
        hide_suggestions: bool,
    ) -> None:
        self.plan = plan
        self.variant = variant
        self.batches: deque[Batch] = deque()
        self._variables = variables
        self._middleware = middleware
        self._hide_suggestions = hide_suggestions
        data: dict[str, Any] = {}
        self._root = Batch(variant.root, [root_value], [data])
        self.failures = Failures(data, propagate=plan.core.error_propagation)
        self._waits: list[Wait] = []
        # Those that are waited for, and the task that does; none where it is the caller's own.
        self._running: dict[Wait, asyncio.Task[Any] | None] = {}
        self._group: asyncio.TaskGroup | None = None
        self._fault: BaseException | None = None
        self._settles = False
        self._info_tail = (
            plan.schema,
            plan.core.fragment_definitions,
            root_value,
            plan.operation,
            variables,
            context_value,
            is_awaitable,
            None,
            plan.core.async_helpers,
        )

    def run(self) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult]:
        """The answer, or what it can be awaited of."""
        fields = self._root.selection.fields
        # A mutation's root fields come one after the other.
        steps = iter([[field] for field in fields] if self.plan.serial else [fields])
        for step in steps:
            if waits := self._step(step):
                return self._finish(waits, steps)
            if self.failures.total:
                break
        return self.failures.result()

    def wait(self, wait: Wait) -> None:
        """Something to wait for after this wave."""
        self._waits.append(wait)

    def info(self, place: Place, index: int) -> Info:
        """What resolvers are told of one of a column's values."""
        field = place.field
        return Info._make(
            (
                field.name,
                field.nodes,
                field.definition.type,
                field.parent,
                (place, index),
                *self._info_tail,
            )
        )

    # Waves

    def _step(self, fields: list[FieldPlan]) -> list[Wait]:
        for field in fields:
            self._resolve(self._root, field)
        return self._wave()

    def _wave(self) -> list[Wait]:
        """Resolve all that need not be waited for, and say what has to be."""
        batches = self.batches
        while batches:
            batch = batches.popleft()
            for field in batch.selection.fields:
                self._resolve(batch, field)
        waits, self._waits = self._waits, []
        self._settle()
        useful = []
        for wait in waits:
            if self.failures.gone(wait.place, range(wait.count)):
                wait.close()
            else:
                useful.append(wait)
        return useful

    def _resolve(self, batch: Batch, field: FieldPlan) -> None:
        objects = batch.objects
        if field.direct is not None and self._middleware is None:
            column = applied(field.direct, objects, len(objects))
            if field.shape.unchanged(column, set(map(type, column))):
                _fill(batch, field, column)
            else:
                self._place(Place(batch, field), column)
            return
        place = Place(batch, field)
        try:
            arguments = field.arguments(self._variables, hide_suggestions=self._hide_suggestions)
            if field.batch is None or self._middleware is not None:
                column = self._resolve_each(place, arguments)
            else:
                values = field.batch(objects, self.info(place, 0), arguments)
                if is_awaitable(values):
                    self._await_batch(place, values)
                    return
                column = field.batch.aligned(values, len(objects))
        except Exception as error:  # noqa: BLE001 - a value until it is placed
            column = [error] * len(objects)
        self._place(place, column)

    def _resolve_each(self, place: Place, arguments: dict[str, Any]) -> list[Any]:
        resolve = place.field.definition.resolve or default_field_resolver
        if self._middleware is not None:
            resolve = self._middleware.get_field_resolver(resolve)
        objects, info = place.batch.objects, self.info
        return applied(
            lambda numbered: resolve(numbered[1], info(place, numbered[0]), **arguments),
            enumerate(objects),
            len(objects),
        )

    def _await_batch(self, place: Place, values: object) -> None:
        resolver, count = place.field.batch, len(place.batch.objects)
        assert resolver is not None

        def go_on(arrived: list[Any]) -> None:
            self._place(place, resolver.aligned(arrived[0], count))

        _fill(place.batch, place.field, [None] * count)  # Keeps its place among the keys.
        self.wait(Wait([values], place, go_on, count=count))

    def _place(self, place: Place, column: list[Any]) -> None:
        _fill(place.batch, place.field, complete(self, place.field.shape, column, place))

    # Waiting

    async def _finish(self, waits: list[Wait], steps: Iterator[list[FieldPlan]]) -> ExecutionResult:
        await self._all(waits)
        for step in steps:
            if self.failures.total:
                break
            await self._all(self._step(step))
        return self.failures.result()

    async def _all(self, waits: list[Wait]) -> None:
        """Wait for these, and for all that comes of them."""
        while len(waits) == 1:
            waits = await self._next(waits.pop(), None)
        if not waits:
            return
        try:
            async with asyncio.TaskGroup() as self._group:
                self._start(waits)
        except BaseExceptionGroup:
            assert self._fault is not None
        finally:
            # Tasks that were cancelled before they began.
            for wait in self._running:
                wait.close()
        if self._fault is not None:
            raise self._fault

    def _start(self, waits: list[Wait]) -> None:
        assert self._group is not None
        for wait in waits:
            self._running[wait] = self._group.create_task(self._strand(wait))

    async def _strand(self, wait: Wait) -> None:
        """Wait in a task, and go on in it for as long as there is one thing to wait for."""
        task = asyncio.current_task()
        assert task is not None
        waits = [wait]
        try:
            while waits:
                first, *others = waits
                self._start(others)
                waits = await self._next(first, task)
        except BaseException as error:
            # Not one of ours, nor a field's: what a resolver raises to stop everything.
            if not (isinstance(error, asyncio.CancelledError) and task.cancelling()):
                self._fault = error
            raise

    async def _next(self, wait: Wait, task: asyncio.Task[Any] | None) -> list[Wait]:
        self._running[wait] = task
        try:
            arrived = await wait.arrived(partial(self._failed, wait))
        finally:
            del self._running[wait]
        wait.go_on(arrived)
        return self._wave()

    def _failed(self, wait: Wait, index: int, error: Exception) -> None:
        """A value has failed that others need not be waited for any more, perhaps."""
        self.failures.add(wait.place, index, error)
        if not self._settles:
            # Once for all that fail together: each looks at all that is waited for.
            self._settles = True
            asyncio.get_running_loop().call_soon(self._settle)

    def _settle(self) -> None:
        """Place failures, and cancel what is waited for where they put null."""
        self._settles = False
        if not self.failures.settle():
            return
        gone = self.failures.gone
        for wait, task in self._running.items():
            if task is not None and gone(wait.place, range(wait.count)):
                task.cancel()
                wait.close()  # If the task has not begun, it never will.
                continue
            for index, future in enumerate(wait.futures):
                if not future.done() and gone(wait.place, [index]):
                    future.cancel()


def _fill(batch: Batch, field: FieldPlan, values: list[Any]) -> None:
    key = field.key
    for out, value in zip(batch.outs, values, strict=True):
        out[key] = value
