"""Completion: from the values that a column was resolved to, to values of a response.

Where a value fails or is still waited for, the completed column has null; what fails is noted, and
what is waited for is written when it has come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from itertools import accumulate, chain, pairwise
from types import GeneratorType
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError, GraphQLObjectType, Undefined, default_type_resolver
from graphql.pyutils import inspect, is_awaitable, is_iterable

from execution.places import Batch, Place
from execution.shapes import Shape
from execution.waits import Wait, collected, drop

if TYPE_CHECKING:
    from execution.executor import Execution


def complete(run: Execution, shape: Shape, column: list[Any], place: Place) -> list[Any]:
    """The response values of a column, as long as it; the column itself if nothing changes."""
    kinds = set(map(type, column))
    if shape.unchanged(column, kinds):
        return column
    if not any(map(_is_odd, kinds)):
        return _complete_present(run, shape, column, place)
    present: list[int] = []
    awaited: list[int] = []
    for index, value in enumerate(column):
        if value is None or value is Undefined:
            if shape.non_null:
                message = f"Cannot return null for non-nullable field {place.field.full_name}."
                run.failures.add(place, index, TypeError(message))
        elif isinstance(value, Exception):
            run.failures.add(place, index, value)
        elif is_awaitable(value) or (shape.item is not None and hasattr(value, "__aiter__")):
            awaited.append(index)
        else:
            present.append(index)
    if awaited:
        _await_values(run, shape, [column[index] for index in awaited], place.some(awaited))
    values = [column[index] for index in present]
    return _spread(present, _complete_present(run, shape, values, place.some(present)), len(column))


def applied(function: Callable[[Any], Any], values: Iterable[Any], count: int) -> list[Any]:
    """What a function makes of each of so many values; where it raises, the exception."""
    results: list[Any] = []
    rest = iter(values)
    while len(results) < count:
        try:
            # What was made before an exception stays, and the value that raised it is taken.
            results.extend(map(function, rest))
            if len(results) < count:
                results.append(StopIteration())  # It ended the map, as if there were no more.
        except Exception as error:  # noqa: BLE001 - a value until it is placed
            results.append(error)
    return results


@lru_cache(maxsize=1024)
def _is_odd(kind: type) -> bool:
    """Whether values of a Python type may be null, an error, or something to wait for."""
    return (
        kind in {type(None), type(Undefined), GeneratorType}
        or issubclass(kind, Exception)
        or hasattr(kind, "__await__")
        or hasattr(kind, "__aiter__")
    )


def _spread(indices: list[int], values: list[Any], count: int) -> list[Any]:
    """As many values, those at these indices given and the others null."""
    column: list[Any] = [None] * count
    for index, value in zip(indices, values, strict=True):
        column[index] = value
    return column


def _without_failures(run: Execution, column: list[Any], place: Place) -> list[int]:
    """Where a column has values, its exceptions being noted as failures."""
    if not any(map(_is_odd, set(map(type, column)))):
        return list(range(len(column)))
    values = []
    for index, value in enumerate(column):
        if isinstance(value, Exception):
            run.failures.add(place, index, value)
        else:
            values.append(index)
    return values


def _await_values(run: Execution, shape: Shape, values: list[Any], place: Place) -> None:
    def go_on(arrived: list[Any]) -> None:
        for index, value in enumerate(complete(run, shape, arrived, place)):
            run.failures.write(place, index, value)

    def ends(item: object) -> bool:
        """Whether an item is sure to take its list with it: no other need be asked for."""
        vital = shape.item is not None and shape.item.non_null
        return vital and (item is None or isinstance(item, Exception))

    awaitables = [value if is_awaitable(value) else collected(value, ends) for value in values]
    run.wait(Wait(awaitables, place, go_on, vital=shape.non_null))


def _complete_present(run: Execution, shape: Shape, values: list[Any], place: Place) -> list[Any]:
    if not values:
        return []
    if shape.coerce is not None:
        return _complete_leaves(run, shape, values, place)
    if shape.item is not None:
        return _complete_lists(run, shape.item, values, place)
    objects = _Objects(values, [{} for _ in values], place)
    if shape.abstract:
        _resolve_types(run, shape, objects)
    else:
        _check_types(run, shape.type, objects)
    return objects.outs


def _complete_leaves(run: Execution, shape: Shape, values: list[Any], place: Place) -> list[Any]:
    assert shape.coerce is not None
    completed = applied(shape.coerce, values, len(values))
    if not any(map(_is_odd, set(map(type, completed)))):
        return completed
    for index, value in enumerate(completed):
        if value is None or value is Undefined:
            completed[index] = TypeError(
                f"Expected `{inspect(shape.type)}.coerce_output_value({inspect(values[index])})`"
                f" to return non-nullable value, returned: {inspect(value)}"
            )
    good = _without_failures(run, completed, place)
    return _spread(good, [completed[index] for index in good], len(values))


def _complete_lists(run: Execution, item: Shape, values: list[Any], place: Place) -> list[Any]:
    if set(map(type, values)) == {list}:
        return _complete_items(run, item, values, place)
    lists = applied(partial(_listed, place), values, len(values))
    good = _without_failures(run, lists, place)
    some = [lists[index] for index in good]
    return _spread(good, _complete_items(run, item, some, place.some(good)), len(values))


def _listed(place: Place, value: object) -> list[Any]:
    if not is_iterable(value):
        name = place.field.full_name
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
    items: list[Any] = []
    try:
        items.extend(value)
    except Exception:
        drop(items)
        raise
    return items


def _complete_items(
    run: Execution, item: Shape, lists: list[list[Any]], place: Place
) -> list[list[Any]]:
    bounds = list(accumulate(map(len, lists), initial=0))
    flat = complete(run, item, list(chain.from_iterable(lists)), place.items(bounds))
    return [flat[start:stop] for start, stop in pairwise(bounds)]


class _Objects(NamedTuple):
    """Values that become objects of a response, and these objects, to be filled."""

    values: list[Any]
    outs: list[Any]
    place: Place

    def some(self, indices: list[int]) -> _Objects:
        if len(indices) == len(self.values):
            return self
        return _Objects(
            [self.values[index] for index in indices],
            [self.outs[index] for index in indices],
            self.place.some(indices),
        )


def _resolve_types(run: Execution, shape: Shape, objects: _Objects) -> None:
    resolve_type = shape.type.resolve_type or default_type_resolver

    def go_on(names: list[Any], objects: _Objects) -> None:
        place, core = objects.place, run.plan.core
        types: dict[GraphQLObjectType, list[int]] = defaultdict(list)
        for index in _without_failures(run, names, place):
            try:
                type_ = core.ensure_valid_runtime_type(
                    names[index],
                    shape.type,
                    place.field.details,
                    run.info(place, index),
                    objects.values[index],
                )
                types[type_].append(index)
            except GraphQLError as error:
                run.failures.add(place, index, error)
        for type_, indices in types.items():
            _check_types(run, type_, objects.some(indices))

    _ask(run, objects, lambda value, info: resolve_type(value, info, shape.type), go_on)


def _check_types(run: Execution, type_: GraphQLObjectType, objects: _Objects) -> None:
    if type_.is_type_of is None:
        _enter(run, type_, objects)
        return

    def go_on(verdicts: list[Any], objects: _Objects) -> None:
        for index, verdict in enumerate(verdicts):
            if not verdict:
                value = inspect(objects.values[index])
                message = f"Expected value of type '{type_}' but got: {value}."
                verdicts[index] = GraphQLError(message, objects.place.field.nodes)
        good = _without_failures(run, verdicts, objects.place)
        if good:
            _enter(run, type_, objects.some(good))

    _ask(run, objects, type_.is_type_of, go_on)


def _ask(
    run: Execution,
    objects: _Objects,
    question: Callable[[Any, Any], Any],
    go_on: Callable[[list[Any], _Objects], None],
) -> None:
    """Ask of each value what graphql-core asks, and go on with those whose answers are there."""
    values, _, place = objects
    answers = applied(
        lambda numbered: question(numbered[1], run.info(place, numbered[0])),
        enumerate(values),
        len(values),
    )
    if not any(map(_is_odd, set(map(type, answers)))):
        go_on(answers, objects)
        return
    parts: tuple[list[int], list[int]] = ([], [])
    for index, answer in enumerate(answers):
        parts[is_awaitable(answer)].append(index)
    known, awaited = parts
    go_on([answers[index] for index in known], objects.some(known))
    if awaited:
        later = objects.some(awaited)
        run.wait(
            Wait(
                [answers[index] for index in awaited],
                later.place,
                lambda arrived: go_on(arrived, later),
            )
        )


def _enter(run: Execution, type_: GraphQLObjectType, objects: _Objects) -> None:
    try:
        selection = run.variant.selection(objects.place.field, type_)
    except Exception as error:  # noqa: BLE001 - conditions without values, recursion
        for index in range(len(objects.values)):
            run.failures.add(objects.place, index, error)
    else:
        run.batches.append(Batch(selection, *objects))
