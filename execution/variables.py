"""Variables: an operation's types are compiled once, and its values then filled in one pass.

What is filled is exactly what graphql-core's ``get_variable_values`` gives. Whatever is not well
formed, and whatever is not known for certain to be, goes to graphql-core itself, whose errors are
the answer; so a scalar's parser may be called twice for a value that it refuses.
"""

import contextlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    get_nullable_type,
    is_required_input_field,
    is_specified_scalar_type,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.language.parser import MAX_NESTING_DEPTH
from graphql.pyutils import is_iterable
from graphql.type import assert_leaf_type
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

# As many as graphql-core's executor reports before it gives up.
_ERRORS_MAX: Final = 50

# Takes a value and how deep it is nested; returns it coerced, or raises.
_Coerce: TypeAlias = Callable[[Any, int], Any]


class _RefusedError(Exception):
    """Not for the fast way: graphql-core is to say what is wrong, if anything is."""


class _Never:
    """A type that no value has."""


# Values of these types are passed on as they are, if they are of Python's type.
_UNCHANGED: Final = {
    GraphQLString.coerce_input_value: str,
    GraphQLID.coerce_input_value: str,
    GraphQLBoolean.coerce_input_value: bool,
}
_REQUIRED: Final = object()


class _Variable(NamedTuple):
    signature: GraphQLVariableSignature
    coerce: _Coerce
    default_node: ValueNode | None
    # The default, or ``_REQUIRED`` where it has to be made anew for each request.
    default: Any
    absent: VariableValueSource


