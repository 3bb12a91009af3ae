# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""What the resolvers of the schema of every kind give: by type, and by where they stand."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLResolveInfo,
    get_named_type,
    is_leaf_type,
)

from tests.execution.differential.worlds import World, type_names

DEGREES_NONE: Final = 13
DEGREES_UNDEFINED: Final = 14

GOOD: Final[Mapping[str, tuple[Any, ...]]] = {
    "Int": (0, 1, -5, 2**31 - 1, True, 3.0, "12"),
    "Float": (0.5, 3, -1.25, True, "1.5", 1e300),
    "String": ("", "text", 5, 1.5, True, "ünï"),
    "Boolean": (True, False, 0, 1, 2.0),
    "ID": ("a", 7, "", 3.0),
    "Temperature": (0, 21, -4),
    "Colour": (1, 2, "azure"),
}
BAD: Final[Mapping[str, tuple[Any, ...]]] = {
    "Int": (2**40, 3.5, "x", "", float("nan"), [1], {}),
    "Float": ("x", float("inf"), [1.5], ""),
    "String": ([], {"a": 1}, float("nan")),
    "Boolean": ("true", float("nan"), []),
    "ID": (2.5, [], {}),
    "Temperature": (DEGREES_NONE, DEGREES_UNDEFINED, "warm", 1.5),
    "Colour": (9, "RED", [], None),
}


class Thing:
    """An object of one of the types, by ``kind``; ``token`` decides on all its values."""

    def __init__(self, world: World, kind: str, token: int) -> None:
        self.world, self.kind, self.token = world, kind, token
        chance = self.chance("plain")
        for name, value in plain(chance, world.trouble).items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        return f"Thing({self.kind}, {self.token})"

    def chance(self, *place: object) -> Random:
        return self.world.chance(self.token, *place)

    @property
    def brittle(self) -> str:
        if self.token % 5 == 0:
            raise RuntimeError(f"broken {self.token}")
        return "whole"

    @property
    def plainThing(self) -> "Thing | None":  # noqa: N802 - a field's name
        return None if self.token % 3 == 0 else Thing(self.world, "Robot", self.token // 3)

    def method(self, info: GraphQLResolveInfo[Any], number: int | None) -> Any:
        chance = self.chance("method", number)
        if chance.random() < self.world.trouble:
            raise ValueError(f"method of {self.token}")
        if self.world.asynchronous and chance.random() < 0.3:
            return self.world.later(lambda: f"{info.field_name} later {number}", chance)
        return f"{self.token} {number}"


class Dog(Thing):
    """Says its type itself."""

    __typename = "Dog"


def plain(chance: Random, trouble: float) -> dict[str, Any]:
    """The values of the fields that have no resolver, but for the methods and properties."""
    bad = chance.random() < trouble
    return {
        "plainText": chance.choice(("a", "b", None, 5)),
        "plainNumber": chance.choice((1, 2, 3)) if not bad else chance.choice((None, "x", [])),
        "plainList": chance.choice((["a"], ("b", "c"), [], None, ["d", None] if bad else ["d"])),
        "plainColour": chance.choice((1, 2, "azure", 9 if bad else 1)),
    }


def resolve(_source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """The resolver of most fields."""
    world: World = info.context
    place = world.called(info, arguments)
    chance = world.chance(place)
    if world.asynchronous and chance.random() < 0.3:
        return world.later(lambda: _raised(_value(info.return_type, place, info, chance)), chance)
    return _raised(_value(info.return_type, place, info, chance))


def _raised(value: Any) -> Any:
    """Half of the errors are raised, half are given as values."""
    if isinstance(value, Exception) and len(str(value)) % 2:
        raise value
    return value


def _value(type_: Any, place: Any, info: GraphQLResolveInfo[Any], chance: Random) -> Any:
    world: World = info.context
    if chance.random() < world.trouble * 0.5:
        return world.failing(place, info, chance)
    if isinstance(type_, GraphQLNonNull):
        if chance.random() < world.trouble * 0.5:
            return None
        type_ = type_.of_type
    elif chance.random() < 0.1:
        return None
    if isinstance(type_, GraphQLList):
        if chance.random() < world.trouble * 0.3:
            return chance.choice((5, "text", {}))
        return world.listed(_items(type_.of_type, place, info, chance), chance)
    if is_leaf_type(type_):
        choices = BAD if chance.random() < world.trouble else GOOD
        return chance.choice(choices[type_.name])
    return _thing(type_, world, chance)


def _items(
    type_: Any, place: Any, info: GraphQLResolveInfo[Any], chance: Random
) -> list[Callable[[], Any]]:
    world: World = info.context
    return [
        _item(type_, (place, number), info, world)
        for number in range(chance.choice((0, 1, 2, 2, 3)))
    ]


def _item(type_: Any, place: Any, info: GraphQLResolveInfo[Any], world: World) -> Callable[[], Any]:
    def make() -> Any:
        chance = world.chance(place)
        if world.asynchronous and chance.random() < 0.15:
            # Lists in lists are lost unseen, by either executor, where an item beside them fails.
            seen = isinstance(place[0][0], str)
            return world.later(
                lambda: _raised(_value(type_, place, info, chance)), chance, coroutine=seen
            )
        return _value(type_, place, info, chance)

    return make


def _thing(type_: Any, world: World, chance: Random) -> Any:
    name = get_named_type(type_).name
    token = chance.randrange(10**9)
    if name not in type_names or chance.random() < world.trouble * 0.3:
        name = chance.choice(type_names)
    if chance.random() < 0.2:
        values = plain(chance, world.trouble)
        return {"__typename": name, "kind": name, "token": token, **values}
    return Dog(world, name, token) if name == "Dog" else Thing(world, name, token)


def _seen(value: Any, what: str, info: GraphQLResolveInfo[Any]) -> tuple[str, int, Random, World]:
    world: World = info.context
    if isinstance(value, dict):
        kind, token = value["kind"], value["token"]
    else:
        kind, token = value.kind, value.token
    return kind, token, world.chance(token, what), world


def resolve_type(value: Any, info: GraphQLResolveInfo[Any], type_: Any) -> Any:
    """Mostly the right name."""
    kind, token, chance, world = _seen(value, type_.name, info)

    def answer() -> Any:
        if chance.random() >= world.trouble:
            return kind
        wrong = chance.choice(("Nobody", "Colour", "Robot", "Query", None, 5, ValueError))
        if wrong is ValueError:
            raise ValueError(f"no type for {token}")
        return wrong

    if world.asynchronous and token % 3 == 0:
        return world.later(answer, chance)
    return answer()


def is_type_of(name: str) -> Callable[[Any, GraphQLResolveInfo[Any]], Any]:
    """Whether a value is of this type: mostly as it says itself."""

    def check(value: Any, info: GraphQLResolveInfo[Any]) -> Any:
        kind, token, chance, world = _seen(value, name, info)

        def answer() -> bool:
            if chance.random() < world.trouble * 0.3:
                raise ValueError(f"no answer for {token}")
            return kind == name

        if world.asynchronous and token % 4 == 0:
            # graphql-core's default resolver of types keeps these to itself.
            return world.later(answer, chance, coroutine=False)
        return answer()

    return check
