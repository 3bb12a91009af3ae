"""What nobody asks for is not read: holds, of a balance at a time."""

import pytest

from tests.api import serving
from tests.recorder import RecordingCursor

BALANCE = """
    query {{
        account(by: {{ code: "wallet" }}) {{
            balance(at: "2999-01-01T00:00:00Z", clock: {clock}) {{ {fields} }}
        }}
    }}
    fragment Posted on Balance {{ posted debits credits asOf }}
    fragment All on Balance {{ ...Posted ... on Balance {{ free: available }} }}
"""


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
@pytest.mark.parametrize(
    ("fields", "free"),
    [
        ("...All", "7.00"),
        ("...Posted free: available ...All @skip(if: true)", "7.00"),
        ("pendingDebits ...All", "7.00"),
        ("... on Balance { pendingCredits ...All }", "7.00"),
        ("...Posted pendingDebits ...All @skip(if: true)", None),
    ],
)
async def test_holds_are_read_where_they_are_asked_for_in_whatever_way(
    database_url: str, clock: str, fields: str, free: str | None
) -> None:
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        await api.post("fund", ("cash", "wallet", "10.00"))
        await api.post("hold", ("wallet", "cash", "3.00"), pending=True)
        RecordingCursor.record.clear()
        found = (await api(BALANCE.format(clock=clock, fields=fields)))["account"]["balance"]
        assert (found["posted"], found.get("free")) == ("10.00", free)
        (balance,) = [one.query for one in RecordingCursor.record if "totals" in one.query]
        assert "florin.holds" in balance


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
async def test_what_is_posted_is_read_without_any_hold(database_url: str, clock: str) -> None:
    query = f"""{{ account(by: {{ code: "wallet" }}) {{
        balance(at: "2999-01-01T00:00:00Z", clock: {clock}) {{
            posted ... on Balance {{ asOf debits }} ...More }} }} }}
        fragment More on Balance {{ credits }}"""
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        await api.post("fund", ("cash", "wallet", "10.00"))
        await api.post("hold", ("wallet", "cash", "3.00"), pending=True)
        RecordingCursor.record.clear()
        found = (await api(query))["account"]["balance"]
        assert (found["posted"], found["debits"], found["credits"]) == ("10.00", "0.00", "10.00")
        (balance,) = [one.query for one in RecordingCursor.record if "totals" in one.query]
        assert "florin.holds" not in balance
