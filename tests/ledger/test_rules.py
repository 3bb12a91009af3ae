"""The nine rules of money, each by its number, in as few lines as it takes to see that it is kept.

Every rule has tests of its own for all that is in it: test_posting_idempotency and
test_resolution_idempotency (1), the two of refusal order (2), test_posting_limits and test_holds
(3), test_captures and test_expiry (4), test_posting_batches and test_resolution_batches (5),
test_amounts and test_posting_refusals (6), test_reversals (7), test_effective_times and test_shifts
(8). All of them at once are held against a naive model over random histories (test_posting_model).
"""

from datetime import timedelta

from ledger.refusals import BatchRefused, IdempotencyConflict
from ledger.transactions import Request
from tests.ledger.examples import (
    NOON,
    account,
    capture,
    hold,
    kind,
    request,
    reversal,
    sent,
    void,
)
from tests.ledger.stored import Stored

PAY = request(("wallet", "shop", "10"), key="pay")
EXPIRY = NOON + timedelta(hours=1)


def ledger(balance: int = 5000) -> Stored:
    """A wallet that may not be overdrawn, with so many dollars, and a shop."""
    wallet = account("wallet", floor=0, credits_posted=100 * balance)
    return Stored([wallet, account("shop"), account("yen", currency="JPY", exponent=0)])


def kinds(stored: Stored, *requests: Request, atomic: bool = False) -> list[str]:
    return [kind(it) for it in stored.send(*requests, atomic=atomic)]


def test_rule_1_the_same_request_with_its_key_is_done_once_and_another_is_a_conflict() -> None:
    stored = ledger()
    assert kinds(stored, PAY, PAY) == ["POSTED", "REPLAYED"]
    (conflict,) = stored.send(request(("wallet", "shop", "11"), key="pay"))
    assert isinstance(conflict, IdempotencyConflict)
    assert conflict.field == "postings.0.amount"
    assert stored.account("shop").credits_posted == 1000


def test_rule_1_only_successes_bind_a_key() -> None:
    stored = ledger(balance=0)
    fund = request(("shop", "wallet", "10"), key="fund")
    assert kinds(stored, PAY, fund, PAY) == ["INSUFFICIENT_FUNDS", "POSTED", "POSTED"]


def test_rule_2_the_same_request_gets_the_same_refusal_alone_and_in_a_batch() -> None:
    bad = request(("wallet", "nobody", "0.001"), ("wallet", "yen", "9999999"), key="bad")
    (alone,) = ledger().send(bad)
    assert kind(alone) == "ACCOUNT_NOT_FOUND"
    assert ledger().send(PAY, bad)[1] == alone
    assert ledger().send(PAY, bad, atomic=True)[1] == alone


def test_rule_3_five_holds_of_1000_on_a_balance_of_5000_leave_nothing_for_a_sixth() -> None:
    six = [hold(("wallet", "shop", "1000"), key=f"hold {n}") for n in range(6)]
    assert kinds(ledger(), *six) == ["PENDING"] * 5 + ["INSUFFICIENT_FUNDS"]


def test_rule_4_no_more_than_is_held_is_captured_and_the_rest_is_released() -> None:
    stored = ledger(balance=20)
    assert kinds(
        stored,
        hold(("wallet", "shop", "20")),
        capture("hold", "20.01"),
        capture("hold", "5"),
        request(("wallet", "shop", "15"), key="the rest"),
    ) == ["PENDING", "AMOUNT_EXCEEDS_HOLD", "CAPTURED", "POSTED"]


def test_rule_4_a_hold_ends_once_and_says_how() -> None:
    made = hold(("wallet", "shop", "20"))
    again = capture(key="again"), void(key="void again")
    assert kinds(ledger(), made, capture(), *again)[2:] == ["ALREADY_CAPTURED"] * 2
    assert kinds(ledger(), made, void(), *again)[2:] == ["ALREADY_VOIDED"] * 2
    stored = ledger()
    stored.send(hold(("wallet", "shop", "20"), expires_at=EXPIRY))
    assert [kind(it) for it in stored.send(*again, at=EXPIRY)] == ["HOLD_EXPIRED"] * 2


