"""Automatic persisted queries, as Apollo's clients send them."""

import hashlib
import json
from typing import Any, Final

import httpx
import pytest

from tests.api import Api

TEXT: Final = "query Code { ledger { code } }"


def persisted(text: str, *, digest: str | None = None, version: object = 1) -> dict[str, Any]:
    made = hashlib.sha256(text.encode()).hexdigest() if digest is None else digest
    return {"persistedQuery": {"version": version, "sha256Hash": made}}


async def post(api: Api, **content: Any) -> httpx.Response:  # noqa: ANN401
    return await api.client.post("/graphql", json=content)


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "*/*"])
async def test_an_unknown_hash_is_asked_for_again_as_clients_expect(api: Api, accept: str) -> None:
    response = await api.client.post(
        "/graphql", json={"extensions": persisted(TEXT)}, headers={"accept": accept}
    )
    assert response.status_code == 200
    assert response.json() == {
        "errors": [
            {
                "message": "PersistedQueryNotFound",
                "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
            }
        ]
    }
    assert "no-cache" in response.headers["cache-control"]


async def test_a_hash_is_enough_once_its_document_was_sent(api: Api) -> None:
    first = await post(api, query=TEXT, extensions=persisted(TEXT))
    assert first.json()["data"] == {"ledger": {"code": "main"}}
    again = await post(api, extensions=persisted(TEXT))
    assert again.json() == first.json()
    by_get = await api.client.get(
        "/graphql", params={"extensions": json.dumps(persisted(TEXT)), "operationName": "Code"}
    )
    assert by_get.json() == first.json()


async def test_a_mutation_is_not_run_by_a_get_of_its_hash(api: Api) -> None:
    text = 'mutation { freezeAccount(input: { account: { code: "a" } }) { __typename } }'
    assert "data" in (await post(api, query=text, extensions=persisted(text))).json()
    params = {"extensions": json.dumps(persisted(text))}
    assert (await api.client.get("/graphql", params=params)).status_code == 405


async def test_a_document_with_the_hash_of_another_is_refused_and_not_remembered(api: Api) -> None:
    wrong = await post(api, query="{ __typename }", extensions=persisted(TEXT))
    assert code(wrong) == "PERSISTED_QUERY_HASH_MISMATCH"
    assert "data" not in wrong.json()
    assert code(await post(api, extensions=persisted(TEXT))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_wrong_document_is_refused_as_ever_and_not_remembered(api: Api) -> None:
    wrong = "{ nope }"
    refused = (await post(api, query=wrong, extensions=persisted(wrong))).json()
    assert "Cannot query field 'nope'" in refused["errors"][0]["message"]
    assert code(await post(api, extensions=persisted(wrong))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "odd",
    [
        {"version": 2, "sha256Hash": "a" * 64},
        {"version": "1", "sha256Hash": "a" * 64},
        {"sha256Hash": "a" * 64},
        {"version": 1},
        {"version": 1, "sha256Hash": 5},
        {"version": 1, "sha256Hash": ""},
        {"version": 1, "sha256Hash": ["a"]},
        {"version": [], "sha256Hash": {}},
        {},
        [],
        None,
        "hash",
        5,
    ],
)
async def test_what_this_protocol_is_not_is_not_supported(api: Api, odd: object) -> None:
    response = await post(api, query=TEXT, extensions={"persistedQuery": odd})
    assert response.status_code == 200
    assert code(response) == "PERSISTED_QUERY_NOT_SUPPORTED"
    assert response.json()["errors"][0]["message"] == "PersistedQueryNotSupported"


async def test_hashes_are_forgotten_with_their_documents(api: Api) -> None:
    await post(api, query=TEXT, extensions=persisted(TEXT))
    for number in range(40):
        other = f"query Q{number} {{ __typename }}".ljust(9_000)
        await post(api, query=other, extensions=persisted(other))
    assert code(await post(api, extensions=persisted(TEXT))) == "PERSISTED_QUERY_NOT_FOUND"
    last = persisted(f"query Q{39} {{ __typename }}".ljust(9_000))
    assert "data" in (await post(api, extensions=last)).json()


async def test_a_document_that_is_too_long_to_remember_is_run_each_time(api: Api) -> None:
    long = "{ __typename }".ljust(20_000)
    for _ in range(2):
        assert "data" in (await post(api, query=long, extensions=persisted(long))).json()
        assert code(await post(api, extensions=persisted(long))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("digest", ["a" * 1_000_000, "\x00", "é", "A" * 64, "' OR 1=1", " "])
async def test_any_hash_is_answered_shortly(api: Api, digest: str) -> None:
    response = await post(api, extensions=persisted(TEXT, digest=digest))
    assert code(response) == "PERSISTED_QUERY_NOT_FOUND"
    assert len(response.content) < 1000


async def test_a_request_for_nothing_is_told_what_to_send(api: Api) -> None:
    contents: list[dict[str, Any]]
    contents = [{}, {"query": ""}, {"query": None}, {"variables": {}}, {"extensions": {}}]
    for content in contents:
        response = await api.client.post("/graphql", json=content)
        assert response.status_code == 400
        assert "query" in response.json()["errors"][0]["message"]
