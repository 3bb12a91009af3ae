"""Who is let in: before anything is read, with a key that was made here, while it counts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from db import api_keys
from server import app, background
from server.api_keys import TRUST_SECONDS, KeyMaker
from server.authentication import Authenticator
from server.settings import Settings, SettingsError
from tests.api import Api, serving
from tests.credentials import MAKER, SECRET, Key, new_key, new_ledger
from tests.following import PATIENCE_SECONDS

LEDGER = {"query": "{ ledger { code } }"}


@pytest.fixture
def key(database_url: str) -> Key:
    """One that opens the ledger `main`."""
    return new_key(database_url)


@pytest.fixture
async def closed(key: Key, database_url: str) -> AsyncIterator[Api]:
    """A server that asks who somebody is."""
    assert key
    async with serving(database_url, api_key_secret=SECRET) as api:
        yield api


async def asked(api: Api, headers: dict[str, str] | None = None) -> httpx.Response:
    return await api.client.post("/graphql", json=LEDGER, headers=headers)


def refusal(response: httpx.Response) -> tuple[int, str]:
    (error,) = response.json()["errors"]
    assert "data" not in response.json()
    assert error["message"]
    return response.status_code, error["extensions"]["code"]


async def test_a_key_opens_its_ledger(closed: Api, key: Key) -> None:
    response = await asked(closed, key.headers)
    assert response.json()["data"] == {"ledger": {"code": "main"}}


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer x",
        "Bearer florin_",
        "Bearer florin_x",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer florin_" + "0" * 26 + "_" + "0" * 80,
        "Bearer \x00",
        "Bearer " + "a" * 10_000,
    ],
)
async def test_whatever_is_no_credential_is_401(closed: Api, authorization: str | None) -> None:
    raw = [] if authorization is None else [(b"authorization", authorization.encode())]
    response = await closed.client.post("/graphql", json=LEDGER, headers=raw)
    assert refusal(response) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_is_known_only_whole(closed: Api, key: Key) -> None:
    """Each character of it counts, in the id, in the secret and in the tag."""
    for position in range(len("florin_"), len(key.text)):
        other = "1" if key.text[position] == "0" else "0"
        text = key.text[:position] + other + key.text[position + 1 :]
        response = await asked(closed, {"authorization": f"Bearer {text}"})
        assert refusal(response) == (401, "UNAUTHENTICATED"), position
    for text in (key.text[:-1], key.text + "0", key.text.upper(), f"{key.text}, {key.text}"):
        response = await asked(closed, {"authorization": f"Bearer {text}"})
        assert refusal(response) == (401, "UNAUTHENTICATED")


async def test_a_key_of_another_installation_is_unknown(database_url: str, key: Key) -> None:
    assert key
    other = SecretStr("another secret, of as many characters")
    async with serving(database_url, api_key_secret=other) as api:
        assert refusal(await asked(api, key.headers)) == (401, "UNAUTHENTICATED")


async def test_a_key_with_the_right_tag_that_is_not_stored_is_unknown(closed: Api) -> None:
    text = MAKER.mint().text
    response = await asked(closed, {"authorization": f"Bearer {text}"})
    assert refusal(response) == (401, "UNAUTHENTICATED")


async def test_a_row_that_holds_another_hash_is_not_enough(
    closed: Api, key: Key, database_url: str
) -> None:
    """The tag is a filter; what is stored decides."""
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE florin.api_keys SET secret_hash = sha256('x')")
    assert refusal(await asked(closed, key.headers)) == (401, "UNAUTHENTICATED")


async def test_nothing_of_a_request_is_read_before_it_is_known_whose_it_is(closed: Api) -> None:
    for content, type_ in ((b"{", "application/json"), (b"[]", "text/plain"), (b"", "x/y")):
        response = await closed.client.post(
            "/graphql", content=content, headers={"content-type": type_}
        )
        assert refusal(response) == (401, "UNAUTHENTICATED")
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b""}
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        raise AssertionError("The body was read.")

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    endpoint = closed.client._transport.app.state.endpoint  # type: ignore[attr-defined]
    await endpoint({**scope, "headers": []}, receive, send)
    assert sent[0]["status"] == 401


async def test_an_expired_key_says_so(database_url: str) -> None:
    over = new_key(database_url, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    async with serving(database_url, api_key_secret=SECRET) as api:
        response = await asked(api, over.headers)
        assert refusal(response) == (401, "UNAUTHENTICATED")
        assert "expired" in response.text


async def test_a_revoked_key_works_no_more_after_a_second(
    closed: Api, key: Key, database_url: str
) -> None:
    assert (await asked(closed, key.headers)).status_code == 200
    with psycopg.connect(database_url) as conn:
        assert api_keys.revoke(conn, key.key_id)
    closed_keys = closed.client._transport.app.state.endpoint._authenticator._keys  # type: ignore[attr-defined]
    read_at, known = closed_keys._known[key.key_id]
    # As if the second had passed.
    closed_keys._known[key.key_id] = (read_at - TRUST_SECONDS, known)
    response = await asked(closed, key.headers)
    assert refusal(response) == (401, "UNAUTHENTICATED")
    assert "revoked" in response.text


async def test_a_key_is_looked_up_once_for_all_who_send_it_meanwhile(
    closed: Api, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = 0
    look_up = api_keys.by_id

    async def counted(*arguments: object) -> object:
        nonlocal lookups
        lookups += 1
        return await look_up(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(api_keys, "by_id", counted)
    responses = await asyncio.gather(*(asked(closed, key.headers) for _ in range(50)))
    assert {response.status_code for response in responses} == {200}
    assert lookups == 1
    # And what was never made here not at all.
    await asked(closed, {"authorization": "Bearer florin_" + "0" * 26 + "_" + "0" * 80})
    assert lookups == 1


async def test_when_keys_were_used_is_noted_in_the_background(
    closed: Api, key: Key, database_url: str
) -> None:
    for _ in range(3):
        await asked(closed, key.headers)
    keys = closed.client._transport.app.state.endpoint._authenticator._keys  # type: ignore[attr-defined]
    await keys.note_use()
    with psycopg.connect(database_url) as conn:
        row = conn.execute("SELECT now() - last_used_at FROM florin.api_keys").fetchone()
    assert row is not None
    assert row[0] < timedelta(minutes=1)


async def test_a_key_to_several_ledgers_says_which(database_url: str) -> None:
    new_ledger(database_url, "eu")
    both = new_key(database_url, "main", "eu")
    async with serving(database_url, api_key_secret=SECRET) as api:
        for code in ("main", "eu"):
            response = await asked(api, both.headers | {"florin-ledger": code})
            assert response.json()["data"] == {"ledger": {"code": code}}
        response = await asked(api, both.headers)
        assert refusal(response) == (400, "BAD_REQUEST")
        assert "eu, main" in response.text


@pytest.mark.parametrize("code", ["eu", "nowhere", "EU", "", "e\x00u", "e" * 500])
async def test_a_ledger_that_a_key_does_not_open_is_as_one_that_there_is_not(
    closed: Api, key: Key, database_url: str, code: str
) -> None:
    new_ledger(database_url, "eu")
    raw = [*key.headers.items(), ("florin-ledger", code)]
    response = await closed.client.post("/graphql", json=LEDGER, headers=raw)
    assert refusal(response) == (403, "FORBIDDEN")
    message = response.json()["errors"][0]["message"]
    assert message.startswith("The credential opens no ledger '")


async def test_without_any_key_this_machine_may_do_everything(api: Api, database_url: str) -> None:
    new_ledger(database_url, "eu")
    assert (await asked(api)).json()["data"] == {"ledger": {"code": "main"}}
    response = await asked(api, {"florin-ledger": "eu"})
    assert response.json()["data"] == {"ledger": {"code": "eu"}}
    assert refusal(await asked(api, {"florin-ledger": "x"})) == (403, "FORBIDDEN")


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.7", "2001:db8::1", "testclient"])
async def test_without_any_key_no_other_machine_is_answered(api: Api, address: str) -> None:
    transport = httpx.ASGITransport(
        app=api.client._transport.app,  # type: ignore[attr-defined]
        client=(address, 1234),
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as elsewhere:
        response = await elsewhere.post("/graphql", json=LEDGER)
    assert refusal(response) == (403, "FORBIDDEN")
    assert "florin key create" in response.text


async def test_once_there_is_a_key_it_is_asked_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "CREDENTIALS_SECONDS", 0.1)
    async with serving(database_url) as api:
        assert (await asked(api)).status_code == 200
        new_key(database_url)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await asked(api)).status_code == 200:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.1)
        assert refusal(await asked(api)) == (401, "UNAUTHENTICATED")


async def test_the_first_key_that_is_sent_closes_the_door(api: Api, database_url: str) -> None:
    """Though the server has not looked since there was none."""
    first = new_key(database_url)
    assert (await asked(api)).status_code == 200
    response = await asked(api, first.headers)
    # This server has no secret to know it by, but knows by now that there are keys.
    assert refusal(response) == (401, "UNAUTHENTICATED")
    assert refusal(await asked(api)) == (401, "UNAUTHENTICATED")


async def test_nobody_is_served_elsewhere_without_credentials(database_url: str) -> None:
    configured = Settings(database_url=SecretStr(database_url), host="0.0.0.0")  # noqa: S104
    application = app.create(configured)
    with pytest.raises(SettingsError, match="florin key create"):
        async with application.router.lifespan_context(application):
            raise AssertionError("It serves.")
    new_key(database_url)
    async with application.router.lifespan_context(application):
        assert not application.state.endpoint._authenticator.is_open


async def test_an_outage_is_not_taken_for_a_wrong_key(
    closed: Api, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> object:
        raise psycopg.OperationalError("the server closed the connection")

    monkeypatch.setattr(api_keys, "by_id", away)
    response = await asked(closed, key.headers)
    assert refusal(response) == (503, "UNAVAILABLE")
    assert "retry-after" in response.headers


def test_keys_of_one_secret_are_told_from_those_of_another() -> None:
    other = KeyMaker(b"another secret, of as many characters")
    assert MAKER.name != other.name
    minted = MAKER.mint()
    assert other.read(minted.text) is None
    presented = MAKER.read(minted.text)
    assert presented is not None
    assert presented.key_id == minted.key_id
    assert presented.secret_hash == minted.secret_hash
    assert minted.text.partition("_")[2].partition("_")[2][:64] not in minted.secret_hash.hex()


def test_the_authenticator_is_closed_until_it_has_looked() -> None:
    assert not Authenticator(None, None, None).is_open  # type: ignore[arg-type]