def test_rule_4_an_expired_hold_gives_its_funds_back() -> None:
    stored = ledger(balance=20)
    stored.send(hold(("wallet", "shop", "20"), expires_at=EXPIRY))
    assert kind(stored.send(PAY, at=EXPIRY - timedelta(microseconds=1))[0]) == "INSUFFICIENT_FUNDS"
    assert kind(stored.send(PAY, at=EXPIRY)[0]) == "POSTED"


def test_rule_5_a_batch_is_a_sequence() -> None:
    fund = request(("shop", "wallet", "10"), key="fund")
    assert kinds(ledger(balance=0), PAY, fund) == ["INSUFFICIENT_FUNDS", "POSTED"]
    assert kinds(ledger(balance=0), fund, PAY) == ["POSTED", "POSTED"]
    assert kinds(ledger(), hold(("wallet", "shop", "1")), capture(), reversal("hold")) == [
        "PENDING",
        "CAPTURED",
        "POSTED",
    ]


def test_rule_5_in_an_atomic_batch_one_refusal_refuses_all() -> None:
    stored = ledger()
    before = stored.counters()
    batch: list[Request] = [PAY, hold(("wallet", "shop", "1")), capture("nothing"), capture()]
    refused = stored.send(*batch, atomic=True)
    said = BatchRefused(path=("input",), refused_index=2)
    assert refused[:2] == [said, said]
    assert kind(refused[2]) == "TRANSACTION_NOT_FOUND"
    assert (stored.counters(), stored.transactions) == (before, {})
    assert kinds(stored, *batch) == ["POSTED", "PENDING", "TRANSACTION_NOT_FOUND", "CAPTURED"]


def test_rule_6_what_is_not_an_exact_positive_amount_is_refused_and_never_rounded() -> None:
    for text in ("0", "-1", "NaN", "1e3", "0.001", "9" * 37):
        assert kind(ledger().send(sent(("wallet", "shop", text)))[0]) == "INVALID_AMOUNT"
    assert kind(ledger().send(request(("wallet", "wallet", "1")))[0]) == "SAME_ACCOUNT"


def test_rule_6_counters_never_wrap() -> None:
    stored = Stored([account("one"), account("two")])
    most = "9" * 36 + ".99"
    assert kinds(
        stored,
        request(("one", "two", most), key="all"),
        request(("one", "two", "0.01"), key="one more"),
        hold(("one", "two", "0.01")),
        request(("two", "one", most), key="back"),
        reversal("back"),
    ) == ["POSTED", "INVALID_AMOUNT", "INVALID_AMOUNT", "POSTED", "INVALID_AMOUNT"]


def test_rule_7_a_reversal_posts_the_mirror_image_once() -> None:
    stored = ledger()
    assert kinds(stored, PAY, reversal("pay"), reversal("pay", key="again")) == [
        "POSTED",
        "POSTED",
        "ALREADY_REVERSED",
    ]
    assert stored.counters()["wallet"] == (1000, 501_000, 0, 0, 2)
    assert stored.counters()["shop"] == (1000, 1000, 0, 0, 2)


def test_rule_7_reversing_spent_funds_meets_the_floor() -> None:
    fund, spend = request(("shop", "wallet", "10"), key="fund"), PAY
    assert kinds(ledger(balance=0), fund, spend, reversal("fund"))[2] == "INSUFFICIENT_FUNDS"


def test_rule_8_backdating_leaves_recorded_history_as_it_was() -> None:
    stored = ledger()
    stored.send(PAY)
    before = list(stored.entries)
    stored.send(request(("wallet", "shop", "1"), effective_at=NOON - timedelta(days=30)))
    assert stored.entries[: len(before)] == before
    assert [it.entry.version for it in stored.entries] == [1, 1, 2, 2]
    assert all(it.recorded_at >= NOON for it in stored.entries)


def test_rule_9_a_closed_account_takes_nothing_more() -> None:
    """That only an empty account is closed is the mutation's to see, under the account's lock."""
    stored = ledger()
    stored.send(PAY)
    stored.set_state("shop", "CLOSED")
    assert (
        kinds(
            stored,
            request(("wallet", "shop", "1")),
            hold(("wallet", "shop", "1")),
            reversal("pay"),
        )
        == ["ACCOUNT_CLOSED"] * 3
    )
