"""Input types of every kind, and values for them that mostly fit."""

import enum
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLDefaultInput,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
)
from hypothesis import strategies as st


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


def _even(value: object) -> object:
    if not isinstance(value, int) or value % 2:
        raise ValueError("odd")
    # A parser may also say in this way that it does not take a value.
    return Undefined if value == 8 else value // 2


EVEN: Final = GraphQLScalarType("Even", parse_value=_even)
ANY: Final = GraphQLScalarType("Any")
COLOUR: Final = GraphQLEnumType("Colour", Colour)
POINT: Final = GraphQLInputObjectType(
    "Point",
    {
        "x": GraphQLInputField(GraphQLNonNull(GraphQLInt), out_name="across"),
        "y": GraphQLInputField(GraphQLFloat, default=GraphQLDefaultInput(0.5)),
    },
    out_type=lambda value: tuple(value.items()),
)
ONE: Final = GraphQLInputObjectType(
    "One",
    {
        "id": GraphQLInputField(GraphQLID),
        "code": GraphQLInputField(GraphQLString),
        "even": GraphQLInputField(EVEN),
    },
    is_one_of=True,
)
TREE: Final[GraphQLInputObjectType] = GraphQLInputObjectType(
    "Tree",
    lambda: {
        "name": GraphQLInputField(GraphQLNonNull(GraphQLString)),
        "flag": GraphQLInputField(
            GraphQLNonNull(GraphQLBoolean), default=GraphQLDefaultInput(value=False)
        ),
        "colours": GraphQLInputField(
            GraphQLList(GraphQLNonNull(COLOUR)), default=GraphQLDefaultInput(["RED"])
        ),
        "one": GraphQLInputField(ONE),
        "point": GraphQLInputField(POINT),
        "grid": GraphQLInputField(GraphQLList(GraphQLList(EVEN))),
        "any": GraphQLInputField(ANY),
        "left": GraphQLInputField(TREE),
        "below": GraphQLInputField(GraphQLList(GraphQLNonNull(TREE))),
    },
)
BROKEN: Final = GraphQLInputObjectType(
    "Broken",
    {"number": GraphQLInputField(GraphQLInt, default=GraphQLDefaultInput("no number"))},
)
NAMED: Final[tuple[GraphQLScalarType | GraphQLEnumType | GraphQLInputObjectType, ...]] = (
    *(GraphQLString, GraphQLID, GraphQLInt, GraphQLFloat, GraphQLBoolean),
    *(EVEN, ANY, COLOUR, POINT, ONE, TREE, BROKEN),
)
SCHEMA: Final = GraphQLSchema(
    GraphQLObjectType(
        "Query",
        {
            "field": GraphQLField(
                GraphQLString, {named.name: GraphQLArgument(named) for named in NAMED}
            )
        },
    )
)

DEFAULTS: Final = (
    *("null", "1", "8", "2.5", '"text"', "true", "RED", "[]", '["a", "b"]', "[[4], 6, null]"),
    *("{x: 1}", '{code: "c"}', '{id: "1", code: "c"}', '{name: "n", below: {name: "m"}}'),
)
SCALARS: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.integers(-4, 20),
    st.just(10**400),
    st.floats(),
    st.sampled_from(["", "text", "RED", "BLUE", "GREEN", "1"]),
    st.just(Undefined),
)
NAMES: Final = st.sampled_from(
    ["x", "y", "id", "code", "even", "name", "flag", "colours", "one", "point", "grid", "any"]
)
ANYTHING: Final = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(NAMES, inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def fitting(draw: st.DrawFn, type_: GraphQLInputType, depth: int = 0) -> Any:  # noqa: ANN401
    """A value that mostly fits: well formed but for some places in it."""
    if draw(st.integers(0, 40)) == 0:
        return draw(ANYTHING)
    if isinstance(type_, GraphQLNonNull):
        return draw(fitting(type_.of_type, depth))
    if draw(st.integers(0, 8)) == 0:
        return None
    if isinstance(type_, GraphQLList):
        if draw(st.integers(0, 5)) == 0:
            return draw(fitting(type_.of_type, depth))
        return draw(st.lists(fitting(type_.of_type, depth + 1), max_size=3))
    if isinstance(type_, GraphQLInputObjectType):
        return draw(_object(type_, depth))
    return draw(_leaf(type_))


@st.composite
def _object(draw: st.DrawFn, type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
    names = list(type_.fields)
    if type_.is_one_of and draw(st.integers(0, 5)):
        names = [draw(st.sampled_from(names))]
    made = {}
    for name in draw(st.permutations(names)):
        field = type_.fields[name].type
        wanted = isinstance(field, GraphQLNonNull) or type_.is_one_of
        recursive = name in {"left", "below"}
        if (wanted and draw(st.integers(0, 20))) or (
            not wanted and (depth < 3 or not recursive) and draw(st.booleans())
        ):
            made[name] = draw(fitting(field, depth + 1))
    if draw(st.integers(0, 30)) == 0:
        made["unknown"] = 1
    return made


def _leaf(type_: GraphQLInputType) -> st.SearchStrategy[Any]:
    if type_ in {GraphQLString, GraphQLID}:
        return st.text(max_size=3) | st.integers(0, 9)
    if type_ in {GraphQLInt, EVEN}:
        return st.integers(0, 5).map(lambda number: 2 * number) | st.floats(0, 4).map(round)
    if type_ is GraphQLFloat:
        return st.floats(-1, 1) | st.integers(0, 3)
    if type_ is GraphQLBoolean:
        return st.booleans()
    return st.sampled_from(["RED", "BLUE"]) if type_ is COLOUR else ANYTHING


@st.composite
def wrapped(draw: st.DrawFn) -> GraphQLInputType:
    type_: GraphQLInputType = draw(st.sampled_from(NAMED))
    for _ in range(draw(st.integers(0, 3))):
        if isinstance(type_, GraphQLNonNull) or draw(st.booleans()):
            type_ = GraphQLList(type_)
        else:
            type_ = GraphQLNonNull(type_)
    return type_
