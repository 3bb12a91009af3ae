"""Where values stand in a response: found when a failure or a resolver asks, and not before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from graphql.pyutils import Path

if TYPE_CHECKING:
    from execution.plans import FieldPlan, Selection

# A response's object, by its identity, a key of it, and indices into the lists under that key.
Slot: TypeAlias = tuple[int, str, tuple[int, ...]]


class Batch(NamedTuple):
    """Objects of one type that one selection is asked of."""

    selection: Selection
    objects: list[Any]
    # What is answered for each of them; filled field by field.
    outs: list[dict[str, Any]]
    # None at the root of the operation.
    place: Place | None = None


class Place:
    """Where the values of a column stand: in a field of a batch's objects, unless told otherwise.

    Made by ``some`` it has some of another's values; by ``items``, those of the lists there.
    """

    __slots__ = ("_indices", "_starts", "_whole", "batch", "field")

    def __init__(
        self,
        batch: Batch,
        field: FieldPlan,
        whole: Place | None = None,
        *,
        indices: list[int] | None = None,
        starts: list[int] | None = None,
    ) -> None:
        self.batch = batch
        self.field = field
        self._whole = whole
        self._indices = indices
        self._starts = starts or []

    def some(self, indices: list[int]) -> Place:
        """Of only some of the values."""
        return Place(self.batch, self.field, self, indices=indices)

    def items(self, starts: list[int]) -> Place:
        """Of what is in its lists; ``starts`` says how many items come before those of each."""
        return Place(self.batch, self.field, self, starts=starts)

    def locate(self, index: int) -> tuple[int, tuple[int, ...]]:
        """The object of the batch that has a value, and the indices into lists that lead to it."""
        if self._whole is None:
            return index, ()
        if self._indices is not None:
            return self._whole.locate(self._indices[index])
        # Not by counting: there may be as many failures as items.
        number = bisect_right(self._starts, index) - 1
        owner, indices = self._whole.locate(number)
        return owner, (*indices, index - self._starts[number])

    def position(self, index: int) -> Position:
        """Where one of the values stands."""
        owner, indices = self.locate(index)
        return Position(self.batch, owner, self.field, indices)


class Position(NamedTuple):
    """One value of a response: in a field of an object of a batch, maybe in lists there."""

    batch: Batch
    owner: int
    field: FieldPlan
    indices: tuple[int, ...] = ()

    def outwards(self) -> Iterator[Position]:
        """Itself, where the object stands that has it, and so on."""
        position = self
        yield position
        while position.batch.place is not None:
            position = position.batch.place.position(position.owner)
            yield position

    def slots(self) -> Iterator[Slot]:
        """Itself and everything that it is within."""
        for batch, owner, field, indices in self.outwards():
            for depth in range(len(indices), -1, -1):
                yield id(batch.outs[owner]), field.key, indices[:depth]

    def order(self) -> list[int]:
        """Sorts positions as a depth-first execution would come to them."""
        steps = [(position.field.index, *position.indices) for position in self.outwards()]
        return [step for outer in reversed(steps) for step in outer]

    def path(self) -> Path:
        """As graphql-core tells it to resolvers."""
        path = None
        for _, _, field, indices in reversed(list(self.outwards())):
            path = Path(path, field.key, field.parent.name)
            for index in indices:
                path = Path(path, index, None)
        assert path is not None
        return path