class Coercion:
    """The compiled variables of one operation; made by ``compile_variables``."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Collection[VariableDefinitionNode]
    ) -> None:
        self._schema = schema
        self._definitions = definitions
        self._variables: list[_Variable] = []
        # Whether the definitions are sound; where one is not, graphql-core says so each time.
        self._sound = True
        made: dict[tuple[str, bool], _Coerce] = {}
        for definition in definitions:
            signature = get_variable_signature(schema, definition)
            if isinstance(signature, GraphQLError):
                self._sound = False
                return
            self._variables.append(_variable(signature, definition.default_value, made))

    def __call__(
        self, values: Mapping[str, Any], *, hide_suggestions: bool = False
    ) -> VariableValues | list[GraphQLError]:
        """The values as the operation's types have them, or all that is wrong with them.

        Raises what a scalar's or an input type's own code raises where graphql-core lets it.
        """
        if self._sound:
            # A scalar's own code may raise anything; it will do so again.
            with contextlib.suppress(Exception):
                return self._filled(values)
        return get_variable_values(
            self._schema,
            self._definitions,
            dict(values),
            max_errors=_ERRORS_MAX,
            hide_suggestions=hide_suggestions,
        )

    def _filled(self, values: Mapping[str, Any]) -> VariableValues:
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in self._variables:
            signature = variable.signature
            name = signature.name
            value = values.get(name, Undefined)
            if value is not Undefined:
                sources[name] = VariableValueSource(signature, value)
                coerced[name] = variable.coerce(value, 0)
                continue
            sources[name] = variable.absent
            if variable.default_node is not None:
                coerced[name] = _default(variable)
            elif isinstance(signature.type, GraphQLNonNull):
                raise _RefusedError
        return VariableValues(sources, coerced)


def compile_variables(
    schema: GraphQLSchema, definitions: Collection[VariableDefinitionNode]
) -> Coercion:
    """Compile the variables that an operation defines; safe to be used by many requests at once.

    A definition that names no input type is no error here: it is one of every coercion.
    """
    return Coercion(schema, definitions)


def _variable(
    signature: GraphQLVariableSignature,
    default_node: ValueNode | None,
    made: dict[tuple[str, bool], _Coerce],
) -> _Variable:
    default: Any = _REQUIRED
    bare = get_nullable_type(signature.type)
    # The built-in scalars' values never change, so that all requests may share one.
    is_plain = isinstance(bare, GraphQLScalarType) and is_specified_scalar_type(bare)
    if is_plain and default_node is not None:
        literal = coerce_input_literal(default_node, signature.type)
        default = _REQUIRED if literal is Undefined else literal
    coerce = _coerce(signature.type, made)
    return _Variable(signature, coerce, default_node, default, VariableValueSource(signature))


def _default(variable: _Variable) -> object:
    if variable.default is not _REQUIRED:
        return variable.default
    assert variable.default_node is not None
    made = coerce_input_literal(variable.default_node, variable.signature.type)
    if made is Undefined:
        raise _RefusedError
    return made


def _coerce(type_: GraphQLInputType, made: dict[tuple[str, bool], _Coerce]) -> _Coerce:
    """What fills values of a type; ``made`` has those of the object types met so far."""
    nullable = not isinstance(type_, GraphQLNonNull)
    bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(bare, GraphQLList):
        return _list(_coerce(bare.of_type, made), nullable=nullable)
    if not isinstance(bare, GraphQLInputObjectType):
        return _leaf(bare, nullable=nullable)
    known = made.get((bare.name, nullable))
    if known is None:
        known = made[bare.name, nullable] = _object(bare, made, nullable=nullable)
    return known


def _leaf(type_: GraphQLInputType, *, nullable: bool) -> _Coerce:
    parse = assert_leaf_type(type_).coerce_input_value
    unchanged = _UNCHANGED.get(parse, _Never)

    def coerce(value: Any, _depth: int) -> Any:  # noqa: ANN401
        if type(value) is unchanged:
            return value
        if value is None or value is Undefined:
            return _null(value, nullable=nullable)
        coerced = parse(value)
        if coerced is Undefined:
            raise _RefusedError
        return coerced

    return coerce


def _list(item: _Coerce, *, nullable: bool) -> _Coerce:
    def coerce(value: Any, depth: int) -> Any:  # noqa: ANN401
        if value is None or value is Undefined:
            return _null(value, nullable=nullable)
        if depth >= MAX_NESTING_DEPTH:
            raise _RefusedError
        within = depth + 1
        if isinstance(value, list):
            return [item(one, within) for one in value]
        if is_iterable(value):
            raise _RefusedError
        return [item(value, within)]

    return coerce


class _Field(NamedTuple):
    name: str
    out_name: str
    coerce: _Coerce
    # What stands where nothing is given: Undefined is nothing, and ``_REQUIRED`` refuses.
    default: Any


def _object(
    type_: GraphQLInputObjectType, made: dict[tuple[str, bool], _Coerce], *, nullable: bool
) -> _Coerce:
    # At its first use only: types may contain each other, and an operation few of them.
    fields: tuple[_Field, ...] | None = None
    one_of = type_.is_one_of
    out_type = type_.out_type

    def coerce(value: Any, depth: int) -> Any:  # noqa: ANN401
        nonlocal fields
        if value is None or value is Undefined:
            return _null(value, nullable=nullable)
        if not isinstance(value, dict) or depth >= MAX_NESTING_DEPTH:
            raise _RefusedError
        if fields is None:
            fields = tuple(_field(name, field, made) for name, field in type_.fields.items())
        within = depth + 1
        given, coerced = 0, {}
        for name, out_name, field_coerce, default in fields:
            if name in value:
                given += 1
                coerced[out_name] = field_coerce(value[name], within)
            elif default is _REQUIRED:
                raise _RefusedError
            elif default is not Undefined:
                coerced[out_name] = default
        if given != len(value) or (one_of and not _is_one(coerced, given)):
            raise _RefusedError
        return out_type(coerced)

    return coerce


def _field(name: str, field: GraphQLInputField, made: dict[tuple[str, bool], _Coerce]) -> _Field:
    default: Any = _REQUIRED
    if not is_required_input_field(field):
        # Shared by all requests, as graphql-core shares it. Raises where it does not fit.
        default = coerce_default_value(field)
    return _Field(name, field.out_name or name, _coerce(field.type, made), default)


def _is_one(coerced: Mapping[str, object], given: int) -> bool:
    return given == 1 and len(coerced) == 1 and next(iter(coerced.values())) is not None


def _null(value: object, *, nullable: bool) -> None:
    # JSON has no Undefined. What of it counts as null and what as absent is graphql-core's to say.
    if value is Undefined or not nullable:
        raise _RefusedError
