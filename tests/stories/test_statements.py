"""A statement adds up, and its pages show what it sums, also while postings arrive."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.api import Api, transaction

STATEMENT = """
    query ($code: String!, $from: DateTime!, $to: DateTime!, $clock: Clock,
        $first: Int, $after: String, $last: Int, $before: String) {
        account(by: { code: $code }) {
            statement(from: $from, to: $to, clock: $clock) {
                account { code } from to clock opening closing debits credits
                entries(first: $first, after: $after, last: $last, before: $before) {
                    totalCount
                    nodes { version side amount createdAt effectiveAt }
                    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
                }
            }
        }
    }
"""
ALWAYS = {"from": "2000-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
FEBRUARY = {"from": "2024-02-01T00:00:00Z", "to": "2024-03-01T00:00:00Z"}


async def open_accounts(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet", floor=None)


async def statement(api: Api, code: str, **arguments: Any) -> Any:  # noqa: ANN401
    return (await api(STATEMENT, code=code, **arguments))["account"]["statement"]


def movement(found: Any) -> Decimal:  # noqa: ANN401
    """Credits less debits, from the totals; they must agree with the entries shown."""
    for side, name in (("DEBIT", "debits"), ("CREDIT", "credits")):
        nodes = [node for node in found["entries"]["nodes"] if node["side"] == side]
        assert sum(Decimal(node["amount"]) for node in nodes) == Decimal(found[name])
    return Decimal(found["credits"]) - Decimal(found["debits"])


async def test_a_statement_has_what_takes_effect_in_its_period(api: Api) -> None:
    await open_accounts(api)
    for key, effective_at, leg in (
        ("before", "2024-01-31T23:59:59.999999Z", ("cash", "wallet", "100.00")),
        ("last", "2024-02-29T23:59:59.999999Z", ("cash", "wallet", "2.00")),
        ("first", "2024-02-01T00:00:00Z", ("wallet", "cash", "30.00")),
        ("after", "2024-03-01T00:00:00Z", ("cash", "wallet", "5.00")),
        ("now", None, ("cash", "wallet", "700.00")),
    ):
        dated = {"effectiveAt": effective_at} if effective_at else {}
        assert (await api.post(key, leg, **dated))["__typename"] == "PostTransactionSuccess"
    found = await statement(api, "wallet", **FEBRUARY)
    assert (found["opening"], found["closing"]) == ("100.00", "72.00")
    assert (found["debits"], found["credits"]) == ("30.00", "2.00")
    assert [node["version"] for node in found["entries"]["nodes"]] == ["3", "2"]
    assert found["entries"]["nodes"][0]["effectiveAt"] == "2024-02-01T00:00:00.000000Z"
    assert found["entries"]["totalCount"] == 2
    assert found["account"] == {"code": "wallet"}
    assert (found["from"], found["clock"]) == ("2024-02-01T00:00:00.000000Z", "EFFECTIVE")
    cash = await statement(api, "cash", **FEBRUARY)
    assert Decimal(cash["opening"]) - movement(cash) == Decimal(cash["closing"])
    recorded = await statement(api, "wallet", **FEBRUARY, clock="RECORDED")
    assert (recorded["closing"], recorded["entries"]["nodes"]) == ("0.00", [])


async def test_an_empty_period_moves_nothing_and_a_backward_one_is_refused(api: Api) -> None:
    await open_accounts(api)
    await api.post("k", ("cash", "wallet", "1.00"), effectiveAt=FEBRUARY["from"])
    for clock in ("RECORDED", "EFFECTIVE"):
        period = {"from": FEBRUARY["to"], "to": FEBRUARY["to"]}
        found = await statement(api, "wallet", **period, clock=clock)
        assert found["opening"] == found["closing"]
        assert (found["debits"], found["credits"]) == ("0.00", "0.00")
        assert (found["entries"]["nodes"], found["entries"]["totalCount"]) == ([], 0)
    period = {"from": FEBRUARY["to"], "to": FEBRUARY["from"]}
    body = (await api.send(STATEMENT, {"code": "wallet", **period})).json()
    assert "`from`" in body["errors"][0]["message"]
    assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
async def test_a_statement_adds_up_while_postings_arrive(api: Api, clock: str) -> None:
    await open_accounts(api)
    posting = True

    async def post(name: str, leg: tuple[str, str, str]) -> None:
        number = 0
        while posting:
            number += 1
            dated = {"effectiveAt": "2024-02-10T00:00:00Z"} if number % 3 == 0 else {}
            await api.post(f"{name} {number}", leg, **dated)

    writers = [
        asyncio.create_task(post("in", ("cash", "wallet", "3.00"))),
        asyncio.create_task(post("out", ("wallet", "cash", "1.00"))),
    ]
    counts: list[int] = []
    # Twenty-five readings, and on until something has happened in between.
    while len(counts) < 25 or counts[0] == counts[-1]:
        found = await statement(api, "wallet", **ALWAYS, clock=clock, first=1000)
        assert Decimal(found["opening"]) + movement(found) == Decimal(found["closing"])
        assert found["entries"]["totalCount"] == len(found["entries"]["nodes"])
        counts.append(found["entries"]["totalCount"])
    posting = False
    await asyncio.gather(*writers)
    assert counts == sorted(counts)


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
async def test_a_statement_pages_both_ways_and_later_entries_come_where_they_belong(
    api: Api, clock: str
) -> None:
    await open_accounts(api)
    days = ["2024-02-20", None, "2024-02-10", None, "2024-02-20", "2024-02-01"]
    for number, day in enumerate(days):
        dated = {"effectiveAt": f"{day}T08:00:00Z"} if day else {}
        await api.post(str(number), ("cash", "wallet", "1.00"), **dated)
    order = {"RECORDED": "123456", "EFFECTIVE": "631524"}[clock]
    arguments: dict[str, Any] = {**ALWAYS, "clock": clock}
    seen = ""
    for number in range(3):
        page = (await statement(api, "wallet", **arguments, first=2))["entries"]
        seen += "".join(node["version"] for node in page["nodes"])
        assert page["totalCount"] == 6
        assert page["pageInfo"]["hasNextPage"] == (number < 2)
        arguments["after"] = page["pageInfo"]["endCursor"]
    assert seen == order
    # Posted once a cursor was taken, it comes after the last page's end by either clock.
    await api.post("later", ("cash", "wallet", "1.00"))
    page = (await statement(api, "wallet", **arguments, first=2))["entries"]
    assert [node["version"] for node in page["nodes"]] == ["7"]
    del arguments["after"]
    seen = ""
    while arguments.get("before", "") is not None:
        page = (await statement(api, "wallet", **arguments, last=3))["entries"]
        seen = "".join(node["version"] for node in page["nodes"]) + seen
        more = page["pageInfo"]["hasPreviousPage"]
        arguments["before"] = page["pageInfo"]["startCursor"] if more else None
    assert seen == order + "7"


async def test_a_statements_cursor_is_good_for_its_own_period_and_clock(api: Api) -> None:
    await open_accounts(api)
    await api.post("k", ("cash", "wallet", "1.00"))
    page = (await statement(api, "wallet", **ALWAYS))["entries"]
    cursor = page["pageInfo"]["endCursor"]
    digest = base64.urlsafe_b64decode(cursor)[:8]
    beyond_time = base64.urlsafe_b64encode(digest + b"\x7f" * 16).decode()
    for arguments in (
        {"code": "cash", **ALWAYS, "after": cursor},
        {"code": "wallet", **FEBRUARY, "after": cursor},
        {"code": "wallet", **ALWAYS, "clock": "RECORDED", "before": cursor},
        {"code": "wallet", **ALWAYS, "after": beyond_time},
    ):
        body = (await api.send(STATEMENT, arguments)).json()
        assert "not a cursor of this list" in body["errors"][0]["message"]
        assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_statements_of_many_accounts_each_have_their_own(api: Api) -> None:
    await open_accounts(api)
    names = [f"user:{number}" for number in range(5)]
    for name in names:
        await api.open_account(name)
    soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    legs = [("cash", name, f"{number + 1}.00") for number, name in enumerate(names)]
    await api.post_batch([transaction(f"{leg[1]} now", leg) for leg in legs])
    await api.post_batch([transaction(f"{leg[1]} soon", leg, effectiveAt=soon) for leg in legs])
    data = await api(
        """query ($from: DateTime!, $to: DateTime!, $today: DateTime!) {
            accounts(filter: { codePrefix: "user:" }) { nodes {
                code
                all: statement(from: $from, to: $to) {
                    closing entries(last: 1) { totalCount nodes { amount effectiveAt } }
                }
                today: statement(from: $from, to: $today) {
                    closing entries { totalCount nodes { amount } }
                }
            } }
        }""",
        **ALWAYS,
        today=(datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    )
    for number, account in enumerate(data["accounts"]["nodes"], start=1):
        assert account["all"]["closing"] == f"{2 * number}.00"
        assert account["all"]["entries"]["totalCount"] == 2
        [last] = account["all"]["entries"]["nodes"]
        assert datetime.fromisoformat(last["effectiveAt"]) == datetime.fromisoformat(soon)
        assert account["today"]["closing"] == f"{number}.00"
        assert account["today"]["entries"]["nodes"] == [{"amount": f"{number}.00"}]
