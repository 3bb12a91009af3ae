"""What is looked for in GraphQL endpoints from outside, by somebody with a key, in production."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api import Api, serving
from tests.credentials import Key, new_key
from tests.production import BODIES, DOCUMENTS, MUTATION, PRODUCTION, SAYS_TOO_MUCH


@pytest.fixture
def key(database_url: str) -> Key:
    """One that opens the ledger `main`."""
    return new_key(database_url)


@pytest.fixture
async def api(key: Key, database_url: str) -> AsyncIterator[Api]:
    """A server as in production."""
    assert key
    async with serving(database_url, **PRODUCTION) as api:
        yield api


async def asked(api: Api, document: str, key: Key) -> Any:  # noqa: ANN401
    """The answer to somebody with a key; it is no fault, and says nothing of the server."""
    response = await api.client.post("/graphql", json={"query": document}, headers=key.headers)
    assert response.status_code < 500
    assert not any(word in response.text for word in SAYS_TOO_MUCH)
    return response.json()


@pytest.mark.parametrize("name", ["introspection", "introspection of a type"])
async def test_introspection_is_refused(api: Api, key: Key, name: str) -> None:
    (error,) = (await asked(api, DOCUMENTS[name], key))["errors"]
    assert error["extensions"]["code"] == "INTROSPECTION_DISABLED"


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENTS["field suggestions"],
        DOCUMENTS["argument suggestions"],
        "{ ledger { cod } }",
        '{ account(by: { cod: "a" }) { id } }',
        "{ accounts(filter: { state: OPE }) { totalCount } }",
        '{ node(id: "a") { ... on Acount { id } } }',
        "{ ledger }",
        "query ($a: AcountBy!) { account(by: $a) { id } }",
        "{ ledger @skp(if: true) { code } }",
        "{ ledger { ...ledgr } } fragment ledger on Ledger { code }",
        "{ account(by: { code: $cod }) { id } }",
        'mutation { freezeAcount(input: { account: { code: "a" } }) { __typename } }',
    ],
)
async def test_a_misspelt_name_is_not_answered_with_hints(
    api: Api, key: Key, document: str
) -> None:
    answer = await asked(api, document, key)
    assert answer["errors"]
    assert "Did you mean" not in json.dumps(answer)


async def test_a_misspelt_name_in_a_variable_is_not_answered_with_hints(api: Api, key: Key) -> None:
    content = {
        "query": "query ($f: AccountFilter) { accounts(filter: $f) { totalCount } }",
        "variables": {"f": {"stat": "OPEN"}},
    }
    response = await api.client.post("/graphql", json=content, headers=key.headers)
    assert response.status_code == 400
    assert "Did you mean" not in response.text
    content["variables"] = {"f": {"state": "OPE"}}
    response = await api.client.post("/graphql", json=content, headers=key.headers)
    assert response.status_code == 400
    assert "Did you mean" not in response.text


async def test_get_only_reads_and_takes_a_credential_from_its_header_alone(
    api: Api, key: Key
) -> None:
    query = {"query": "{ __typename }"}
    answered = await api.client.get("/graphql", params=query, headers=key.headers)
    assert answered.json()["data"] == {"__typename": "Query"}
    # Addresses are written into logs and histories.
    for name in ("access_token", "authorization", "Authorization", "token", "key", "api_key"):
        for value in (key.text, f"Bearer {key.text}"):
            refused = await api.client.get("/graphql", params={**query, name: value})
            assert refused.status_code == 401
    for cookie in ("authorization", "token", "session"):
        headers = {"cookie": f"{cookie}={key.text}"}
        assert (await api.client.get("/graphql", params=query, headers=headers)).status_code == 401


async def test_a_mutation_by_get_is_refused(api: Api, key: Key) -> None:
    for document in (MUTATION, "mutation cop { __typename }"):
        params = {"query": document}
        response = await api.client.get("/graphql", params=params, headers=key.headers)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert "C1" not in json.dumps(await asked(api, "{ ledger { currencies { code } } }", key))


async def test_arrays_of_requests_are_refused(api: Api, key: Key) -> None:
    response = await api.client.post(
        "/graphql",
        content=BODIES["array batching"],
        headers={**key.headers, "content-type": "application/json"},
    )
    assert response.status_code == 400
    assert isinstance(response.json(), dict)


@pytest.mark.parametrize(
    "name", ["alias overloading", "field duplication", "nested field duplication"]
)
async def test_overloading_by_aliases_or_repetition_is_refused(
    api: Api, key: Key, name: str
) -> None:
    answer = await asked(api, DOCUMENTS[name], key)
    assert "data" not in answer
    assert all(error["extensions"]["code"] == "LIMIT_EXCEEDED" for error in answer["errors"])


async def test_overloading_by_directives_is_answered_shortly(api: Api, key: Key) -> None:
    answer = await asked(api, DOCUMENTS["directive overloading"], key)
    assert "data" not in answer
    assert len(answer["errors"]) < 10
    answer = await asked(api, f"{{ __typename {'@aa' * 101} }}", key)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("name", ["circular introspection", "circular fragments", "depth"])
async def test_what_goes_in_circles_is_refused(api: Api, key: Key, name: str) -> None:
    answer = await asked(api, DOCUMENTS[name], key)
    assert "data" not in answer


async def test_circular_introspection_is_bounded_where_introspection_is_on(
    key: Key, database_url: str
) -> None:
    deep = "{ __schema { types { " + "fields { type { " * 12 + "name" + " } }" * 12 + " } } }"
    async with serving(database_url, **{**PRODUCTION, "introspection": True}) as api:
        answer = await asked(api, deep, key)
    assert "data" not in answer
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    assert codes <= {"LIMIT_EXCEEDED", "COST_EXCEEDED"}


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"),
        *("application/graphql", "", "text/plain;application/json"),
    ],
)
async def test_what_a_form_can_send_is_refused(api: Api, key: Key, content_type: str) -> None:
    for body in (b"query=" + MUTATION.encode(), json.dumps({"query": MUTATION}).encode()):
        headers = {**key.headers, "content-type": content_type}
        response = await api.client.post("/graphql", content=body, headers=headers)
        assert response.status_code == 415
    assert "C1" not in json.dumps(await asked(api, "{ ledger { currencies { code } } }", key))


@pytest.mark.parametrize(
    "of_browser",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "https://other.example.com"},
    ],
)
async def test_what_a_page_of_another_site_sends_is_refused(
    api: Api, key: Key, of_browser: dict[str, str]
) -> None:
    for headers in (of_browser, {**key.headers, **of_browser}):
        posted = await api.client.post("/graphql", json={"query": MUTATION}, headers=headers)
        got = await api.client.get("/graphql", params={"query": "{ a }"}, headers=headers)
        asked_before = await api.client.options(
            "/graphql", headers={**headers, "access-control-request-method": "POST"}
        )
        for response in (posted, got, asked_before):
            assert response.status_code == 403
            assert not any(name.startswith("access-control") for name in response.headers)


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PUT", "OPTIONS"])
async def test_no_method_echoes_what_was_sent(api: Api, key: Key, method: str) -> None:
    for headers, status in (({}, 401), (key.headers, 405)):
        response = await api.client.request(
            method, "/graphql", headers={**headers, "x-secret": "do not echo this"}
        )
        assert response.status_code == status
        assert "do not echo" not in response.text + repr(response.headers)
        assert key.text not in response.text


async def test_nothing_is_traced_or_explained_to_whoever_only_has_a_ledger(
    api: Api, key: Key
) -> None:
    content = {"query": "{ ledger { code } }", "extensions": {"florin": {"explain": True}}}
    refused = await api.client.post("/graphql", json=content, headers=key.headers)
    assert refused.status_code == 400
    assert "data" not in refused.json()
    for wish in ({"tracing": True}, {"debug": True}, {"ftv1": True}):
        content = {"query": "{ ledger { code } }", "extensions": wish}
        headers = {**key.headers, "apollo-federation-include-trace": "ftv1", "x-debug": "1"}
        answer = (await api.client.post("/graphql", json=content, headers=headers)).json()
        assert set(answer["extensions"]) == {"cost"}


@pytest.mark.parametrize("name", BODIES)
async def test_errors_say_nothing_of_how_the_server_is_made(api: Api, key: Key, name: str) -> None:
    headers = {**key.headers, "content-type": "application/json"}
    response = await api.client.post("/graphql", content=BODIES[name], headers=headers)
    assert response.status_code < 500
    assert not any(word in response.text for word in SAYS_TOO_MUCH)
    for error in response.json().get("errors", ()):
        assert error["extensions"]["code"]
