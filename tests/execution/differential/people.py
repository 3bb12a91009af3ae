# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""A Strawberry schema with everything that Strawberry makes of fields, and batch fields.

What a field gives is decided by its object's token, its name and its arguments, so that a batch
of objects gives the same as one object after the other.
"""

import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any, NewType, Union

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig

from execution import batch_field
from tests.execution.differential.worlds import World

Info = strawberry.Info[World, Any]
Shade = NewType("Shade", str)


def _shade(value: Any) -> Any:
    if value == "none":
        raise ValueError("no shade")
    return f"#{value}"


@strawberry.enum
class Mood(enum.Enum):
    CALM = "calm"
    WILD = "wild"


@strawberry.input
class Wish:
    words: list[str] = strawberry.field(default_factory=lambda: ["please"])
    mood: Mood = Mood.CALM
    times: int | None = strawberry.UNSET


@strawberry.input(one_of=True)
class By:
    name: str | None = strawberry.UNSET
    age: int | None = strawberry.UNSET


class Adult(BasePermission):
    message = "too young"

    def has_permission(self, source: Any, info: Any, **_: Any) -> bool:
        return bool(source is None or source.token % 4)


class Loud(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **given: Any) -> Any:
        return f"{next_(source, info, **given)}!"


def _decide(world: World, token: int, what: str, make: Callable[[], Any], *given: Any) -> Any:
    """What ``make`` gives; or an exception, as a value."""
    chance = world.chance(token, what, given)
    if chance.random() < world.trouble:
        return ValueError(f"{what} of {token} with {given}")
    return make()


def _raising(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


def _best(self: "Person", what: str) -> Any:
    other = Person(world=self.world, token=self.token // 2)
    return _decide(self.world, self.token, what, lambda: None if self.token % 7 == 0 else other)


async def best_friends(roots: "Sequence[Person]", info: Info) -> Sequence[Any]:
    info.context.happenings.append(("batch", "best"))
    found: list[Any] = await _soon(roots[0].world, lambda: [_best(root, "best") for root in roots])
    return found


def rivals(roots: "Sequence[Person]") -> Sequence[Any]:
    return [_best(root, "rival") for root in roots]


def wishes(roots: "Sequence[Person]", wish: Wish, by: By | None = None) -> Any:
    """Fails as a whole for some arguments; waits for others."""
    if "wrong" in wish.words:
        raise ValueError("nobody gets that wish")

    def make() -> list[Any]:
        return [
            _decide(root.world, root.token, "wish", lambda: f"{wish} {by}", repr(wish))
            for root in roots
        ]

    return _soon(roots[0].world, make) if wish.mood is Mood.WILD else make()


def _soon(world: World, make: Callable[[], Any]) -> Awaitable[Any]:
    return world.later(make, world.chance("batch"))


def pets_of(roots: "Sequence[Person]") -> Sequence[Any]:
    return [_decide(root.world, root.token, "pets", partial(_some_pets, root)) for root in roots]


def _some_pets(root: "Person") -> list[Any]:
    return [
        Cat(name="c", lives=9) if number % 2 else Hound(name="h", master=root)
        for number in range(root.token % 4)
    ]


async def _arriving(host: "Person") -> AsyncIterator["Person"]:
    for number in range(2):
        yield Person(world=host.world, token=host.token + number)


@strawberry.interface
class Named:
    name: str

    @strawberry.field
    def initial(self) -> str:
        return self.name[0]


@strawberry.type
class Cat(Named):
    lives: int


@strawberry.type
class Hound(Named):
    master: "Person | None"

    @strawberry.field
    async def barks(self, times: int = 2) -> list[str]:
        return ["wuff"] * (times % 4)


Pet = Annotated[Union[Cat, Hound], strawberry.union("Pet")]  # noqa: UP007 - Strawberry wants it


@strawberry.type
class Person(Named):
    world: strawberry.Private[World]
    token: int
    name: str = "person"
    mood: Mood = Mood.CALM
    shade: Shade = Shade("green")
    best: "Person | None" = batch_field(best_friends)
    rival: "Person" = batch_field(rivals)
    wish: str | None = batch_field(wishes)
    pets: list[Pet] = batch_field(pets_of)
    maybe_pets: list[Pet | None] | None = batch_field(pets_of)

    @strawberry.field
    def twin(self) -> "Person":
        return Person(world=self.world, token=self.token + 1, mood=Mood.WILD, shade=Shade("none"))

    @strawberry.field
    def said(self, info: Info, wish: Wish, moods: list[Mood] | None = None) -> str | None:
        value = _decide(self.world, self.token, "said", lambda: f"{wish} {moods}", repr(wish))
        return str(_raising(value)) + info.field_name

    @strawberry.field
    async def elder(self, info: Info, by: By | None = None) -> "Person | None":
        found = await self.world.later(
            lambda: _best(self, "elder"), self.world.chance(self.token, "elder")
        )
        value: Person | None = _raising(found)
        return value

    @strawberry.field
    async def friends(self, first: int = 2) -> "list[Person]":
        return [Person(world=self.world, token=self.token * 3 + n) for n in range(first % 4)]

    @strawberry.field
    def visitors(self) -> "list[Person]":
        return _arriving(self)  # type: ignore[return-value]  # any asynchronous iterable will do

    @strawberry.field(permission_classes=[Adult])  # type: ignore[untyped-decorator]  # its overloads are so
    def secret(self) -> str | None:
        return "secret"

    @strawberry.field(extensions=[Loud()])  # type: ignore[untyped-decorator]  # its overloads are so
    def shout(self, text: str = "hey") -> str:
        return text

    @strawberry.field
    def anybody(self) -> Named | None:
        return None if self.token % 2 else self


def firsts(roots: Sequence[Any], info: Info, first: int = 2) -> Sequence[Any]:
    """A batch field of the root type, whose only object is the root value."""
    world = info.context
    return [[Person(world=world, token=root * 5 + n) for n in range(first % 4)] for root in roots]


@strawberry.type
class Query:
    firsts: list[Person] = batch_field(firsts)

    @strawberry.field
    def person(self, info: Info, token: int = 11) -> Person | None:
        return Person(world=info.context, token=token) if token else None

    @strawberry.field
    async def people(self, info: Info, first: int = 3) -> list[Person]:
        return [Person(world=info.context, token=n) for n in range(first % 4)]

    @strawberry.field
    def groups(self, info: Info) -> list[list[Person | None] | None]:
        return [[Person(world=info.context, token=n), None] for n in range(6, 9)] + [None]

    @strawberry.field
    def animals(self) -> list[Named]:
        return [Cat(name="cat", lives=1), Hound(name="hound", master=None)]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, info: Info, name: str = "new") -> Person:
        info.context.happenings.append(("renamed", name))
        return Person(world=info.context, token=len(name), name=name)

    @strawberry.mutation
    async def befriend(self, info: Info, token: int = 3) -> Person | None:
        info.context.happenings.append(("befriended", str(token)))
        value = await _soon(info.context, lambda: token)
        info.context.happenings.append(("were friends", str(token)))
        return Person(world=info.context, token=value)

    @strawberry.mutation
    def firsts(self, info: Info) -> "list[Person]":
        info.context.happenings.append(("listed", ""))
        return [Person(world=info.context, token=n) for n in range(2)]


SCHEMA = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Cat, Hound],
    config=StrawberryConfig(scalar_map={Shade: strawberry.scalar(name="Shade", serialize=_shade)}),
)._schema
