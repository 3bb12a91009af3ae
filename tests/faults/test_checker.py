"""The checker finds what it is there to find: a check that cannot fail would prove nothing."""

from collections import Counter
from uuid import UUID

import psycopg
import pytest

from ledger import identifiers
from tests.api import Api
from tests.faults import checker, requests
from tests.faults.checker import Books, Found, Verdict
from tests.faults.load import CASH, WALLETS
from tests.faults.recorder import (
    Acknowledged,
    Asked,
    Attempt,
    Item,
    Movement,
    Outcome,
    Recorder,
    Unknown,
)

FIRST = Movement(CASH[0], WALLETS[0], 1_230)
SECOND = Movement(CASH[1], WALLETS[1], 5)
POST = Item("post", "post", (FIRST, SECOND))
HOLD = Item("hold", "hold", (FIRST,))
CAPTURE = Item("capture", "capture", hold="hold")
BATCH = Asked((Item("one", "post", (FIRST,)), Item("two", "post", (SECOND,))))
NEVER = UUID("0190aaaa-0000-7000-8000-000000000000")


async def recorded(api: Api, *wanted: Asked) -> Recorder:
    """Send requests and record their answers, as the load does."""
    for code in (*CASH[:2], *WALLETS[:2]):
        await api.open_account(code, floor=None)
    recorder = Recorder()
    for asked in wanted:
        recorder.sends(asked)
        answer = await api.client.post(
            "/graphql",
            content=requests.body(asked),
            headers={"content-type": "application/json"},
        )
        heard(recorder, asked, requests.outcome(asked, answer.status_code, answer.content))
    return recorder


def heard(recorder: Recorder, asked: Asked, outcome: Outcome) -> None:
    recorder.heard(Attempt(asked, 0.0, 1.0, outcome))


def books(database_url: str) -> Books:
    with psycopg.connect(database_url, autocommit=True) as conn:
        return checker.read(conn)


def only(found: Books, key: str) -> Found:
    (one,) = found.by_key[key]
    return one


async def everything(api: Api) -> Recorder:
    return await recorded(api, Asked((POST,)), Asked((HOLD,)), Asked((CAPTURE,)), BATCH)


async def test_what_was_acknowledged_and_is_there_once_is_sound(
    api: Api, database_url: str
) -> None:
    recorder = await everything(api)
    assert recorder.acknowledged == 5
    assert checker.check(recorder, books(database_url)) == Verdict(found=5)


async def test_an_acknowledged_posting_that_is_not_there_is_lost(
    api: Api, database_url: str
) -> None:
    recorder = await everything(api)
    ghost = Asked((Item("ghost", "post", (FIRST,)),))
    recorder.sends(ghost)
    heard(recorder, ghost, Acknowledged((NEVER,), (False,)))
    verdict = checker.check(recorder, books(database_url))
    assert (verdict.lost, verdict.doubled) == (1, 0)
    assert verdict.problems == ["lost: acknowledged, and not there: ghost"]


async def test_a_lost_capture_is_found(api: Api, database_url: str) -> None:
    recorder = await recorded(api, Asked((HOLD,)))
    asked = Asked((CAPTURE,))
    recorder.sends(asked)
    heard(recorder, asked, Acknowledged((NEVER,), (False,)))
    verdict = checker.check(recorder, books(database_url))
    assert (verdict.lost, verdict.doubled) == (1, 0)


async def test_a_posting_with_another_id_than_was_told_is_lost(api: Api, database_url: str) -> None:
    recorder = await everything(api)
    recorder.told["post"] = {NEVER}
    assert checker.check(recorder, books(database_url)).lost == 1


async def test_a_key_for_which_clients_were_told_two_ids_is_doubled(
    api: Api, database_url: str
) -> None:
    recorder = await everything(api)
    heard(recorder, Asked((POST,)), Acknowledged((NEVER,), (False,)))
    verdict = checker.check(recorder, books(database_url))
    assert (verdict.lost, verdict.doubled) == (0, 1)


async def test_a_transaction_that_is_there_twice_is_doubled(api: Api, database_url: str) -> None:
    recorder = await everything(api)
    found = books(database_url)
    found.by_key["post"] *= 2
    verdict = checker.check(recorder, found)
    assert verdict.doubled == 1
    assert any("balance" in problem for problem in verdict.problems)


async def test_entries_that_are_missing_or_too_many_are_found(api: Api, database_url: str) -> None:
    recorder = await everything(api)
    found = books(database_url)
    only(found, "post").entries["DEBIT", CASH[0], 1_230] += 1
    only(found, "one").entries = Counter()
    verdict = checker.check(recorder, found)
    assert (verdict.lost, verdict.doubled) == (1, 1)


async def test_a_request_that_is_there_in_part_is_found(api: Api, database_url: str) -> None:
    recorder = await everything(api)
    found = books(database_url)
    recorder.told.pop("one")
    recorder.told.pop("two")
    assert checker.check(recorder, found) == Verdict(found=5)
    del found.by_key["two"]
    problems = checker.check(recorder, found).problems
    assert "torn: a request is there in part: one, two" in problems


async def test_postings_that_nobody_asked_for_are_found(api: Api, database_url: str) -> None:
    recorder = await recorded(api, Asked((POST,)))
    await api.post("stranger", (CASH[0], WALLETS[0], "1.00"))
    problems = checker.check(recorder, books(database_url)).problems
    assert problems[0] == "invented: nobody asked for it: stranger"


async def test_other_postings_than_were_asked_for_are_lost(api: Api, database_url: str) -> None:
    recorder = await recorded(api, Asked((POST,)))
    recorder.asked[("post",)] = Asked((Item("post", "post", (SECOND, FIRST)),))
    assert checker.check(recorder, books(database_url)).lost == 1


async def test_a_balance_that_its_entries_do_not_explain_is_found(
    api: Api, database_url: str
) -> None:
    recorder = await everything(api)
    found = books(database_url)
    debits, *others = found.balances[CASH[0]]
    found.balances[CASH[0]] = (debits + 1, *others)
    (problem,) = checker.check(recorder, found).problems
    assert problem.startswith("a balance is not the sum of what is there: cash-0")


@pytest.mark.parametrize(
    ("outcome", "is_fine"),
    [
        (Acknowledged((NEVER,), (True,)), True),
        (Acknowledged((NEVER,), (False,)), False),
        (Unknown("503"), False),
    ],
)
async def test_a_retry_must_find_what_was_there(
    api: Api,
    database_url: str,
    outcome: Outcome,
    is_fine: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    await recorded(api, Asked((POST,)))
    problem = checker.check_settled(Asked((POST,)), outcome, books(database_url))
    assert (problem is None) is is_fine


async def test_ids_are_told_as_they_are_in_the_tables(api: Api, database_url: str) -> None:
    recorder = await recorded(api, Asked((POST,)))
    (told,) = recorder.told["post"]
    assert only(books(database_url), "post").transaction_id == told
    assert identifiers.render("txn", told).startswith("txn_")
