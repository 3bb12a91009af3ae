"""Shapes: a field's type, taken apart once, so that whole columns are asked about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    is_abstract_type,
    is_leaf_type,
)

_INT_MIN: Final = -(2**31)
_INT_MAX: Final = 2**31 - 1


class Shape:
    """A type in a schema, where values become a response."""

    __slots__ = ("abstract", "coerce", "item", "non_null", "plain", "type")

    def __init__(self, type_: Any) -> None:  # noqa: ANN401 - an output type of any kind
        self.non_null = isinstance(type_, GraphQLNonNull)
        # Itself, without "!".
        self.type = type_.of_type if self.non_null else type_
        # Of a list, the shape of its items.
        self.item = Shape(self.type.of_type) if isinstance(self.type, GraphQLList) else None
        self.abstract = is_abstract_type(self.type)
        # Of a leaf, what makes a value of a response of a resolved one.
        self.coerce: Callable[[Any], Any] | None = (
            self.type.coerce_output_value if is_leaf_type(self.type) else None
        )
        # The Python types of values that may be their own response.
        self.plain = _plain(self.type, non_null=self.non_null)

    def non_nulls(self) -> list[bool]:
        """Whether it, its items, and theirs, may not be null."""
        return [self.non_null, *(self.item.non_nulls() if self.item is not None else ())]

    def unchanged(self, column: list[Any], kinds: set[type]) -> bool:
        """Whether all values are what they would be made into; kinds are their Python types."""
        if self.plain is None or not kinds <= self.plain:
            return False
        if self.type is GraphQLInt:
            numbers = column if type(None) not in kinds else [v for v in column if v is not None]
            return not numbers or (min(numbers) >= _INT_MIN and max(numbers) <= _INT_MAX)
        if self.type is GraphQLFloat:
            # A sum is finite only if all are: those that are not are looked at one by one.
            return math.isfinite(sum(value for value in column if value is not None))
        return True


# By identity: a schema may have a scalar of its own under one of these names.
_PLAIN: Final = tuple(
    (scalar, frozenset({kind}), frozenset({kind, type(None)}))
    for scalar, kind in (
        (GraphQLString, str),
        (GraphQLID, str),
        (GraphQLBoolean, bool),
        (GraphQLInt, int),
        (GraphQLFloat, float),
    )
)


def _plain(type_: object, *, non_null: bool) -> frozenset[type] | None:
    for scalar, kinds, kinds_or_null in _PLAIN:
        if type_ is scalar:
            return kinds if non_null else kinds_or_null
    return None
