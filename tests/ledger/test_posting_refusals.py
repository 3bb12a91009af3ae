"""Each refusal says what, where and what to do, and is the same alone and in a batch."""

import pytest

from ledger.accounts import AccountState
from ledger.posting import Outcome, Posted, Replayed, Resolved
from ledger.refusals import (
    AccountClosed,
    AccountFrozen,
    AccountNotFound,
    CeilingExceeded,
    CurrencyMismatch,
    InsufficientFunds,
    InvalidAmount,
    SameAccount,
    message,
)
from ledger.transactions import AccountKey
from tests.ledger.examples import PATH, Leg, account, by_id, decide, id_of, outcome, request

CASH = account("cash", normal_side="DEBIT")
WALLET = account("wallet")
YEN = account("yen", currency="JPY", exponent=0)
MORE_YEN = account("more yen", currency="JPY", exponent=0)
FROZEN = account("frozen", state="FROZEN")
CLOSED = account("closed", state="CLOSED")
POOR = account("poor", floor=-1000, credits_posted=200, debits_pending=1150)
FULL = account("full", ceiling=5000, credits_posted=4000, credits_pending=990)
BRIMMING = account("brimming", credits_posted=10**38 - 50)
ACCOUNTS = (CASH, WALLET, YEN, MORE_YEN, FROZEN, CLOSED, POOR, FULL, BRIMMING)
FINE: Leg = ("cash", "wallet", "1")


def refused(*legs: Leg) -> Outcome:
    """What becomes of a request with one good posting before these."""
    return outcome(request(FINE, *legs), *ACCOUNTS)


@pytest.mark.parametrize(
    ("leg", "side", "shown"),
    [
        (("nobody", "wallet", "1"), "debit", "nobody"),
        (("wallet", "nobody", "1"), "credit", "nobody"),
        (("nobody", "no one", "1"), "debit", "nobody"),
        (("nobody", "nobody", "1"), "debit", "nobody"),
        ((by_id("nobody"), "wallet", "1"), "debit", "acct_nobody"),
        (("wallet", AccountKey(None, "acct_???"), "1"), "credit", "acct_???"),
        (("wallet", AccountKey(None, "a\x00"), "1"), "credit", "a\x00"),
        (("Wallet", "cash", "1"), "debit", "Wallet"),
    ],
)
def test_an_account_that_does_not_exist_is_named_as_it_was_sent(
    leg: Leg, side: str, shown: str
) -> None:
    refusal = refused(leg)
    assert refusal == AccountNotFound(path=(*PATH, "postings", "1", side), account=shown)
    assert message(refusal) == (
        f"There is no account {shown!r}. Open it first, or check the id or the code."
    )


def test_of_a_very_long_account_code_a_refusal_shows_the_beginning() -> None:
    refusal = refused(("n" * 10_000, "wallet", "1"))
    assert isinstance(refusal, AccountNotFound)
    assert refusal.account == "n" * 100 + "…"


@pytest.mark.parametrize(
    "leg",
    [("wallet", "wallet", "1"), ("wallet", by_id("wallet"), "1"), (by_id("wallet"),) * 2 + ("1",)],
)
def test_one_account_on_both_sides_is_refused(leg: Leg) -> None:
    refusal = refused(leg)
    assert refusal == SameAccount(
        path=(*PATH, "postings", "1"), account_id=id_of("wallet"), account_code="wallet"
    )
    assert message(refusal) == (
        "The posting debits and credits the same account 'wallet', which would move nothing. "
        "Name two accounts."
    )


@pytest.mark.parametrize(
    ("leg", "side"), [(("frozen", "wallet", "1"), "debit"), (("wallet", "frozen", "1"), "credit")]
)
def test_a_frozen_account_neither_gives_nor_takes(leg: Leg, side: str) -> None:
    refusal = refused(leg)
    assert refusal == AccountFrozen(
        path=(*PATH, "postings", "1", side), account_id=id_of("frozen"), account_code="frozen"
    )
    assert message(refusal) == "Account 'frozen' is frozen. Unfreeze it, or use another account."


@pytest.mark.parametrize(
    ("leg", "side"), [(("closed", "wallet", "1"), "debit"), (("wallet", "closed", "1"), "credit")]
)
def test_a_closed_account_takes_nothing_more(leg: Leg, side: str) -> None:
    refusal = refused(leg)
    assert refusal == AccountClosed(
        path=(*PATH, "postings", "1", side), account_id=id_of("closed"), account_code="closed"
    )
    assert message(refusal) == "Account 'closed' is closed for good. Use another account."


@pytest.mark.parametrize(("state", "other"), [("FROZEN", "CLOSED"), ("CLOSED", "FROZEN")])
def test_of_two_stopped_accounts_the_debited_one_is_named(
    state: AccountState, other: AccountState
) -> None:
    stopped = account("one", state=state), account("two", state=other)
    refusal = outcome(request(("one", "two", "1")), *stopped)
    assert isinstance(refusal, AccountFrozen | AccountClosed)
    assert refusal.account_code == "one"
    assert refusal.code == f"ACCOUNT_{state}"


def test_a_posting_between_two_currencies_is_refused() -> None:
    refusal = refused(("wallet", "yen", "1"))
    assert refusal == CurrencyMismatch(
        path=(*PATH, "postings", "1"),
        debit_id=id_of("wallet"),
        debit_code="wallet",
        debit_currency="USD",
        credit_id=id_of("yen"),
        credit_code="yen",
        credit_currency="JPY",
    )
    assert message(refusal) == (
        "Account 'wallet' holds USD, account 'yen' holds JPY; a posting moves one currency. "
        "Exchange through one trading account for each currency."
    )


