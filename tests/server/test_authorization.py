"""Scopes: every root field takes one, in one place, and whoever lacks it is refused."""

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest
from graphql import GraphQLObjectType, OperationType, is_required_argument, print_type

from schema.build import GRAPHQL_SCHEMA
from server.authorization import SCOPES
from server.callers import Caller, Scope
from tests.api import Api, serving
from tests.credentials import SECRET, new_key

WRITE = """mutation { createUser(input: { username: "a", email: "a@example.com" }) {
    __typename ... on CreateUserSuccess { user { username } } } }"""


def roots() -> Iterator[tuple[OperationType, GraphQLObjectType]]:
    for kind in OperationType:
        type_ = GRAPHQL_SCHEMA.get_root_type(kind)
        assert type_ is not None
        yield kind, type_


def test_every_root_field_takes_a_scope() -> None:
    for kind, type_ in roots():
        assert set(SCOPES[kind]) == set(type_.fields), print_type(type_)


def test_what_changes_anything_takes_the_scope_to_write() -> None:
    assert set(SCOPES[OperationType.MUTATION].values()) == {Scope.WRITE}


class Served(NamedTuple):
    """A server, and the headers of a key with each scope."""

    api: Api
    headers: dict[Scope, dict[str, str]]


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    headers = {scope: new_key(database_url, scopes=[scope]).headers for scope in Scope}
    async with serving(database_url, api_key_secret=SECRET, explain=True) as api:
        yield Served(api, headers)


async def status(served: Served, scope: Scope, query: str, **more: object) -> int:
    response = await served.api.client.post(
        "/graphql", json={"query": query, **more}, headers=served.headers[scope]
    )
    if response.status_code == 403:
        assert "data" not in response.json()
        (error,) = response.json()["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert "scope" in error["message"]
    return response.status_code


def asks_for(field: str, type_: GraphQLObjectType) -> str:
    """A selection of a root field that is valid, with variables for what it requires."""
    arguments = type_.fields[field].args
    required = [name for name, argument in arguments.items() if is_required_argument(argument)]
    given = ", ".join(f"{name}: ${name}" for name in required)
    return f"{field}{f'({given})' if given else ''} {{ __typename }}"


@pytest.mark.parametrize("scope", list(Scope))
async def test_every_root_field_is_refused_without_its_scope(served: Served, scope: Scope) -> None:
    """The refusal comes before variables are looked at: no field gets as far as its arguments."""
    for kind, type_ in roots():
        for field, wanted in SCOPES[kind].items():
            if kind is OperationType.SUBSCRIPTION:
                continue
            variables = ", ".join(
                f"${name}: {argument.type}"
                for name, argument in type_.fields[field].args.items()
                if is_required_argument(argument)
            )
            declared = f"({variables})" if variables else ""
            query = f"{kind.value} Asked{declared} {{ {asks_for(field, type_)} }}"
            allowed = wanted is scope or (wanted is Scope.READ and scope is Scope.WRITE)
            found = await status(served, scope, query)
            assert (found == 403) is not allowed, (field, found)


@pytest.mark.parametrize(
    "query",
    [
        WRITE,
        WRITE.replace("mutation {", "mutation M { ...F } fragment F on Mutation {"),
        WRITE.replace("mutation {", "mutation { ... on Mutation {") + "}",
        WRITE.replace("mutation {", "mutation { ... @include(if: true) {") + "}",
        WRITE.replace("mutation { createUser", "mutation { ok: createUser"),
        WRITE.replace("mutation {", "mutation { __typename"),
    ],
    ids=["plain", "fragment", "inline", "included", "alias", "beside"],
)
async def test_no_way_of_writing_it_leads_around_a_scope(served: Served, query: str) -> None:
    assert await status(served, Scope.READ, query) == 403
    assert await status(served, Scope.WRITE, query) == 200


async def test_the_operation_that_is_run_decides(served: Served) -> None:
    document = f"query Q {{ __typename }} {WRITE.replace('mutation {', 'mutation M {')}"
    assert await status(served, Scope.READ, document, operationName="Q") == 200
    assert await status(served, Scope.READ, document, operationName="M") == 403


async def test_whoever_may_write_may_read_what_is_written(served: Served) -> None:
    assert await status(served, Scope.WRITE, "{ ledger { code } }") == 200
    assert await status(served, Scope.ADMIN, "{ ledger { code } }") == 403
    assert await status(served, Scope.ADMIN, "{ __typename }") == 200


async def test_only_admins_have_requests_explained(served: Served, database_url: str) -> None:
    asked = {"extensions": {"florin": {"explain": True}}}
    response = await served.api.client.post(
        "/graphql",
        json={"query": "{ ledger { code } }", **asked},
        headers=served.headers[Scope.READ],
    )
    assert "explain" not in response.json().get("extensions", {}).get("florin", {})
    admin = new_key(database_url, scopes=["read", "admin"])
    response = await served.api.client.post(
        "/graphql", json={"query": "{ ledger { code } }", **asked}, headers=admin.headers
    )
    assert response.json()["extensions"]["florin"]["explain"]


def test_admin_is_not_a_way_to_read_or_write() -> None:
    caller = Caller(1, "main", "key_x", frozenset({Scope.ADMIN}))
    assert not caller.may(Scope.READ)
    assert not caller.may(Scope.WRITE)
    assert caller.may(Scope.ADMIN)
