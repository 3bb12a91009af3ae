# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""Whether two executions of one document came to the same.

Data, and the order of its keys, have to be equal, always; also the arguments that resolvers got.
As to errors: where nothing is asynchronous, graphql-core's order is that of the response, and
the lists have to be equal. Elsewhere its order is that of time, and where several errors null
one place, the first to come is the one reported. There, each place that errors leave null has to
have the same error, if only one is possible there; else one or more of those that are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from graphql import GraphQLError

from tests.execution.differential.running import Ran
from tests.execution.differential.worlds import World

Path = tuple[str | int, ...]


def exact(value: Any) -> Any:
    """A value of a response with the order of keys and the types of leaves."""
    match value:
        case dict():
            return ("object", *((key, exact(one)) for key, one in value.items()))
        case list():
            return ("list", *map(exact, value))
        case _:
            return (type(value).__name__, repr(value))


def said(error: GraphQLError) -> tuple[str, ...]:
    """All that a client is told of an error, and what the application finds in it."""
    original = error.original_error
    return (
        error.message,
        repr(error.path),
        repr(error.locations),
        repr(error.extensions),
        f"{type(original).__name__} {getattr(original, 'message', original)}",
    )


def differences(
    expected: Ran, actual: Ran, every: Sequence[GraphQLError], *, serial: bool
) -> list[str]:
    """In words; ``every`` is all the errors that can come, ``serial`` is true of mutations."""
    found = []
    if exact(expected.data) != exact(actual.data):
        found.append(f"data: {expected.data}\n  is not {actual.data}")
    if not expected.world.asynchronous:
        if list(map(said, expected.errors)) != list(map(said, actual.errors)):
            found.append(_unequal(map(said, expected.errors), map(said, actual.errors)))
        if actual.waited:
            found.append("it had to be awaited for nothing")
    else:
        found += _errors(expected, actual, every)
    found += _calls(expected, actual)
    if serial and list(dict.fromkeys(roots(expected.world))) != roots(actual.world):
        found.append(f"order: {roots(expected.world)} is not {roots(actual.world)}")
    if actual.left:
        found.append(f"left behind: {actual.left}")
    return found


def _unequal(expected: Iterable[Any], actual: Iterable[Any]) -> str:
    return "errors:\n  {}\nare not\n  {}".format(
        "\n  ".join(map(str, expected)), "\n  ".join(map(str, actual))
    )


def _errors(expected: Ran, actual: Ran, every: Sequence[GraphQLError]) -> list[str]:
    wanted, given = _by_place(expected), _by_place(actual)
    possible: dict[Path, set[tuple[str, ...]]] = {}
    for error in every:
        possible.setdefault(nulled(expected.data, tuple(error.path or ())), set()).add(said(error))
    found = []
    for place in {**wanted, **given}:
        errors, errors_actual = wanted.get(place, []), given.get(place, [])
        if len(possible.get(place, ())) < 2:
            if errors != errors_actual:
                found.append(_unequal(errors, errors_actual))
        elif not errors_actual or not possible[place].issuperset(errors_actual):
            found.append(f"at {place}: {errors_actual} are not of {possible[place]}")
        elif len(set(errors_actual)) < len(errors_actual):
            found.append(f"at {place}, twice: {errors_actual}")
    return found


def _by_place(ran: Ran) -> dict[Path, list[tuple[str, ...]]]:
    """The errors by the place at which each, or another above it, has left null."""
    places: dict[Path, list[tuple[str, ...]]] = {}
    for error in ran.errors:
        place = nulled(ran.data, tuple(error.path or ()))
        places.setdefault(place, []).append(said(error))
    return places


def nulled(data: Any, path: Path) -> Path:
    """The first place on the way to ``path`` where there is null."""
    for length, key in enumerate(path):
        if data is None:
            return path[:length]
        data = data[key]
    return path


def _calls(expected: Ran, actual: Ran) -> list[str]:
    """Differences in what resolvers were called with."""
    calls, calls_actual = Counter(expected.world.calls), Counter(actual.world.calls)
    found = []
    if twice := [call for call, times in calls_actual.items() if times > 1]:
        found.append(f"called twice: {twice}")
    if missing := [call for call in calls - calls_actual if _is_seen(actual, call[0])]:
        found.append(f"not called: {missing}")
    if more := [call for call in calls_actual - calls if _is_seen(expected, call[0])]:
        found.append(f"called without need: {more}")
    return found


def _is_seen(ran: Ran, path: Path) -> bool:
    """Whether this place is in the response, so that it had to be resolved."""
    return nulled(ran.data, path) == path and ran.data is not None


def roots(world: World) -> list[str | int]:
    """The root fields in the order in which something was resolved in them."""
    order: list[str | int] = []
    for path, *_ in world.calls:
        if not order or order[-1] != path[0]:
            order.append(path[0])
    return order