def test_currencies_are_told_apart_even_with_one_exponent() -> None:
    euros = account("euros", currency="EUR")
    assert isinstance(outcome(request(("cash", "euros", "1")), CASH, euros), CurrencyMismatch)


def test_one_transaction_may_move_several_currencies() -> None:
    made = request(("cash", "wallet", "1"), ("yen", "more yen", "150"))
    assert isinstance(outcome(made, *ACCOUNTS), Posted)


@pytest.mark.parametrize(
    ("leg", "problem"),
    [
        (("cash", "wallet", "0.001"), "0.001 has 3 decimals; USD has 2"),
        (("cash", "wallet", "1.000"), "1.000 has 3 decimals; USD has 2"),
        (("yen", "more yen", "0.5"), "0.5 has 1 decimals; JPY has 0"),
        (("cash", "wallet", "0." + "0" * 40 + "1"), f"0.{'0' * 40}1 has 41 decimals; USD has 2"),
        (("yen", "more yen", "1" + "0" * 38), "the amount has more than 38 digits in minor units"),
        (("cash", "wallet", "9" * 37), "the amount has more than 38 digits in minor units"),
        (("cash", "wallet", "9" * 80), "the amount has more than 38 digits in minor units"),
    ],
)
def test_an_amount_that_its_currency_cannot_express_is_refused_and_never_rounded(
    leg: Leg, problem: str
) -> None:
    refusal = refused(leg)
    assert refusal == InvalidAmount(path=(*PATH, "postings", "1", "amount"), problem=problem)
    assert message(refusal) == f"input.postings.1.amount is refused: {problem}."


def test_an_overdraft_is_refused_with_what_is_there_and_what_is_asked() -> None:
    refusal = refused(("poor", "cash", "0.51"))
    assert refusal == InsufficientFunds(
        path=(*PATH, "postings", "1", "debit"),
        account_id=id_of("poor"),
        account_code="poor",
        currency="USD",
        available="-9.50",
        required="0.51",
        floor="-10.00",
    )
    assert message(refusal) == (
        "Account 'poor' has -9.50 USD available; the transaction takes 0.51 and would leave less "
        "than the floor of -10.00. Fund the account, take less, or lower its floor."
    )


def test_passing_a_ceiling_is_refused_with_what_is_there_and_what_is_added() -> None:
    refusal = refused(("cash", "full", "0.11"))
    assert refusal == CeilingExceeded(
        path=(*PATH, "postings", "1", "credit"),
        account_id=id_of("full"),
        account_code="full",
        currency="USD",
        posted="40.00",
        added="0.11",
        ceiling="50.00",
    )
    assert message(refusal) == (
        "Account 'full' has 40.00 USD; the transaction adds 0.11 and would pass the ceiling of "
        "50.00, pending amounts included. Add less, or raise the ceiling."
    )


def test_a_counter_that_would_pass_38_digits_is_refused() -> None:
    refusal = refused(("cash", "brimming", "0.50"))
    problem = "account 'brimming' would count more than 38 digits of USD in minor units"
    assert refusal == InvalidAmount(path=(*PATH, "postings", "1", "credit"), problem=problem)
    assert message(refusal) == f"input.postings.1.credit is refused: {problem}."


def test_a_limit_is_refused_where_the_transaction_first_names_the_account() -> None:
    refusal = refused(("cash", "poor", "0.10"), ("poor", "cash", "0.40"), ("poor", "cash", "0.40"))
    assert isinstance(refusal, InsufficientFunds)
    assert refusal.path == (*PATH, "postings", "1", "credit")
    assert refusal.required == "0.70"


def test_a_refusal_names_the_first_posting_that_deserves_it() -> None:
    refusal = refused(("cash", "ghost", "1"), ("nobody", "cash", "1"))
    assert refusal == AccountNotFound(path=(*PATH, "postings", "1", "credit"), account="ghost")


FAULTS: dict[str, Leg] = {
    "ACCOUNT_NOT_FOUND": ("nobody", "wallet", "1"),
    "SAME_ACCOUNT": ("wallet", "wallet", "1"),
    "ACCOUNT_FROZEN": ("frozen", "wallet", "1"),
    "ACCOUNT_CLOSED": ("wallet", "closed", "1"),
    "CURRENCY_MISMATCH": ("wallet", "yen", "1"),
    "INVALID_AMOUNT": ("cash", "wallet", "0.001"),
    "INSUFFICIENT_FUNDS": ("poor", "cash", "0.51"),
    "CEILING_EXCEEDED": ("cash", "full", "0.11"),
    "INVALID_AMOUNT of a counter": ("cash", "brimming", "0.50"),
}


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_gets_the_same_refusal_alone_and_in_a_batch(fault: str, *, atomic: bool) -> None:
    bad = request(FINE, FAULTS[fault], key="bad")
    alone = outcome(bad, *ACCOUNTS)
    assert not isinstance(alone, Posted | Resolved | Replayed)
    assert alone.code == fault.partition(" ")[0]
    batch = decide(
        request(FINE, key="before"),
        bad,
        request(FINE, key="after"),
        accounts=ACCOUNTS,
        atomic=atomic,
    )
    assert batch.outcomes[1] == alone
