"""Tokens at the door: what one says is what whoever sends it may do, and no longer than it says."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from server import key_sets
from tests.api import Api, serving
from tests.credentials import SECRET, new_key, new_ledger
from tests.issuers import Issuer, SigningKey, believing, claims, issuing
from tests.servers import free_port
from tests.sockets import served

LEDGER = "{ ledger { code } }"
CREATE_USER = """
    mutation { createUser(input: {username: "alice", email: "alice@example.com"}) { __typename } }
"""


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey()


@pytest.fixture(scope="module")
def issuer(key: SigningKey) -> Iterator[Issuer]:
    with issuing(key) as running:
        yield running


@pytest.fixture
async def api(database_url: str, issuer: Issuer) -> AsyncIterator[Api]:
    new_ledger(database_url, "eu")
    async with serving(database_url, **believing(issuer.url)) as opened:
        yield opened


async def asked(
    api: Api, token: str | None, document: str = LEDGER, ledger: str | None = None
) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    headers |= {} if ledger is None else {"florin-ledger": ledger}
    return await api.client.post("/graphql", json={"query": document}, headers=headers)


def refused(response: httpx.Response) -> tuple[int, str]:
    error = response.json()["errors"][0]
    return response.status_code, error["extensions"]["code"]


async def test_a_token_opens_the_ledger_that_it_names(api: Api, key: SigningKey) -> None:
    for code in ("main", "eu"):
        response = await asked(api, key.sign(claims(florin_ledgers=[code])))
        assert response.json()["data"] == {"ledger": {"code": code}}


async def test_of_several_the_header_chooses_one(api: Api, key: SigningKey) -> None:
    token = key.sign(claims(florin_ledgers=["main", "eu", "nowhere"]))
    assert refused(await asked(api, token)) == (400, "BAD_REQUEST")
    response = await asked(api, token, ledger="eu")
    assert response.json()["data"] == {"ledger": {"code": "eu"}}
    # One that there is not, and one that it does not open, are the same.
    answers = [
        await asked(api, token, ledger="nowhere"),
        await asked(api, key.sign(claims()), ledger="nowhere"),
    ]
    assert [refused(answer) for answer in answers] == [(403, "FORBIDDEN")] * 2
    assert answers[0].json()["errors"] == answers[1].json()["errors"]


async def test_with_tokens_configured_nobody_is_let_in_without(api: Api) -> None:
    response = await asked(api, None)
    assert refused(response) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("changed", [{"exp": 1}, {"iss": "x"}, {"aud": "x"}, {"sub": "key_x"}])
async def test_a_token_that_is_refused_is_401(
    api: Api, key: SigningKey, changed: dict[str, Any]
) -> None:
    response = await asked(api, key.sign_text(json.dumps(claims() | changed).encode()))
    assert refused(response) == (401, "UNAUTHENTICATED")
    assert "token is refused" in response.json()["errors"][0]["message"]


async def test_scopes_are_what_it_may_do(api: Api, key: SigningKey) -> None:
    reader = key.sign(claims(scope="florin:read"))
    assert "data" in (await asked(api, reader)).json()
    assert refused(await asked(api, reader, CREATE_USER))[1] == "FORBIDDEN"
    nobody = key.sign(claims(scope="openid"))
    assert refused(await asked(api, nobody))[1] == "FORBIDDEN"
    # Who may write may read.
    writer = key.sign(claims(scope="florin:write"))
    assert (await asked(api, writer, CREATE_USER)).json()["data"]["createUser"]
    assert "data" in (await asked(api, writer)).json()


async def test_what_is_done_is_recorded_with_the_subject(
    api: Api, key: SigningKey, database_url: str
) -> None:
    token = key.sign(claims(sub="zoë@example.com", scope="florin:write"))
    assert "errors" not in (await asked(api, token, CREATE_USER)).json()
    with psycopg.connect(database_url) as conn:
        actors = conn.execute("SELECT DISTINCT actor FROM florin.actions").fetchall()
    assert actors == [("zoë@example.com",)]


async def test_while_the_issuer_is_away_tokens_are_503_and_keys_are_not(
    database_url: str, key: SigningKey
) -> None:
    ours = new_key(database_url)
    elsewhere = believing(f"http://127.0.0.1:{free_port()}/jwks.json")
    async with serving(database_url, api_key_secret=SECRET, **elsewhere) as api:
        response = await asked(api, key.sign(claims()))
        assert refused(response) == (503, "UNAVAILABLE")
        assert int(response.headers["retry-after"]) > 0
        assert "data" in (await asked(api, ours.text)).json()


async def test_an_issuer_that_is_slow_keeps_nobody_out_who_has_a_key(
    database_url: str, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where there come more tokens than there are places."""
    monkeypatch.setattr(key_sets, "FETCH_SECONDS_MAX", 1.0)
    monkeypatch.setattr(key_sets, "PAUSE_WITHOUT_KEYS_SECONDS", 0.0)
    ours = new_key(database_url)
    with issuing(key) as slow:
        slow.delay_seconds = 5.0
        settings = believing(slow.url) | {"api_key_secret": SECRET, "running_max": 10}
        async with (
            served(database_url, **settings) as florin,
            httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=None)) as client,
        ):

            async def ask(credential: str) -> httpx.Response:
                headers = {"authorization": f"Bearer {credential}"}
                return await client.post(florin.http, json={"query": LEDGER}, headers=headers)

            token = key.sign(claims())
            flood = [asyncio.create_task(ask(token)) for _ in range(100)]
            await asyncio.sleep(0.3)
            began = time.perf_counter()
            assert "data" in (await ask(ours.text)).json()
            assert time.perf_counter() - began < 0.5
            answers = [refused(answer) for answer in await asyncio.gather(*flood)]
    assert set(answers) == {(503, "UNAVAILABLE")}


async def test_a_token_never_reaches_an_answer_or_the_log(
    api: Api, key: SigningKey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    good = key.sign(claims())
    for token in (good, good[:-4] + "AAAA", SigningKey().sign(claims()), "secret.secret.secret"):
        response = await asked(api, token)
        assert token not in response.text
        assert token.split(".")[2] not in caplog.text


async def test_an_open_stream_ends_with_its_token(
    database_url: str, issuer: Issuer, key: SigningKey
) -> None:
    """The leeway for clocks included, so it is made out to have expired a moment ago."""
    token = key.sign(claims(exp=time.time() - 28))
    async with (
        served(database_url, **believing(issuer.url)) as florin,
        httpx.AsyncClient(timeout=20) as client,
        client.stream(
            "POST",
            florin.http,
            json={"query": "subscription { ledgerEvents { cursor } }"},
            headers={"accept": "text/event-stream", "authorization": f"Bearer {token}"},
        ) as stream,
    ):
        began = time.monotonic()
        text = "".join([line async for line in stream.aiter_text()])
    assert time.monotonic() - began < 15
    assert "UNAUTHENTICATED" in text
