"""Where a schema is no one's business: introspection and did-you-mean hints can be switched off."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from graphql import get_introspection_query

from tests.api import CREATE_USER, OPEN_ACCOUNT, Api, serving

ACCOUNT: Final = """
    mutation {
        openAccount(input: { code: "a", currency: "USD", normalSide: %s }) { __typename }
    }
"""
# Each misspells one name, which is there, by a letter: a document and its variables.
MISSPELT: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "a field of the root": ("{ ledgr { code } }", {}),
    "a field of a type": ("{ ledger { cod } }", {}),
    "a field of a connection": ("{ users { nodez { id } } }", {}),
    "a field of an interface": ('{ node(id: "a") { idd } }', {}),
    "a field of another member": (
        'mutation { freezeAccount(input: { account: { code: "a" } }) { account { code } } }',
        {},
    ),
    "a mutation": ("mutation { createUsr { __typename } }", {}),
    "a subscription": ("subscription { ledgerEvent { __typename } }", {}),
    "an argument": ("{ users(frst: 1) { totalCount } }", {}),
    "an argument of a directive": ("{ __typename @include(iff: true) }", {}),
    "a type in a fragment": ("{ ...F } fragment F on Qery { __typename }", {}),
    "a type of a variable": ("query ($a: UserFiltr) { users(filter: $a) { totalCount } }", {}),
    "an input field": ('{ users(filter: { usernamePrefx: "a" }) { totalCount } }', {}),
    "an input field deeper": (
        "{ users(filter: { metadata: { contain: {} } }) { totalCount } }",
        {},
    ),
    "a key of a @oneOf": ('{ user(by: { usrname: "a" }) { id } }', {}),
    "an enum value": (
        ACCOUNT % "DEBT",
        {},
    ),
    "an enum value as a string": (
        ACCOUNT % '"DEBIT"',
        {},
    ),
    "a default of a variable": (
        "query ($a: UserFilter = { usernamePrefx: 1 }) { users(filter: $a) { totalCount } }",
        {},
    ),
    "an enum value in a variable": (
        OPEN_ACCOUNT,
        {"input": {"code": "a", "currency": "USD", "normalSide": "DEBT"}},
    ),
    "an input field in a variable": (
        CREATE_USER,
        {"input": {"username": "a", "email": "a@b", "metdata": {}}},
    ),
    "an input field deeper in a variable": (
        "query ($a: UserFilter) { users(filter: $a) { totalCount } }",
        {"a": {"metadata": {"contain": {}}}},
    ),
    "a key of a @oneOf in a variable": (
        "query ($a: UserBy!) { user(by: $a) { id } }",
        {"a": {"usrname": "a"}},
    ),
}
# Nothing of these names is near.
WITHOUT_A_HINT: Final = {"a field of another member"}
FIELDS_MISSING: Final = "{ ledger }"


@pytest.fixture
async def quiet(database_url: str) -> AsyncIterator[Api]:
    """Neither introspection nor suggestions."""
    async with serving(database_url, introspection=False, suggestions=False) as api:
        yield api


async def _said(api: Api, query: str, variables: dict[str, Any]) -> str:
    content = (await api.send(query, variables)).json()
    assert "data" not in content
    return " ".join(error["message"] for error in content["errors"])


async def test_a_misspelt_name_is_answered_with_a_hint_unless_told_otherwise(
    api: Api, quiet: Api
) -> None:
    for kind, (query, variables) in MISSPELT.items():
        told = await _said(api, query, variables)
        assert ("Did you mean" in told) or kind in WITHOUT_A_HINT, f"{kind}: {told}"
        assert "did you mean" not in (await _said(quiet, query, variables)).lower(), kind


async def test_a_hint_at_what_to_write_is_no_hint_at_a_name(api: Api, quiet: Api) -> None:
    assert "Did you mean" in await _said(api, FIELDS_MISSING, {})
    assert "did you mean" not in (await _said(quiet, FIELDS_MISSING, {})).lower()


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Query") { name } }',
        "{ a: __schema { types { name } } }",
        "{ ...F } fragment F on Query { ... on Query { __schema { types { name } } } }",
        "mutation { __schema { types { name } } }",
        get_introspection_query(),
    ],
)
async def test_introspection_is_refused_where_it_is_off(api: Api, quiet: Api, query: str) -> None:
    if not query.startswith("mutation"):
        await api(query)
    content = (await quiet.send(query)).json()
    assert "data" not in content
    codes = {(error.get("extensions") or {}).get("code") for error in content["errors"]}
    assert "INTROSPECTION_DISABLED" in codes


async def test_typename_is_answered_where_introspection_is_off(quiet: Api) -> None:
    data = await quiet("{ __typename ledger { __typename code } }")
    assert data == {"__typename": "Query", "ledger": {"__typename": "Ledger", "code": "main"}}
