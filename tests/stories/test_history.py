"""What was, by either clock: balances, entries and the trial balance of any moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from db.moments import Clock
from tests import histories
from tests.api import Api, transaction
from tests.histories import EDGES, MICROSECOND, SIDES, Fact

BALANCE = """
    query ($at: DateTime, $clock: Clock) {
        account(by: { code: "wallet" }) {
            balance(at: $at, clock: $clock) {
                posted available debits credits pendingDebits pendingCredits asOf
            }
        }
    }
"""
ENTRIES = """
    query ($filter: EntryFilter) {
        account(by: { code: "wallet" }) {
            entries(first: 1000, filter: $filter) {
                totalCount
                nodes { version side amount createdAt effectiveAt }
            }
        }
    }
"""
TRIAL_BALANCE = """
    query ($at: DateTime) {
        ledger { trialBalance(at: $at) { currency { code } debits credits balanced accounts } }
    }
"""


async def balance(api: Api, at: datetime | None = None, clock: Clock | None = None) -> Any:  # noqa: ANN401
    given = {"at": at.isoformat()} if at else {}
    found = await api(BALANCE, **given, clock=clock)
    return found["account"]["balance"]


def minor(amount: str) -> int:
    return int(amount.replace(".", ""))


async def facts(api: Api) -> list[Fact]:
    """The wallet's entries as the API shows them, in recorded order."""
    nodes = (await api(ENTRIES))["account"]["entries"]["nodes"]
    return [
        Fact(
            node["side"],
            minor(node["amount"]),
            datetime.fromisoformat(node["createdAt"]),
            datetime.fromisoformat(node["effectiveAt"]),
        )
        for node in reversed(nodes)
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_balances_of_what_was_posted_are_the_sums_of_its_entries(api: Api, seed: int) -> None:
    random = histories.seeded(seed)
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet", floor=None)
    soon = datetime.now(UTC) + timedelta(days=3)
    for number in range(8):
        batch = []
        for index in range(random.randint(1, 6)):
            legs = [("cash", "wallet"), ("wallet", "cash")]
            postings = [
                (*random.choice(legs), f"{random.randint(1, 9)}.00")
                for _ in range(random.randint(1, 3))
            ]
            effective_at = random.choice([None, soon, *EDGES])
            dated = {"effectiveAt": effective_at.isoformat()} if effective_at else {}
            batch.append(transaction(f"{number} {index}", *postings, **dated))
        assert (await api.post_batch(batch))["committed"]
    written = await facts(api)
    recorded = {one.created_at for one in written}
    for at in sorted({*EDGES, soon, *recorded, *(moment - MICROSECOND for moment in recorded)}):
        for clock in ("RECORDED", "EFFECTIVE"):
            found = await balance(api, at, clock)
            for side, name in zip(SIDES, ("debits", "credits"), strict=True):
                total = histories.total(written, side, clock, before=at + MICROSECOND)
                assert minor(found[name]) == total, (at, clock)


async def test_the_balance_of_now_is_the_one_that_was_always_there(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.post("k", ("cash", "wallet", "5.00"))
    future = datetime.now(UTC) + timedelta(days=1)
    expected = {
        "posted": "5.00",
        "available": "5.00",
        "debits": "0.00",
        "credits": "5.00",
        "pendingDebits": "0.00",
        "pendingCredits": "0.00",
    }
    now = datetime.now(UTC)
    ways: list[tuple[datetime | None, Clock | None]] = [
        (None, None),
        (None, "RECORDED"),
        (None, "EFFECTIVE"),
        (future, None),
    ]
    for at, clock in ways:
        found = await balance(api, at, clock)
        as_of = datetime.fromisoformat(found.pop("asOf"))
        assert found == expected
        assert now < as_of < future
    assert (await balance(api, future, "EFFECTIVE"))["asOf"] == future.isoformat().replace(
        "+00:00", "Z"
    )


async def test_a_hold_is_pending_from_when_it_was_placed_until_it_was_captured(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet", floor=None)
    held = (await api.post("h", ("wallet", "cash", "5.00"), pending=True))["transaction"]
    captured = (await api.capture("c", "h", "2.00"))["transaction"]
    placed_at = datetime.fromisoformat(held["createdAt"])
    captured_at = datetime.fromisoformat(captured["resolvedAt"])
    for at, pending, posted in (
        (placed_at - MICROSECOND, "0.00", "0.00"),
        (placed_at, "5.00", "0.00"),
        (captured_at - MICROSECOND, "5.00", "0.00"),
        (captured_at, "0.00", "-2.00"),
    ):
        found = await balance(api, at)
        assert (found["pendingDebits"], found["posted"]) == (pending, posted)


async def test_a_range_of_entries_is_found_wherever_it_is(api: Api, database_url: str) -> None:
    random = histories.seeded(1)
    written = histories.random_facts(random, size=60)
    with psycopg.connect(database_url) as conn:
        histories.write(conn, "wallet", "CREDIT", written)
    for from_ in histories.moments()[::3]:
        for before in histories.moments()[::4]:
            given = {"from": from_.isoformat(), "before": before.isoformat(), "side": "DEBIT"}
            page = (await api(ENTRIES, filter=given))["account"]["entries"]
            expected = [
                version
                for version, one in enumerate(written, start=1)
                if one.side == "DEBIT" and from_ <= one.created_at < before
            ]
            assert [int(node["version"]) for node in page["nodes"]] == expected[::-1]
            assert page["totalCount"] == len(expected)


async def test_the_trial_balance_of_any_moment_is_balanced(api: Api, database_url: str) -> None:
    random = histories.seeded(2)
    some, more = (histories.random_facts(random, size=50) for _ in range(2))
    with psycopg.connect(database_url) as conn:
        for name, written in (("a", some), ("b", more)):
            histories.write(conn, name, "CREDIT", written)
            histories.write(conn, f"{name} mirrored", "DEBIT", histories.mirrored(written))
    await api.open_account("opened today")
    for at in histories.moments():
        [line] = (await api(TRIAL_BALANCE, at=at.isoformat()))["ledger"]["trialBalance"]
        before = at + MICROSECOND
        total = sum(
            histories.total(written, side, "RECORDED", before=before)
            for written in (some, more)
            for side in SIDES
        )
        assert (minor(line["debits"]), minor(line["credits"])) == (total, total)
        assert line["balanced"]
        assert line["accounts"] == 4
    now = (await api(TRIAL_BALANCE))["ledger"]["trialBalance"]
    assert now == (await api(TRIAL_BALANCE, at="2100-01-01T00:00:00Z"))["ledger"]["trialBalance"]
    assert now[0]["accounts"] == 5
    long_ago = (await api(TRIAL_BALANCE, at="1999-01-01T00:00:00Z"))["ledger"]["trialBalance"]
    assert long_ago == []
