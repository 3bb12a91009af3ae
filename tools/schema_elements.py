"""Everything that a schema is made of, each under its schema coordinate."""

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
)

Member = GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue
Element = Member | GraphQLNamedType | GraphQLDirective


def elements(schema: GraphQLSchema) -> Iterator[tuple[str, Element]]:
    """Every type and directive, and what is in them: Account, Account.balance(at:), @snapshot.

    Introspection's own types are left out.
    """
    for name, type_ in schema.type_map.items():
        if not name.startswith("__"):
            yield name, type_
            yield from _of_type(name, type_)
    for directive in schema.directives:
        yield f"@{directive.name}", directive
        yield from _arguments(f"@{directive.name}", directive.args)


def _of_type(name: str, type_: GraphQLNamedType) -> Iterator[tuple[str, Element]]:
    if isinstance(type_, GraphQLEnumType):
        for value_name, value in type_.values.items():
            yield f"{name}.{value_name}", value
    elif isinstance(type_, GraphQLInputObjectType):
        for field_name, input_field in type_.fields.items():
            yield f"{name}.{field_name}", input_field
    elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for field_name, field in type_.fields.items():
            yield f"{name}.{field_name}", field
            yield from _arguments(f"{name}.{field_name}", field.args)


def _arguments(
    coordinate: str, arguments: Mapping[str, GraphQLArgument]
) -> Iterator[tuple[str, Element]]:
    for name, argument in arguments.items():
        yield f"{coordinate}({name}:)", argument
