"""What browsers send for pages of other sites is refused, unless the settings name their origin."""

from typing import Final

import httpx
import pytest

from tests.api import Api, serving

APP: Final = "https://app.example.com"
CONTENT: Final = {"query": "{ __typename }"}


async def answer(api: Api, method: str = "POST", **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "POST":
        return await api.client.post("/graphql", json=CONTENT, headers=sent)
    return await api.client.request(method, "/graphql", params=CONTENT, headers=sent)


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin", "origin": "http://localhost"},
        {"sec_fetch_site": "none"},
        {"origin": "http://localhost"},
        {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"},
        {"cookie": "session=1"},
    ],
    ids=repr,
)
async def test_ours_and_those_of_no_browser_are_answered(
    api: Api, method: str, headers: dict[str, str]
) -> None:
    response = await answer(api, method, **headers)
    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS", "PUT"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://localhost:3000"},
        {"sec_fetch_site": "cross-site", "origin": "http://localhost"},
        {"origin": APP},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://localhost.example.com"},
        {"origin": "http://evil.example", "host": "evil.example"},  # a name pointed at loopback
        {"sec_fetch_site": "same-origin", "host": "evil.example"},
    ],
    ids=repr,
)
async def test_other_sites_are_refused_with_403(
    api: Api, method: str, headers: dict[str, str]
) -> None:
    response = await answer(api, method, **headers)
    assert response.status_code == 403
    assert "FLORIN_CORS_ORIGINS" in response.json()["errors"][0]["message"]
    assert "access-control-allow-origin" not in response.headers


async def test_a_name_pointed_at_loopback_is_refused_to_a_silent_get_only(api: Api) -> None:
    assert (await answer(api, "GET", host="evil.example")).status_code == 403
    assert (await answer(api, "POST", host="ledger.internal")).status_code == 200


async def test_a_named_origin_may_send_requests_and_read_the_answers(database_url: str) -> None:
    async with serving(database_url, cors_origins=(APP,)) as api:
        response = await answer(api, origin=APP, sec_fetch_site="cross-site")
        assert response.json()["data"] == {"__typename": "Query"}
        assert response.headers["access-control-allow-origin"] == APP
        assert "x-request-id" in response.headers["access-control-expose-headers"].lower()
        assert "access-control-allow-credentials" not in response.headers
        asked = {"access-control-request-method": "POST"}
        wanted = {"access-control-request-headers": "content-type"}
        preflight = await api.client.options("/graphql", headers={"origin": APP, **asked, **wanted})
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == APP
        refused = await answer(api, origin="https://evil.example", sec_fetch_site="cross-site")
        assert refused.status_code == 403
        preflight = await api.client.options("/graphql", headers={"origin": "https://a.b", **asked})
        assert preflight.status_code == 400
        assert "access-control-allow-origin" not in preflight.headers
