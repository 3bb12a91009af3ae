"""Holds over HTTP: funds are reserved at once on both sides, and moved, released or expired."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api import Api, transaction
from tests.expiry import expire
from tests.integrity import assert_sound

HOLD = """
    query ($key: String!) {
        transaction(by: { idempotencyKey: $key }) {
            state effectiveAt createdAt resolvedAt expiresAt
            postings { amount captured }
            entries { account { code } side amount createdAt effectiveAt }
        }
    }
"""
STATES = """
    query ($account: AccountBy!, $state: TransactionState!) {
        transactions(filter: { account: $account, state: $state }) {
            totalCount nodes { idempotencyKey state }
        }
    }
"""


@pytest.fixture(autouse=True)
async def funded(api: Api) -> None:
    """A wallet with a hundred dollars, and a shop."""
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.open_account("shop")
    await api.post("fund", ("cash", "wallet", "100.00"))


async def hold(api: Api, key: str = "hold", amount: str = "60.00", **fields: Any) -> Any:  # noqa: ANN401
    return await api.post(key, ("wallet", "shop", amount), pending=True, **fields)


async def found(api: Api, key: str = "hold") -> Any:  # noqa: ANN401
    return (await api(HOLD, key=key))["transaction"]


async def listed(api: Api, state: str) -> list[str]:
    data = await api(STATES, account={"code": "wallet"}, state=state)
    assert {node["state"] for node in data["transactions"]["nodes"]} <= {state}
    assert data["transactions"]["totalCount"] == len(data["transactions"]["nodes"])
    return [node["idempotencyKey"] for node in data["transactions"]["nodes"]]


async def test_a_hold_reserves_on_both_sides_and_moves_nothing(api: Api) -> None:
    held = await hold(api)
    assert held["transaction"]["state"] == "PENDING"
    assert await api.balances("wallet") == ("100.00", "40.00", "60.00", "0.00")
    assert await api.balances("shop") == ("0.00", "0.00", "0.00", "60.00")
    kept = await found(api)
    assert (kept["entries"], kept["resolvedAt"]) == ([], None)
    assert kept["postings"] == [{"amount": "60.00", "captured": None}]
    assert (await hold(api, "more", "40.01"))["__typename"] == "InsufficientFunds"
    assert (await hold(api, "rest", "40.00"))["__typename"] == "PostTransactionSuccess"


async def test_a_capture_moves_all_that_was_held(api: Api, database_url: str) -> None:
    await hold(api)
    captured = await api.capture("capture", "hold")
    assert (captured["replayed"], captured["transaction"]["state"]) == (False, "POSTED")
    assert await api.balances("wallet") == ("40.00", "40.00", "0.00", "0.00")
    assert await api.balances("shop") == ("60.00", "60.00", "0.00", "0.00")
    kept = await found(api)
    assert kept["postings"] == [{"amount": "60.00", "captured": "60.00"}]
    # Money moved when it was captured, and not when it was held.
    moved = kept["resolvedAt"]
    assert moved > kept["createdAt"]
    assert kept["effectiveAt"] == moved
    for entry in kept["entries"]:
        assert (entry["amount"], entry["createdAt"], entry["effectiveAt"]) == (
            "60.00",
            moved,
            moved,
        )
    await assert_sound(database_url)


async def test_a_capture_in_part_releases_the_rest(api: Api, database_url: str) -> None:
    postings = (("wallet", "shop", "30.00"), ("wallet", "cash", "20.00"))
    await api.post("hold", *postings, pending=True)
    captured = await api.capture("capture", "hold", "25.50", "20")
    assert captured["__typename"] == "PostTransactionSuccess"
    assert await api.balances("wallet") == ("54.50", "54.50", "0.00", "0.00")
    assert [posting["captured"] for posting in (await found(api))["postings"]] == ["25.50", "20.00"]
    await assert_sound(database_url)


async def test_amounts_of_any_size_are_held_and_captured(api: Api, database_url: str) -> None:
    most, part = f"{10**20 - 1}.{10**18 - 1}", f"{10**19}.000000000000000001"
    create = """mutation { createCurrency(input: { code: "ETH", exponent: 18 }) { __typename } }"""
    await api(create)
    await api.open_account("mine", currency="ETH", normal_side="DEBIT", floor=None)
    await api.open_account("ether", currency="ETH")
    await api.post("huge", ("mine", "ether", most), pending=True)
    captured = await api.capture("capture", "huge", part)
    assert captured["__typename"] == "PostTransactionSuccess"
    assert (await found(api, "huge"))["postings"] == [{"amount": most, "captured": part}]
    at_once = [
        {"post": transaction("again", ("ether", "mine", part), pending=True)},
        {"capture": {"idempotencyKey": "c", "transaction": {"idempotencyKey": "again"}}},
    ]
    assert (await api.submit(at_once))["committed"]
    assert Decimal(await api.balance("ether")) == 0
    await assert_sound(database_url)


@pytest.mark.parametrize(
    ("amounts", "refusal", "path"),
    [
        (["60.01"], "AmountExceedsHold", ["input", "amounts", "0"]),
        (["0"], "InvalidAmount", ["input", "amounts", "0"]),
        (["-1"], "InvalidAmount", ["input", "amounts", "0"]),
        (["0.001"], "InvalidAmount", ["input", "amounts", "0"]),
        (["NaN"], "InvalidAmount", ["input", "amounts", "0"]),
        (["1", "1"], "InvalidInput", ["input", "amounts"]),
        (["9" * 39], "AmountExceedsHold", ["input", "amounts", "0"]),
    ],
)
async def test_a_capture_of_what_was_not_held_is_refused_and_changes_nothing(
    api: Api, amounts: list[str], refusal: str, path: list[str]
) -> None:
    await hold(api)
    refused = await api.capture("capture", "hold", *amounts)
    assert (refused["__typename"], refused["path"]) == (refusal, path)
    assert (await found(api))["state"] == "PENDING"
    # The key was not bound: mended, the same request succeeds.
    assert (await api.capture("capture", "hold"))["__typename"] == "PostTransactionSuccess"


async def test_a_void_gives_everything_back(api: Api, database_url: str) -> None:
    await hold(api)
    voided = await api.void("void", "hold")
    assert voided["transaction"]["state"] == "VOIDED"
    assert await api.balances("wallet") == ("100.00", "100.00", "0.00", "0.00")
    assert (await found(api))["entries"] == []
    await assert_sound(database_url)


async def test_what_is_resolved_is_refused_by_name_and_its_own_key_replays(api: Api) -> None:
    await hold(api, "one")
    await api.capture("capture", "one", "10.00")
    await hold(api, "two")
    await api.void("void", "two")
    assert (await api.capture("again", "one"))["__typename"] == "AlreadyCaptured"
    assert (await api.void("again", "one"))["__typename"] == "AlreadyCaptured"
    assert (await api.capture("again", "two"))["__typename"] == "AlreadyVoided"
    assert (await api.void("again", "two"))["__typename"] == "AlreadyVoided"
    assert (await api.void("again", "fund"))["__typename"] == "TransactionNotPending"
    assert (await api.void("again", "nobody's"))["__typename"] == "TransactionNotFound"
    assert (await api.capture("capture", "one", "10"))["replayed"]
    assert (await api.void("void", "two"))["replayed"]
    assert (await hold(api, "one"))["transaction"]["state"] == "POSTED"


@pytest.mark.parametrize(
    ("key", "field"),
    [("hold", "operation"), ("capture", "amounts"), ("void", "operation"), ("fund", "operation")],
)
async def test_a_key_is_one_requests_whatever_it_did(api: Api, key: str, field: str) -> None:
    await hold(api)
    await api.capture("capture", "hold", "10.00")
    await hold(api, "other")
    await api.void("void", "other")
    refused = await api.capture(key, "hold")
    assert (refused["__typename"], refused["field"]) == ("IdempotencyConflict", field)


async def test_an_expired_hold_is_free_at_once_though_nobody_has_swept(
    api: Api, database_url: str
) -> None:
    await hold(api, expiresAt="2099-01-01T00:00:00Z")
    assert await listed(api, "PENDING") == ["hold"]
    expired_at = expire(database_url)
    assert await api.balances("wallet") == ("100.00", "100.00", "0.00", "0.00")
    assert await api.balances("shop") == ("0.00", "0.00", "0.00", "0.00")
    kept = await found(api)
    assert kept["state"] == "EXPIRED"
    assert kept["resolvedAt"] == kept["expiresAt"]
    assert (await listed(api, "PENDING"), await listed(api, "EXPIRED")) == ([], ["hold"])
    assert (await api.capture("late", "hold"))["__typename"] == "HoldExpired"
    assert (await api.void("late", "hold"))["__typename"] == "HoldExpired"
    # It never blocks a posting, and its own request still replays.
    assert (await api.post("all", ("wallet", "shop", "100.00")))["__typename"] == (
        "PostTransactionSuccess"
    )
    assert (await hold(api, expiresAt=expired_at.isoformat()))["replayed"]
    await assert_sound(database_url)


async def test_an_account_is_closed_once_its_holds_are_gone(api: Api, database_url: str) -> None:
    await api.open_account("spare")
    close = """mutation { closeAccount(input: { account: { code: "spare" } }) { __typename } }"""
    await api.post("hold", ("wallet", "spare", "1.00"), pending=True)
    assert (await api(close))["closeAccount"]["__typename"] == "AccountNotEmpty"
    expire(database_url)
    assert (await api(close))["closeAccount"]["__typename"] == "UpdateAccountSuccess"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"pending": True, "expiresAt": "2020-01-01T00:00:00Z"}, ["input", "expiresAt"]),
        ({"expiresAt": "2099-01-01T00:00:00Z"}, ["input", "expiresAt"]),
    ],
)
async def test_an_expiry_that_cannot_be_is_refused(
    api: Api, fields: dict[str, Any], path: list[str]
) -> None:
    refused = await api.post("hold", ("wallet", "shop", "1.00"), **fields)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", path)


async def test_a_frozen_account_takes_no_capture_and_lets_go(api: Api) -> None:
    freeze = """mutation { freezeAccount(input: { account: { code: "shop" } }) { __typename } }"""
    await hold(api)
    await api(freeze)
    assert (await api.capture("capture", "hold"))["__typename"] == "AccountFrozen"
    assert (await api.void("void", "hold"))["__typename"] == "PostTransactionSuccess"
    assert await api.balances("wallet") == ("100.00", "100.00", "0.00", "0.00")
