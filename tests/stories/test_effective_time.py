"""Effective time over HTTP: when something counts, beside when it was recorded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api import Api, transaction
from tests.integrity import assert_sound

BALANCES = """
    query ($at: DateTime!) {
        account(by: { code: "wallet" }) {
            now: balance { posted }
            recorded: balance(at: $at) { posted }
            effective: balance(at: $at, clock: EFFECTIVE) { posted }
        }
    }
"""
BETWEEN = """
    query ($from: DateTime, $before: DateTime, $account: AccountBy, $first: Int, $after: String) {
        transactions(
            first: $first, after: $after
            filter: { effectiveFrom: $from, effectiveBefore: $before, account: $account }
        ) { totalCount nodes { idempotencyKey effectiveAt } pageInfo { hasNextPage endCursor } }
    }
"""


@pytest.fixture(autouse=True)
async def opened(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")


async def post(api: Api, key: str, effective_at: str | None, amount: str = "10.00") -> Any:  # noqa: ANN401
    dated = {} if effective_at is None else {"effectiveAt": effective_at}
    return await api.post(key, ("cash", "wallet", amount), **dated)


async def balances(api: Api, at: str) -> tuple[str, str, str]:
    found = (await api(BALANCES, at=at))["account"]
    return found["now"]["posted"], found["recorded"]["posted"], found["effective"]["posted"]


async def test_backdating_leaves_recorded_history_as_it_was(api: Api, database_url: str) -> None:
    await post(api, "one", "2020-05-17T12:00:00Z")
    assert await balances(api, "2020-05-17T11:59:59.999999Z") == ("10.00", "0.00", "0.00")
    assert await balances(api, "2020-05-17T12:00:00Z") == ("10.00", "0.00", "10.00")
    assert await balances(api, "2021-01-01T00:00:00Z") == ("10.00", "0.00", "10.00")
    await assert_sound(database_url)


async def test_what_is_dated_ahead_counts_later(api: Api) -> None:
    later = datetime.now(UTC) + timedelta(days=40)
    await post(api, "one", later.isoformat())
    before, after = later - timedelta(days=1), later + timedelta(days=1)
    assert (await balances(api, before.isoformat()))[2] == "0.00"
    assert (await balances(api, after.isoformat()))[2] == "10.00"
    # A floor looks at what is recorded: the money is there to be spent.
    spent = await api.post("two", ("wallet", "cash", "10.00"))
    assert spent["__typename"] == "PostTransactionSuccess"


async def test_more_than_a_year_ahead_is_refused(api: Api) -> None:
    now = datetime.now(UTC)
    refused = await post(api, "one", (now + timedelta(days=367)).isoformat())
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "effectiveAt"])
    accepted = await post(api, "one", (now + timedelta(days=365)).isoformat())
    assert accepted["__typename"] == "PostTransactionSuccess"
    ancient = await post(api, "two", "0001-01-01T00:00:00Z")
    assert ancient["transaction"]["effectiveAt"] == "0001-01-01T00:00:00.000000Z"


async def test_another_effective_time_is_another_request(api: Api) -> None:
    await post(api, "one", "2020-05-17T12:00:00Z")
    assert (await post(api, "one", "2020-05-17T14:00:00+02:00"))["replayed"]
    for other in (None, "2020-05-17T12:00:01Z"):
        refused = await post(api, "one", other)
        assert (refused["__typename"], refused["field"]) == ("IdempotencyConflict", "effectiveAt")


async def test_a_held_transaction_takes_effect_when_it_was_said_to(api: Api) -> None:
    fields = {"pending": True, "effectiveAt": "2020-05-17T12:00:00Z"}
    await api.post("hold", ("cash", "wallet", "10.00"), **fields)
    assert await balances(api, "2020-06-01T00:00:00Z") == ("0.00", "0.00", "0.00")
    await api.capture("capture", "hold", "4.00")
    assert await balances(api, "2020-06-01T00:00:00Z") == ("4.00", "0.00", "4.00")
    await api.reverse("back", "hold", effectiveAt="2020-05-18T00:00:00Z")
    assert await balances(api, "2020-05-17T23:00:00Z") == ("0.00", "0.00", "4.00")
    assert await balances(api, "2020-06-01T00:00:00Z") == ("0.00", "0.00", "0.00")


@pytest.mark.parametrize("account", [None, {"code": "wallet"}])
async def test_transactions_are_found_by_when_they_take_effect(
    api: Api, account: dict[str, str] | None
) -> None:
    dates = {f"d{month}": f"2020-{month:02}-10T00:00:00Z" for month in range(1, 13)}
    batch = [
        transaction(key, ("cash", "wallet", "1.00"), effectiveAt=date)
        for key, date in dates.items()
    ]
    await api.post_batch(batch)
    began = datetime.now(UTC).isoformat()
    for number in range(3):
        await post(api, f"now{number}", None)
    await api.post("hold", ("cash", "wallet", "1.00"), pending=True)
    await api.capture("capture", "hold")

    async def between(**bounds: object) -> list[str]:
        """Every key, newest first, by pages of two."""
        keys: list[str] = []
        after, more = None, True
        while more:
            wanted = {"account": account, "first": 2, "after": after, **bounds}
            page = (await api(BETWEEN, **wanted))["transactions"]
            keys += [node["idempotencyKey"] for node in page["nodes"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert page["totalCount"] == len(keys)
        return keys

    spring = {"from": dates["d3"], "before": dates["d6"]}
    assert await between(**spring) == ["d5", "d4", "d3"]
    assert await between(before=dates["d2"]) == ["d1"]
    assert await between(**{"from": began}) == ["hold", "now2", "now1", "now0"]
    assert len(await between(before=began)) == 12
