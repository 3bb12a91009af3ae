"""What an accepted request makes: entries that balance, books that follow, a time that advances."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import posting, transactions
from ledger.accounts import Account, Side
from ledger.amounts import MINOR_UNITS_MAX
from ledger.posting import Posted
from ledger.records import Entry, Record, RecordedPosting
from tests.ledger.examples import (
    NOON,
    account,
    by_id,
    decide,
    id_of,
    outcome,
    posted,
    request,
    transaction_ids,
)

CASH = account("cash", normal_side="DEBIT")
WALLET = account("wallet")
MICROSECOND = timedelta(microseconds=1)


def test_a_posting_debits_one_account_and_credits_the_other_by_the_same_amount() -> None:
    (transaction_id,) = transaction_ids(1)
    assert posted(request(("cash", "wallet", "12.30")), CASH, WALLET).entries == (
        Entry(CASH.account_id, 1, transaction_id, 0, "DEBIT", 1230, 1230, 1230),
        Entry(WALLET.account_id, 1, transaction_id, 0, "CREDIT", 1230, 1230, 0),
    )


def test_every_posting_makes_its_debit_entry_then_its_credit_entry() -> None:
    made = request(("cash", "wallet", "3"), ("wallet", "cash", "1"), ("cash", "wallet", "1"))
    entries = posted(made, CASH, WALLET).entries
    assert [(entry.position, entry.side, entry.account_id) for entry in entries] == [
        (0, "DEBIT", id_of("cash")),
        (0, "CREDIT", id_of("wallet")),
        (1, "DEBIT", id_of("wallet")),
        (1, "CREDIT", id_of("cash")),
        (2, "DEBIT", id_of("cash")),
        (2, "CREDIT", id_of("wallet")),
    ]


def test_each_entry_is_its_accounts_next_version() -> None:
    cash, wallet = account("cash", version=7), account("wallet", version=100)
    entries = posted(
        request(("cash", "wallet", "3"), ("wallet", "cash", "1")), cash, wallet
    ).entries
    assert [entry.version for entry in entries] == [8, 101, 102, 9]


@pytest.mark.parametrize(
    ("normal_side", "balances"), [("DEBIT", [1600, 1200]), ("CREDIT", [-1600, -1200])]
)
def test_an_entry_carries_the_balance_that_it_leaves(
    normal_side: Side, balances: list[int]
) -> None:
    one = account("one", normal_side=normal_side, debits_posted=2000, credits_posted=500)
    entries = posted(request(("one", "wallet", "1"), ("wallet", "one", "4")), one, WALLET).entries
    of_one = [entry.balance_after for entry in entries if entry.account_id == one.account_id]
    assert of_one == balances


def test_a_balance_does_not_count_what_is_pending() -> None:
    one = account("one", credits_posted=500, credits_pending=100, debits_pending=70)
    entries = posted(request(("cash", "one", "1")), CASH, one).entries
    assert entries[1].balance_after == 600


@pytest.mark.parametrize(
    ("exponent", "text", "minor_units"),
    [(0, "12", 12), (2, "12", 1200), (2, "12.3", 1230), (3, "0.001", 1), (18, "1", 10**18)],
)
def test_amounts_are_recorded_in_minor_units_of_their_currency(
    exponent: int, text: str, minor_units: int
) -> None:
    accounts = [account(code, currency="COIN", exponent=exponent) for code in ("one", "two")]
    accepted = posted(request(("one", "two", text)), *accounts)
    assert [entry.amount for entry in accepted.entries] == [minor_units, minor_units]
    assert accepted.recorded.postings[0].amount == minor_units


def test_the_record_keeps_what_a_replay_is_held_against() -> None:
    made = request(("cash", "wallet", "5"), ("wallet", "cash", "1.50"), key="k", description="d")
    assert posted(made, CASH, WALLET).recorded == Record(
        transaction_id=transaction_ids(1)[0],
        idempotency_key="k",
        fingerprint=transactions.fingerprint(made),
        postings=(
            RecordedPosting(id_of("cash"), id_of("wallet"), 500),
            RecordedPosting(id_of("wallet"), id_of("cash"), 150),
        ),
    )


def test_an_accepted_request_is_handed_back_to_be_written() -> None:
    made = request(("cash", "wallet", "5"), description="Top-up", metadata={"order": 7})
    decision = decide(made, accounts=[CASH, WALLET])
    assert [accepted.request for accepted in decision.posted] == [made]


def test_an_account_is_the_same_account_by_its_id_and_by_its_code() -> None:
    made = request(("cash", "wallet", "5"), (by_id("wallet"), by_id("cash"), "5"))
    decision = decide(made, accounts=[CASH, WALLET])
    assert {book.account.code: book.version for book in decision.books} == {"cash": 2, "wallet": 2}


def test_a_code_that_looks_like_an_id_is_a_code() -> None:
    odd = account(str(id_of("cash")))
    entries = posted(request(("cash", odd.code, "5")), CASH, odd).entries
    assert [entry.account_id for entry in entries] == [CASH.account_id, odd.account_id]


def test_the_books_are_those_of_the_accounts_that_change_and_no_others() -> None:
    idle = account("idle", credits_posted=500)
    decision = decide(
        request(("cash", "wallet", "5"), ("wallet", "cash", "2")), accounts=[CASH, WALLET, idle]
    )
    assert {
        book.account.code: (book.debits_posted, book.credits_posted) for book in decision.books
    } == {"cash": (500, 200), "wallet": (200, 500)}


def test_a_refused_request_changes_no_books() -> None:
    frozen = account("frozen", state="FROZEN")
    decision = decide(
        request(("cash", "wallet", "5"), ("cash", "frozen", "5")), accounts=[CASH, WALLET, frozen]
    )
    assert not decision.books
    assert not decision.posted


def test_a_hundred_postings_happen_together() -> None:
    accounts = [account(str(number)) for number in range(101)]
    made = request(*[(str(number), str(number + 1), "1") for number in range(100)])
    decision = decide(made, accounts=accounts)
    assert isinstance(decision.outcomes[0], Posted)
    assert len(decision.books) == 101
    assert len(decision.posted[0].entries) == 200


def test_every_transaction_has_the_id_it_was_given() -> None:
    ids = [UUID(int=70), UUID(int=80)]
    decision = posting.decide(
        [request(("cash", "wallet", "1"), key="one"), request(("cash", "wallet", "1"), key="two")],
        accounts=[CASH, WALLET],
        recorded=[],
        recorded_at=NOON,
        transaction_ids=ids,
        atomic=False,
    )
    assert [one.recorded.transaction_id for one in decision.posted] == ids
    assert [entry.transaction_id for one in decision.posted for entry in one.entries] == [
        ids[0],
        ids[0],
        ids[1],
        ids[1],
    ]


def test_deciding_leaves_the_accounts_it_was_given_as_they_were() -> None:
    cash, wallet = account("cash"), account("wallet")
    made = request(("cash", "wallet", "5"))
    assert outcome(made, cash, wallet) == outcome(made, cash, wallet)
    assert (cash, wallet) == (account("cash"), account("wallet"))


@given(
    st.integers(min_value=1, max_value=MINOR_UNITS_MAX),
    st.sampled_from(["DEBIT", "CREDIT"]),
    st.sampled_from(["DEBIT", "CREDIT"]),
)
def test_what_is_moved_there_and_back_leaves_every_balance(
    amount: int, one_side: Side, two_side: Side
) -> None:
    accounts = [
        account(code, currency="COIN", exponent=0, normal_side=side)
        for code, side in (("one", one_side), ("two", two_side))
    ]
    decision = decide(
        request(("one", "two", str(amount)), ("two", "one", str(amount))), accounts=accounts
    )
    assert [book.balance for book in decision.books] == [0, 0]
    assert [book.debits_posted for book in decision.books] == [amount, amount]


def _last_at(*moments: timedelta | None) -> list[Account]:
    return [
        account(str(number), last_entry_at=None if moment is None else NOON + moment)
        for number, moment in enumerate(moments)
    ]


@pytest.mark.parametrize("accounts", [[], _last_at(None, None), _last_at(-MICROSECOND, None)])
def test_the_recorded_time_is_the_clocks(accounts: list[Account]) -> None:
    assert posting.recorded_time(NOON, accounts) == NOON


@pytest.mark.parametrize("ahead", [timedelta(0), MICROSECOND, timedelta(days=400)])
def test_the_recorded_time_never_runs_backwards(ahead: timedelta) -> None:
    accounts = _last_at(timedelta(hours=-1), None, ahead, timedelta(hours=-2))
    assert posting.recorded_time(NOON, accounts) == NOON + ahead + MICROSECOND
