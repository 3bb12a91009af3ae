# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""Input values at random, as literals and as the values of variables; some of them are wrong."""

import json
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)

OMITTED: Final = object()
SCALARS: Final = {
    "Int": (0, 1, -7, 2147483647, None),
    "Float": (0.5, 3, -2.25, None),
    "String": ("", "text", "two\nlines", None),
    "Boolean": (True, False, None),
    "ID": ("a", 7, None),
    "Temperature": (0, 21, None),
}


class Name(str):
    """The name of an enum's value, which has no quotes in a literal."""


WRONG: Final = (2**31, 1.5, "wrong", True, [1], {"a": 1}, -3, Name("PINK"))


def value(type_: GraphQLInputType, chance: Random, *, wrong: float, depth: int = 2) -> Any:
    """A JSON value for this type, or one that does not fit with the likelihood ``wrong``."""
    if isinstance(type_, GraphQLNonNull):
        inner = type_.of_type
        given = value(inner, chance, wrong=wrong, depth=depth)
        while given is None and chance.random() >= wrong:
            given = value(inner, chance, wrong=wrong, depth=depth)
        return given
    if chance.random() < wrong:
        return chance.choice(WRONG)
    if isinstance(type_, GraphQLList):
        item = type_.of_type
        if chance.random() < 0.2:
            return value(item, chance, wrong=wrong, depth=depth)
        return [value(item, chance, wrong=wrong, depth=depth) for _ in range(chance.randrange(3))]
    if isinstance(type_, GraphQLInputObjectType):
        return _object(type_, chance, wrong, depth)
    if isinstance(type_, GraphQLEnumType):
        return Name(chance.choice(list(type_.values)))
    return chance.choice(SCALARS[type_.name])


def _object(type_: GraphQLInputObjectType, chance: Random, wrong: float, depth: int) -> Any:
    if type_.is_one_of and chance.random() >= wrong:
        name = chance.choice(list(type_.fields))
        member = GraphQLNonNull(type_.fields[name].type)
        return {name: value(member, chance, wrong=wrong, depth=depth - 1)}
    given = {
        name: value(field.type, chance, wrong=wrong, depth=depth - 1)
        for name, field in type_.fields.items()
        # Too deep, only what has to be.
        if is_required_input_field(field) or (depth > 0 and chance.random() < 0.5)
    }
    if chance.random() < wrong:
        given["unheardOf"] = 1
    return given


def literal(given: Any) -> str:
    """This value as GraphQL writes it."""
    match given:
        case Name():
            return str(given)
        case list():
            return f"[{', '.join(map(literal, given))}]"
        case dict():
            inside = ", ".join(f"{name}: {literal(one)}" for name, one in given.items())
            return f"{{{inside}}}"
        case _:
            return json.dumps(given)
