"""The schema as a product: what is printed is what is kept, and everything says what it is."""

import re
from pathlib import Path
from typing import Final

import pytest
from graphql import (
    GraphQLField,
    GraphQLScalarType,
    GraphQLString,
    build_client_schema,
    build_schema,
    find_breaking_changes,
    introspection_from_schema,
    is_specified_scalar_type,
)

from ledger import refusals
from schema import build
from schema.refusal_codes import RefusalCode
from tools.schema_elements import Element, elements

SCHEMA: Final = build.GRAPHQL_SCHEMA
SENTENCES: Final = re.compile(r"""[A-Z0-9"`].*[.…]""", re.DOTALL)


def is_described(coordinate: str, element: Element) -> bool:
    """Whether the description is of whole sentences and more than the name again."""
    description = element.description or ""
    name = re.findall(r"\w+", coordinate)[-1]
    return bool(SENTENCES.fullmatch(description)) and _letters(description) != name.lower()


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def test_the_kept_sdl_is_the_printed_one() -> None:
    kept = Path(__file__).parents[2] / "schema.graphql"
    assert kept.read_text() == build.sdl(), "Run: .venv/bin/florin schema > schema.graphql"


def test_every_element_is_described_in_sentences() -> None:
    assert [name for name, element in elements(SCHEMA) if not is_described(name, element)] == []


@pytest.mark.parametrize(
    ("described", "description"),
    [
        (False, None),
        (False, ""),
        (False, " "),
        (False, "An account"),
        (False, "an account."),
        (False, "An account. "),
        (False, "Normal side."),
        (True, "The side on which its balance grows."),
        (True, "Global id: acct_…"),
        (True, '"0" forbids an overdraft.'),
        (True, "`null` is unbounded.\nSo is nothing."),
    ],
)
def test_a_description_is_told_from_what_is_none(
    *, described: bool, description: str | None
) -> None:
    element = GraphQLField(GraphQLString, description=description)
    assert is_described("Account.normalSide", element) == described


def test_the_walk_of_a_schema_leaves_nothing_out() -> None:
    everything = """
        directive @d(a: Int) on FIELD
        scalar S
        interface I { f(a: Int): Int }
        type O implements I { f(a: Int): Int }
        union U = O
        enum E { V }
        input N { g: Int }
        type Query { q: U }
    """
    walked = {coordinate for coordinate, _ in elements(build_schema(everything))}
    assert walked >= {
        *("@d", "@d(a:)", "S", "I", "I.f", "I.f(a:)", "O", "O.f", "O.f(a:)", "U", "E", "E.V"),
        *("N", "N.g", "Query", "Query.q"),
    }


def test_every_scalar_of_a_published_format_says_which() -> None:
    scalars = [
        type_
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLScalarType) and not is_specified_scalar_type(type_)
    ]
    assert {type_.name: type_.specified_by_url for type_ in scalars} == {
        "Amount": None,
        "BigInt": None,
        "DateTime": "https://www.rfc-editor.org/rfc/rfc3339",
        "JSON": "https://www.rfc-editor.org/rfc/rfc8259",
    }


def test_the_kept_sdl_is_read_back_as_the_schema_that_is_executed() -> None:
    kept = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text())
    served = build_client_schema(introspection_from_schema(build.GRAPHQL_SCHEMA))
    assert find_breaking_changes(kept, served) == []
    assert find_breaking_changes(served, kept) == []


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
