"""Documents are held against each limit before anything slower than counting looks at them."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from graphql import GraphQLError, get_introspection_query

from schema.build import GRAPHQL_SCHEMA
from server.documents import Document, Documents
from server.requests import GraphQLRequest
from server.settings import Settings


def found(text: str, **limits: Any) -> Document | list[GraphQLError]:  # noqa: ANN401
    documents = Documents(GRAPHQL_SCHEMA, Settings(**limits))
    return documents.find(GraphQLRequest(query=text, variables=None, operation_name=None))


def _aliases(count: int) -> str:
    return "{" + " ".join(f"a{number}: __typename" for number in range(count)) + "}"


# What exceeds each limit by one at the given maximum, and just fits it.
AT_THE_LIMIT: Final[dict[str, tuple[int, Callable[[int], str]]]] = {
    "length": (1000, lambda n: "{ __typename }" + " " * (n - 14)),
    "selections": (50, lambda n: "{ ledger {" + " code" * (n - 1) + "} }"),
    "aliases": (5, _aliases),
    "directives": (5, lambda n: "{" + " __typename @include(if: true)" * n + "}"),
    "root_fields": (3, lambda n: "{" + " __typename" * n + "}"),
    "definitions": (5, lambda n: " ".join(f"query Q{i} {{ __typename }}" for i in range(n))),
    "tokens": (100, lambda n: "{" + " __typename" * (n - 2) + "}"),
}


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_a_document_may_hold_as_much_as_the_limit_and_no_more(name: str) -> None:
    allowed, document = AT_THE_LIMIT[name]
    limits = {"document_root_fields_max": 1000, f"document_{name}_max": allowed}
    assert isinstance(found(document(allowed), **limits), Document)
    refused = found(document(allowed + 1), **limits)
    assert isinstance(refused, list)
    assert refused[0].extensions == {
        "code": "LIMIT_EXCEEDED",
        "limit": name,
        "allowed": allowed,
    }
    assert f"FLORIN_DOCUMENT_{name.upper()}_MAX" in refused[0].message
    assert f"at most {allowed} " in refused[0].message


@pytest.mark.parametrize("through_fragments", [False, True])
def test_depth_counts_fields_inside_each_other(*, through_fragments: bool) -> None:
    inner = "...F" if through_fragments else "owner { username }"
    text = (
        f'{{ account(by: {{ code: "a" }}) {{ owner {{ accounts {{ nodes {{ {inner} }} }} }} }} }}'
    )
    if through_fragments:
        text += " fragment F on Account { ... on Account { owner { username } } }"
    assert isinstance(found(text, document_depth_max=6), Document)
    refused = found(text, document_depth_max=5)
    assert isinstance(refused, list)
    assert "6 fields inside each other" in refused[0].message


def test_every_document_limit_is_a_setting_and_is_tested_here() -> None:
    names = {
        name.removeprefix("document_").removesuffix("_max")
        for name in Settings.model_fields
        if name.startswith("document_")
    }
    assert names == {*AT_THE_LIMIT, "depth"}


@pytest.mark.parametrize("limit", ["selections", "aliases", "directives", "root_fields"])
def test_fragments_count_wherever_they_are_spread(limit: str) -> None:
    doubled = " ".join(
        f"fragment F{number} on Query {{ ...F{number + 1} ...F{number + 1} }}"
        for number in range(50)
    )
    text = f"{{ ...F0 }} {doubled} fragment F50 on Query {{ a: __typename @include(if: true) }}"
    refused = found(text)
    assert isinstance(refused, list)
    assert limit in {(error.extensions or {})["limit"] for error in refused}


def test_fragments_that_no_operation_uses_count_too() -> None:
    refused = found(f"{{ __typename }} fragment F on Query {_aliases(101)}")
    assert isinstance(refused, list)
    assert (refused[0].extensions or {})["limit"] == "aliases"


@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_a_circle_of_fragments_ends(length: int) -> None:
    circle = " ".join(
        f"fragment F{number} on Query {{ ...F{(number + 1) % length} __typename }}"
        for number in range(length)
    )
    refused = found(f"{{ ...F0 }} {circle}")
    assert isinstance(refused, list)
    assert "within itself" in refused[0].message


def test_fields_that_would_be_compared_too_often_are_refused() -> None:
    refused = found("{" + " ledger { code name }" * 300 + "}", document_root_fields_max=1000)
    assert isinstance(refused, list)
    assert (refused[-1].extensions or {})["limit"] == "comparisons"
    assert "alias" in refused[-1].message


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_documents_of_many_lines_are_refused(end: str) -> None:
    assert isinstance(found("{ __typename }" + end * 2_000), Document)
    refused = found("{ __typename }" + end * 10_000)
    assert isinstance(refused, list)
    assert (refused[0].extensions or {})["limit"] == "lines"


def test_the_introspection_of_tools_is_within_the_limits() -> None:
    everything = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    assert isinstance(found(everything), Document)


def test_a_document_is_looked_at_once_and_then_remembered() -> None:
    documents = Documents(GRAPHQL_SCHEMA, Settings())
    asked = GraphQLRequest(query="{ __typename }", variables=None, operation_name=None)
    first = documents.find(asked)
    assert isinstance(first, Document)
    assert documents.find(asked) is first


def test_what_is_remembered_is_bounded() -> None:
    documents = Documents(GRAPHQL_SCHEMA, Settings())

    def find(number: int) -> Document | list[GraphQLError]:
        text = f"query Q{number} {{ __typename }}".ljust(9_000)
        return documents.find(GraphQLRequest(query=text, variables=None, operation_name=None))

    first = find(0)
    for number in range(1, 20):
        find(number)
    assert find(0) is first
    for number in range(20, 60):
        find(number)
    assert find(0) is not first


def test_what_their_plans_may_come_to_counts_for_documents_that_are_remembered() -> None:
    documents = Documents(GRAPHQL_SCHEMA, Settings())
    # Some 1000 selections in 1500 characters, each compiled for either outcome of a condition.
    doubled = " ".join(
        f"fragment F{level} on Account {{ ...F{level + 1} ...F{level + 1} }}" for level in range(4)
    )

    def find(number: int) -> Document | list[GraphQLError]:
        asked = " ".join(
            f"a{one}: account(by: {{ code: $code }}) @include(if: $yes) {{ ...F0 }}"
            for one in range(20)
        )
        query = f"query Q{number}($yes: Boolean!, $code: String!) {{ {asked} }}"
        return documents.find(
            GraphQLRequest(f"{query} {doubled} fragment F4 on Account {{ code }}")
        )

    first = find(0)
    assert isinstance(first, Document)
    assert find(1) is not first
    assert find(0) is first
    for number in range(2, 10):
        assert isinstance(find(number), Document)
    assert find(0) is not first
