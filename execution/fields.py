"""Strawberry's fields: which ones a column can be had of at once, and batch resolvers.

All that is known of Strawberry is here. A field that is not understood, because it has extensions,
permissions or a class of its own, is left to its ordinary resolver.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from operator import attrgetter
from typing import Any, Final

import strawberry
from graphql import GraphQLField, GraphQLResolveInfo, get_nullable_type, is_union_type
from graphql.pyutils import is_iterable
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

# The key under which Strawberry keeps its definition of a field in graphql-core's extensions.
_DEFINITION: Final = "strawberry-definition"
# The attribute of a resolver of one object that says what its batch resolver is.
_BATCH: Final = "execution_batch_resolver"


def batch_field(resolver: Callable[..., Any], **options: Any) -> Any:  # noqa: ANN401 - any field's
    """A Strawberry field that is resolved for many objects at once.

    ``resolver(roots, ...)`` gets a list of objects and answers, maybe later, with a sequence of
    their values, in the same order and as long. An exception among the values is the error of that
    object's field alone; one that is raised is the error of all. The resolver's other parameters
    are the field's arguments, and an ``info: strawberry.Info`` if it wants one: the path there is
    the first object's. The field's type is what the class says, as in
    ``owner: User | None = batch_field(owners)``; options are those of ``strawberry.field``.

    On graphql-core, and where the options are extensions or permissions, the resolver is called
    for one object at a time.
    """

    def one(root: object, **arguments: object) -> object:
        values = resolver([root], **arguments)
        if inspect.isawaitable(values):
            return _only_later(resolver, values)
        return _only(resolver, values)

    first, *others = inspect.signature(resolver).parameters.values()
    functools.update_wrapper(one, resolver)
    del one.__wrapped__  # type: ignore[attr-defined]  # It has another signature.
    root = inspect.Parameter("root", first.POSITIONAL_OR_KEYWORD)
    one.__signature__ = inspect.Signature([root, *others])  # type: ignore[attr-defined]
    setattr(one, _BATCH, resolver)
    return strawberry.field(resolver=one, **options)


def direct(field: GraphQLField) -> Callable[[Any], Any] | None:
    """What answers a field when called with an object and nothing else, if anything does."""
    definition = _plain_definition(field)
    # Strawberry's exception handlers may make a member of a union of what is raised.
    if definition is None or is_union_type(get_nullable_type(field.type)):
        return None
    resolver = definition.base_resolver
    if resolver is None:
        reads_attributes = definition.default_resolver is getattr
        return attrgetter(definition.python_name) if reads_attributes else None
    if resolver.arguments or resolver.info_parameter is not None:
        return None
    parameters = list(resolver.signature.parameters.values())
    if len(parameters) != 1 or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
        return None
    return resolver.wrapped_func if callable(resolver.wrapped_func) else None


class BatchResolver:
    """Answers a field for many objects: what a ``batch_field`` was made of."""

    def __init__(self, resolver: Callable[..., Any], definition: StrawberryField) -> None:
        self._resolver = resolver
        self._definition = definition
        base = definition.base_resolver
        self._info_parameter = None if base is None else base.info_parameter

    def __call__(
        self, objects: list[Any], info: GraphQLResolveInfo[Any], arguments: dict[str, Any]
    ) -> object:
        """What the resolver returns for objects, given graphql-core's coerced arguments."""
        definition = self._definition
        wrapped = strawberry.Info(_raw_info=info, _field=definition)
        schema = wrapped.schema
        scalars = schema.schema_converter.scalar_registry
        converted = convert_arguments(
            arguments, definition.arguments, scalars, schema.config, wrapped
        )
        if self._info_parameter is not None:
            converted[self._info_parameter.name] = schema.config.info_class(
                _raw_info=info, _field=definition
            )
        return self._resolver(objects, **converted)

    def aligned(self, values: object, count: int) -> list[Any]:
        """A column of what was returned, or of the one error that it was."""
        try:
            return _aligned(self._resolver, values, count)
        except Exception as error:  # noqa: BLE001 - a value until it is placed
            return [error] * count


def batch(field: GraphQLField) -> BatchResolver | None:
    """What answers a field for many objects, if it is a ``batch_field``."""
    definition = _plain_definition(field)
    if definition is None or definition.base_resolver is None:
        return None
    resolver = getattr(definition.base_resolver.wrapped_func, _BATCH, None)
    return None if resolver is None else BatchResolver(resolver, definition)


def _plain_definition(field: GraphQLField) -> StrawberryField | None:
    """Strawberry's definition, where nothing but a resolver or an attribute answers the field."""
    definition = field.extensions.get(_DEFINITION)
    if (
        not isinstance(definition, StrawberryField)
        or definition.extensions
        or definition.is_subscription
        or type(definition).get_result is not StrawberryField.get_result
    ):
        return None
    return definition


def _aligned(resolver: Callable[..., Any], values: object, count: int) -> list[Any]:
    if isinstance(values, Exception):
        raise values
    given = type(values).__name__
    if is_iterable(values):
        column = values if type(values) is list else list(values)
        if len(column) == count:
            return column
        given = f"{len(column)} values"
    name = getattr(resolver, "__qualname__", repr(resolver))
    raise TypeError(f"The batch resolver {name} answered {count} objects with {given}.")


def _only(resolver: Callable[..., Any], values: object) -> object:
    [value] = _aligned(resolver, values, 1)
    return value


async def _only_later(resolver: Callable[..., Any], values: Awaitable[object]) -> object:
    return _only(resolver, await values)
