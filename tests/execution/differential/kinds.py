# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""A schema with every kind of type, in graphql-core's own classes.

Every object type has the same fields: each named type in every nullability and depth of lists,
resolved by :func:`outcomes.resolve`, and some that have no resolver.
"""

from collections.abc import Callable
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    IntValueNode,
    StringValueNode,
    Undefined,
    ValueNode,
)

from tests.execution.differential import outcomes

N: Final = GraphQLNonNull
L: Final = GraphQLList

WRAPPINGS: Final[tuple[Callable[[Any], Any], ...]] = (
    lambda t: t,
    N,
    L,
    lambda t: L(N(t)),
    lambda t: N(L(t)),
    lambda t: N(L(N(t))),
    lambda t: L(L(t)),
    lambda t: N(L(N(L(N(t))))),
    lambda t: L(N(L(t))),
    lambda t: L(L(L(N(t)))),
)


def _degrees(value: Any) -> Any:
    if value == outcomes.DEGREES_NONE:
        return None
    if value == outcomes.DEGREES_UNDEFINED:
        return Undefined
    if not isinstance(value, int):
        raise TypeError(f"No temperature: {value!r}")
    return f"{value} degrees"


def _read_degrees(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("A temperature is an integer of 0 or more.")
    return value


def _read_degrees_literal(node: ValueNode, _variables: Any = None) -> int:
    if not isinstance(node, IntValueNode | StringValueNode):
        raise ValueError("A temperature is written as an integer.")  # noqa: TRY004
    return _read_degrees(int(node.value))


TEMPERATURE: Final = GraphQLScalarType(
    "Temperature",
    serialize=_degrees,
    parse_value=_read_degrees,
    parse_literal=_read_degrees_literal,
)
COLOUR: Final = GraphQLEnumType("Colour", {"RED": 1, "GREEN": 2, "BLUE": "azure"})
FILTER: Final[GraphQLInputObjectType] = GraphQLInputObjectType(
    "Filter",
    lambda: {
        "colour": GraphQLInputField(COLOUR, default_value=2),
        "limit": GraphQLInputField(N(GraphQLInt), default_value=3, out_name="limited_to"),
        "tags": GraphQLInputField(L(N(GraphQLString))),
        "nested": GraphQLInputField(FILTER),
        "at": GraphQLInputField(TEMPERATURE),
        "grid": GraphQLInputField(L(L(GraphQLFloat))),
    },
)
CHOICE: Final = GraphQLInputObjectType(
    "Choice",
    lambda: {
        "number": GraphQLInputField(GraphQLInt),
        "text": GraphQLInputField(GraphQLString),
        "filter": GraphQLInputField(FILTER),
    },
    is_one_of=True,
)
ARGUMENTS: Final = {
    "number": GraphQLArgument(GraphQLInt, default_value=7),
    "truth": GraphQLArgument(N(GraphQLBoolean), default_value=True),
    "filter": GraphQLArgument(FILTER, out_name="filtered_by"),
    "choice": GraphQLArgument(CHOICE),
    "colours": GraphQLArgument(L(N(COLOUR))),
    "at": GraphQLArgument(TEMPERATURE),
    "key": GraphQLArgument(GraphQLID),
}


def _fields() -> dict[str, GraphQLField]:
    """Each named type in every wrapping; the fourth of each has arguments, the fifth a duty."""
    fields = {}
    for named in NAMED:
        for number, wrap in enumerate(WRAPPINGS):
            arguments = dict(ARGUMENTS) if number in (0, 3) else {}
            if number == 4:
                arguments["must"] = GraphQLArgument(N(GraphQLInt))
            fields[f"{named.name.lower()}{number}"] = GraphQLField(
                wrap(named), args=arguments, resolve=outcomes.resolve
            )
    number_argument = {"number": GraphQLArgument(GraphQLInt, default_value=7)}
    fields |= {
        "plainText": GraphQLField(GraphQLString),
        "plainNumber": GraphQLField(N(GraphQLInt)),
        "plainList": GraphQLField(L(N(GraphQLString))),
        "plainColour": GraphQLField(COLOUR),
        "plainThing": GraphQLField(ROBOT),
        "method": GraphQLField(GraphQLString, args=number_argument),
        "brittle": GraphQLField(GraphQLString),
        "missing": GraphQLField(GraphQLString),
    }
    return fields


NAMED_INTERFACE: Final = GraphQLInterfaceType("Named", _fields, resolve_type=outcomes.resolve_type)
AGED_INTERFACE: Final = GraphQLInterfaceType("Aged", _fields)
DOG: Final = GraphQLObjectType("Dog", _fields, interfaces=[NAMED_INTERFACE])
CAT: Final = GraphQLObjectType(
    "Cat",
    _fields,
    interfaces=[NAMED_INTERFACE, AGED_INTERFACE],
    is_type_of=outcomes.is_type_of("Cat"),
)
ROBOT: Final = GraphQLObjectType(
    "Robot", _fields, interfaces=[AGED_INTERFACE], is_type_of=outcomes.is_type_of("Robot")
)
ANYTHING: Final = GraphQLUnionType("Anything", [DOG, CAT, ROBOT])
PET: Final = GraphQLUnionType("Pet", [DOG, CAT], resolve_type=outcomes.resolve_type)
NAMED: Final = (
    *(GraphQLInt, GraphQLFloat, GraphQLString, GraphQLBoolean, GraphQLID, TEMPERATURE, COLOUR),
    *(DOG, CAT, ROBOT, NAMED_INTERFACE, AGED_INTERFACE, ANYTHING, PET),
)
SCHEMA: Final = GraphQLSchema(
    query=GraphQLObjectType("Query", _fields),
    mutation=GraphQLObjectType("Mutation", _fields),
    types=[DOG, CAT, ROBOT],
)
