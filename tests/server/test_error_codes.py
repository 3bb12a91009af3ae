"""Whatever goes wrong, the error has a code for programs, and says where in the document it is."""

from typing import Any

import pytest

from tests.api import Api


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nope }",
        "query A { __typename } query B { __typename }",
        "query ($by: AccountBy!) { account(by: $by) { id } }",
        "subscription { ledgerEvents { cursor } }",
        "{ accounts(first: 5000) { nodes { id } } }",
        '{ accounts(after: "nowhere") { nodes { id } } }',
    ],
)
async def test_what_is_wrong_in_a_document_or_its_variables_has_a_code(
    api: Api, query: str
) -> None:
    assert await codes(api, json={"query": query}) == ["BAD_REQUEST"]


@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"{"},
        {"content": b"{}", "headers": {"content-type": "text/plain"}},
        {"json": {"query": 1}},
        {"json": {"query": "{ __typename }", "variables": []}},
    ],
)
async def test_what_is_wrong_in_a_request_has_a_code(api: Api, sent: dict[str, Any]) -> None:
    sent["headers"] = {"content-type": "application/json", **sent.get("headers", {})}
    assert await codes(api, **sent) == ["BAD_REQUEST"]


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ('account(by: { code: "a" }) { balance(at: "yesterday") { posted } }', 44),
        ("transactions(filter: { effectiveFrom: 1 }) { totalCount }", 41),
    ],
)
async def test_a_wrong_literal_is_pointed_at(api: Api, field: str, column: int) -> None:
    response = await api.send(f"{{ {field} }}")
    (error,) = response.json()["errors"]
    assert error["locations"] == [{"line": 1, "column": column}]


async def codes(api: Api, **sent: Any) -> list[str]:  # noqa: ANN401
    response = await api.client.post("/graphql", **sent)
    assert response.status_code < 500
    return [error["extensions"]["code"] for error in response.json()["errors"]]
