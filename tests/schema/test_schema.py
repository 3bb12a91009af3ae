"""The schema as a product: what is printed is what is kept, and everything says what it is."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
)

from ledger import refusals
from schema import build
from schema.refusal_codes import RefusalCode

SCHEMA = build.schema._schema
TYPES = [type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("__")]


def test_the_kept_sdl_is_the_printed_one() -> None:
    kept = Path(__file__).parents[2] / "schema.graphql"
    assert kept.read_text() == build.sdl(), "Run: .venv/bin/florin schema > schema.graphql"


@pytest.mark.parametrize("type_", TYPES, ids=lambda t: t.name)
def test_every_type_field_argument_and_value_is_described(type_: GraphQLNamedType) -> None:
    assert type_.description, type_.name
    if isinstance(type_, GraphQLEnumType):
        for name, value in type_.values.items():
            assert value.description, name
    if isinstance(type_, GraphQLInputObjectType):
        for name, input_field in type_.fields.items():
            assert input_field.description, name
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in type_.fields.items():
            assert field.description, name
            for argument_name, argument in field.args.items():
                assert argument.description, f"{name}({argument_name}:)"


def test_every_refusal_has_a_type_and_a_code_of_the_same_name() -> None:
    kinds = refusals.Refusal.__args__
    words = {kind.__name__: kind.code for kind in kinds}
    assert {code.name for code in RefusalCode} == set(words.values())
    for name, code in words.items():
        assert name == "".join(word.capitalize() for word in code.split("_"))
        interfaces = {interface.name for interface in SCHEMA.type_map[name].interfaces}  # type: ignore[attr-defined]
        assert interfaces == {"Refusal"}


def test_every_mutation_takes_one_input_and_answers_with_success_or_refusals() -> None:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert list(field.args) == ["input"], name
