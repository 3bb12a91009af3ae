"""What every answer owes to an outsider, whatever was sent."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import httpx

from tests.api import Api
from tests.integrity import assert_sound, row_counts

# CPU time of this process, which other load on the machine does not touch. An answer that takes
# more lets an outsider hold up everybody else; the worst ones took up to a minute.
ANSWER_CPU_SECONDS_MAX: Final = 2.0
# What hangs is given up, so that a test fails instead of standing still.
_HANGS_SECONDS: Final = 20.0

_CREATES: Final = {
    "CreateCurrencySuccess": "currencies",
    "CreateUserSuccess": "users",
    "OpenAccountSuccess": "accounts",
    "PostTransactionSuccess": "transactions",
}
_JSON_HEADERS: Final = {"content-type": "application/json"}


async def seed(api: Api) -> None:
    """The rows that ``tests.walk.plausible`` speaks of."""
    await api.create_user("alice", metadata={"plan": "pro"})
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet", owner={"username": "alice"}, metadata={"kind": 1})
    await api.post("seed", ("cash", "wallet", "100.00"))


async def send_body(
    api: Api, body: bytes, headers: dict[str, str] | None = None, *, method: str = "POST"
) -> httpx.Response:
    """Bytes to the endpoint; fails the test where the answer takes too long."""
    request = api.client.request(
        method, "/graphql", content=body, headers=_JSON_HEADERS if headers is None else headers
    )
    return await in_time(request, body)


async def send(api: Api, query: object, variables: object = None, **more: object) -> httpx.Response:
    """A request whose every string may be what no UTF-8 can hold: JSON escapes carry it."""
    content = {"query": query, "variables": variables, **more}
    return await send_body(api, json.dumps(content).encode())


async def in_time(request: Any, shown: object) -> httpx.Response:  # noqa: ANN401
    """The response, if it comes, and without holding the event loop for long."""
    started = time.process_time()
    response: httpx.Response = await asyncio.wait_for(request, _HANGS_SECONDS)
    taken = time.process_time() - started
    assert taken < ANSWER_CPU_SECONDS_MAX, f"{taken:.1f} s for {shown!r:.300}"
    return response


def assert_answered(response: httpx.Response, shown: object = "") -> Any:  # noqa: ANN401
    """The body of an answer that is no fault and, where it says no, says why."""
    told = f"{shown!r:.1500} was answered with {response.status_code} {response.text:.600}"
    assert response.status_code < 500, told
    assert response.status_code != 429, f"not looked at: {told}"
    body = response.json()
    assert set(body) <= {"data", "errors", "extensions"}, told
    assert "errors" in body or response.status_code == 200, told
    for error in body.get("errors", ()):
        assert error["message"].strip(), told
        assert error.get("extensions", {}).get("code") != "INTERNAL_ERROR", told
    for refusal in refusals(body.get("data")):
        assert refusal["code"], told
        assert refusal["message"].strip(), told
        assert refusal["path"][:1] == ["input"], told
    return body


def assert_refused(response: httpx.Response, shown: object = "") -> list[str]:
    """The messages of an answer that has errors, and nothing else to give."""
    body = assert_answered(response, shown)
    assert body.get("errors"), f"{shown!r:.1500} was taken: {response.text:.600}"
    assert not any((body.get("data") or {}).values()), response.text[:600]
    return [error["message"] for error in body["errors"]]


async def assert_serves(api: Api) -> None:
    """The server answers the next request as if nothing had been."""
    assert await api("{ __typename }") == {"__typename": "Query"}
    assert (await api("{ ledger { code } }"))["ledger"]["code"]


def refusals(data: object) -> Iterator[dict[str, Any]]:
    """The refusals in an answer: a mutation's results that are no success."""
    for result in _results(data):
        if not result["__typename"].endswith("Success"):
            yield result


def created(data: object) -> Counter[str]:
    """The rows that an answer says were made, by table."""
    return Counter(
        _CREATES[result["__typename"]]
        for result in _results(data)
        if result["__typename"] in _CREATES and not result.get("replayed")
    )


async def assert_only_grew_by(
    database_url: str, before: dict[str, int], said: Iterable[Counter[str]]
) -> None:
    """What is in the database is what the answers said, and it is sound."""
    expected = Counter({table: before[table] for table in set(_CREATES.values())})
    for one in said:
        expected.update(one)
    now = await row_counts(database_url)
    assert {table: now[table] for table in expected} == dict(expected)
    # Each side of each posting is an entry, or held: nothing is captured here.
    assert now["entries"] + now["holds"] == 2 * now["postings"]
    await assert_sound(database_url)


def _results(data: object) -> Iterator[dict[str, Any]]:
    for answer in data.values() if isinstance(data, dict) else ():
        if not isinstance(answer, dict):
            continue
        for result in answer.get("results") or [answer]:
            name = result.get("__typename", "")
            if name.endswith("Success") or ("code" in result and "path" in result):
                yield result
