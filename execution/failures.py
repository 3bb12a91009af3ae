"""Errors, until they are placed: which are reported, and where null goes.

A value that fails is an exception in its column. When a wave of execution has nothing left to do
but wait, the failures that it met are placed in the order in which a depth-first execution would
have met them, so that of several that null one position the same one is reported.
"""

from collections.abc import Iterable
from typing import Any

from graphql import ExecutionResult, GraphQLError, located_error

from execution.places import Place, Position, Slot


class Failures:
    """The errors of one execution, and what of its response they took away."""

    def __init__(self, data: dict[str, Any], *, propagate: bool) -> None:
        self._data: dict[str, Any] | None = data
        # False under @experimental_disableErrorPropagation: null stays where the error was.
        self._propagate = propagate
        self._errors: list[GraphQLError] = []
        self._met: list[tuple[Place, int, Exception]] = []
        # Positions that errors nulled; the objects are kept, or others might get their identity.
        self._nulled: dict[Slot, object] = {}

    @property
    def total(self) -> bool:
        """Whether nothing is left of the response."""
        return self._data is None

    def result(self) -> ExecutionResult:
        """What there is to answer."""
        return ExecutionResult(self._data, self._errors or None)

    def add(self, place: Place, index: int, error: Exception) -> None:
        """One of a column's values failed."""
        self._met.append((place, index, error))

    def settle(self) -> bool:
        """Place what was added since the last time; True if nulls went further than the values."""
        met, self._met = self._met, []
        placed = [(place.position(index), error) for place, index, error in met]
        if len(placed) > 1:
            placed.sort(key=lambda failure: failure[0].order())
        further = [self._place(position, error) for position, error in placed]
        return any(further)

    def gone(self, place: Place, indices: Iterable[int]) -> bool:
        """Whether these of a column's values all stand where nothing is any more."""
        if not self._nulled and not self.total:
            return False
        return all(self._gone(place.position(index)) for index in indices)

    def write(self, place: Place, index: int, value: object) -> None:
        """Put a value where it belongs, unless nothing is there any more."""
        position = place.position(index)
        if not self._gone(position):
            _put(position, len(position.indices), value)

    def _gone(self, position: Position) -> bool:
        nulled = self._nulled
        return self.total or (bool(nulled) and any(slot in nulled for slot in position.slots()))

    def _place(self, position: Position, error: Exception) -> bool:
        if self._gone(position):
            return False
        path = position.path().as_list()
        self._errors.append(located_error(error, position.field.nodes, path))
        for target in position.outwards():
            depth = len(target.indices)
            while self._propagate and depth >= 0 and target.field.non_null[depth]:
                depth -= 1
            if depth >= 0:
                _put(target, depth, None)
                out = target.batch.outs[target.owner]
                self._nulled[id(out), target.field.key, target.indices[:depth]] = out
                return target is not position or depth < len(position.indices)
        self._data = None
        return True


def _put(position: Position, depth: int, value: object) -> None:
    target: Any = position.batch.outs[position.owner]
    key: str | int = position.field.key
    for index in position.indices[:depth]:
        target, key = target[key], index
    target[key] = value
