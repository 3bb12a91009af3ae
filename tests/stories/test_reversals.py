"""Reversals over HTTP: a posted transaction is taken back in full, once; both know each other."""

from typing import Any

import pytest

from tests.api import Api
from tests.integrity import assert_sound

TRANSACTION = """
    query ($key: String!) {
        transaction(by: { idempotencyKey: $key }) {
            state description metadata
            reverses { idempotencyKey } reversedBy { idempotencyKey }
            postings { debit { code } credit { code } amount }
        }
    }
"""


@pytest.fixture(autouse=True)
async def funded(api: Api) -> None:
    """A wallet with a hundred dollars, of which sixty went to a shop."""
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.open_account("shop")
    await api.post("fund", ("cash", "wallet", "100.00"))
    await api.post("sale", ("wallet", "shop", "60.00"))


async def found(api: Api, key: str) -> Any:  # noqa: ANN401
    return (await api(TRANSACTION, key=key))["transaction"]


async def test_a_reversal_mirrors_the_whole_transaction(api: Api, database_url: str) -> None:
    result = await api.reverse("back", "sale", description="Returned", metadata={"why": "size"})
    assert (result["__typename"], result["replayed"]) == ("PostTransactionSuccess", False)
    reversal, original = await found(api, "back"), await found(api, "sale")
    assert (reversal["description"], reversal["metadata"]) == ("Returned", {"why": "size"})
    assert reversal["reverses"] == {"idempotencyKey": "sale"}
    assert original["reversedBy"] == {"idempotencyKey": "back"}
    assert (original["reverses"], reversal["reversedBy"]) == (None, None)
    mirrored = {"debit": {"code": "shop"}, "credit": {"code": "wallet"}, "amount": "60.00"}
    assert reversal["postings"] == [mirrored]
    assert await api.balances("wallet") == ("100.00", "100.00", "0.00", "0.00")
    await assert_sound(database_url)


async def test_it_is_done_once_and_its_key_replays(api: Api) -> None:
    await api.reverse("back", "sale")
    assert (await api.reverse("back", "sale"))["replayed"]
    refused = await api.reverse("again", "sale")
    assert refused["__typename"] == "AlreadyReversed"
    assert refused["reversal"] == {"idempotencyKey": "back"}
    conflict = await api.reverse("back", "fund")
    assert (conflict["__typename"], conflict["field"]) == ("IdempotencyConflict", "transaction")
    assert await api.balance("wallet") == "100.00"


async def test_spent_funds_meet_the_floor(api: Api) -> None:
    await api.post("payout", ("shop", "cash", "30.00"))
    refused = await api.reverse("back", "sale")
    assert refused["__typename"] == "InsufficientFunds"
    assert (refused["available"], refused["required"]) == ("30.00", "60.00")
    assert refused["path"] == ["input", "transaction"]
    await api.post("refill", ("cash", "shop", "30.00"))
    assert (await api.reverse("back", "sale"))["__typename"] == "PostTransactionSuccess"


async def test_a_captured_hold_is_reversed_by_what_was_captured(
    api: Api, database_url: str
) -> None:
    await api.post("hold", ("wallet", "shop", "40.00"), pending=True)
    assert (await api.reverse("back", "hold"))["__typename"] == "NotReversible"
    await api.capture("capture", "hold", "15.00")
    assert (await api.reverse("back", "hold"))["__typename"] == "PostTransactionSuccess"
    assert (await found(api, "back"))["postings"][0]["amount"] == "15.00"
    assert await api.balance("wallet") == "40.00"
    await assert_sound(database_url)


async def test_what_moved_nothing_is_not_reversible(api: Api) -> None:
    await api.post("hold", ("wallet", "shop", "1.00"), pending=True)
    await api.void("void", "hold")
    refused = await api.reverse("back", "hold")
    assert (refused["__typename"], "VOIDED" in refused["message"]) == ("NotReversible", True)
    assert (await api.reverse("back", "nobody's"))["__typename"] == "TransactionNotFound"


async def test_a_reversal_can_itself_be_reversed(api: Api, database_url: str) -> None:
    await api.reverse("back", "sale")
    assert (await api.reverse("forth", "back"))["__typename"] == "PostTransactionSuccess"
    assert await api.balance("wallet") == "40.00"
    assert (await found(api, "back"))["reversedBy"] == {"idempotencyKey": "forth"}
    await assert_sound(database_url)
