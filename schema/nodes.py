"""What every type here rests on: rows stand for types, and nodes have global ids."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import strawberry

from execution import batch_field

Type = TypeVar("Type", bound=type)

# Every mutation has this one argument.
ASKED: Final = strawberry.argument(description="What is asked for.")


def represents(*rows: type) -> Callable[[Type], Type]:
    """Say which rows a GraphQL type is answered from: resolvers return rows, never these types."""

    def is_type_of(value: object, _info: object) -> bool:
        return isinstance(value, rows)

    def decorate(cls: Type) -> Type:
        cls.is_type_of = staticmethod(is_type_of)  # type: ignore[attr-defined]
        return cls

    return decorate


def answered_by(resolver: Callable[..., object], description: str) -> Any:  # noqa: ANN401
    """A field whose resolver returns a row (or an awaitable of one) where the type is declared."""
    return strawberry.field(resolver=resolver, description=description)


def answered_for_all(resolver: Callable[..., object], description: str) -> Any:  # noqa: ANN401
    """A field whose resolver is given all the rows of a level, and returns an answer for each."""
    return batch_field(resolver, description=description)


def followed_by(resolver: Callable[..., object], description: str) -> Any:  # noqa: ANN401
    """A subscription whose resolver returns an iterator of rows of the type that is declared."""
    return strawberry.subscription(resolver=resolver, description=description)


@strawberry.interface(description="Anything with a global id, to be had again by `node(id:)`.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(
        description="Global id: user_…, acct_…, txn_… or entry_…. Opaque, stable, never reused."
    )
