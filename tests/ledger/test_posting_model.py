"""``decide`` against a naive model of the rules, over random histories: alone, batched, atomic."""

from collections.abc import Sequence
from fractions import Fraction
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import Phase, find, given, settings

from ledger.accounts import Account
from ledger.posting import Outcome, Posted, Replayed
from ledger.refusals import BatchRefused, IdempotencyConflict, InvalidInput, PostingRefusal
from tests.ledger.examples import NOON, kind
from tests.ledger.histories import MANY, History, histories, in_batches, sizes
from tests.ledger.naive_model import Answer, NaiveAccount, NaiveLedger, Name
from tests.ledger.stored import Stored


def one_by_one(history: History) -> tuple[Stored, list[Outcome]]:
    """Every request alone, after what those before it left in the database."""
    stored = Stored(history.accounts)
    outcomes = [
        outcome
        for numbered in history.requests()
        for outcome in stored.decide([numbered], clock=NOON, atomic=False).outcomes
    ]
    return stored, outcomes


def naive(accounts: tuple[Account, ...]) -> NaiveLedger:
    """The same accounts for the naive model: in major units, by both their names."""
    named: dict[Name, NaiveAccount] = {}
    for account in accounts:
        unit = 10**account.exponent
        named[account.account_id] = named[account.code] = NaiveAccount(
            currency=account.currency,
            decimals=account.exponent,
            grows_by=account.normal_side.lower(),
            state=account.state,
            floor=None if account.floor is None else Fraction(account.floor, unit),
            ceiling=None if account.ceiling is None else Fraction(account.ceiling, unit),
            posted={
                "debit": Fraction(account.debits_posted, unit),
                "credit": Fraction(account.credits_posted, unit),
            },
            pending={
                "debit": Fraction(account.debits_pending, unit),
                "credit": Fraction(account.credits_pending, unit),
            },
        )
    return NaiveLedger(named)


def answer(number: int, outcome: Outcome) -> Answer:
    """An outcome as the naive model says it; ``number`` is the request's."""
    match outcome:
        case Posted():
            assert outcome.recorded.transaction_id == UUID(int=number)
            return kind(outcome), ""
        case Replayed():
            return kind(outcome), str(outcome.transaction_id.int)
        case IdempotencyConflict():
            return outcome.code, outcome.field
        case BatchRefused():
            return outcome.code, str(outcome.refused_index)
        case _:
            assert outcome.path[:3] == ("input", "transactions", str(number))
            return outcome.code, ".".join(outcome.path[3:])


def assert_same_books(stored: Stored, model: NaiveLedger) -> None:
    for account in stored.accounts.values():
        kept = model.accounts[account.code].posted
        unit = 10**account.exponent
        assert Fraction(account.debits_posted, unit) == kept["debit"]
        assert Fraction(account.credits_posted, unit) == kept["credit"]


@MANY
@given(histories())
def test_every_outcome_and_every_balance_is_the_naive_models(history: History) -> None:
    stored, outcomes = one_by_one(history)
    model = naive(history.accounts)
    answers = [model.decide(ask) for ask in history.asks]
    assert [answer(n, outcome) for n, outcome in enumerate(outcomes)] == answers
    assert_same_books(stored, model)


@MANY
@given(histories())
def test_one_batch_gives_exactly_the_outcomes_and_books_of_the_same_requests_one_by_one(
    history: History,
) -> None:
    stored, outcomes = one_by_one(history)
    together = Stored(history.accounts)
    batch = together.decide(history.requests(), clock=NOON, atomic=False)
    assert batch.outcomes == outcomes
    assert together.counters() == stored.counters()
    assert together.recorded == stored.recorded


@MANY
@given(histories(), sizes)
def test_so_does_every_way_to_split_the_requests_into_batches(
    history: History, sizes: list[int]
) -> None:
    stored, outcomes = one_by_one(history)
    split = Stored(history.accounts)
    decisions = [
        split.decide(batch, clock=NOON, atomic=False)
        for batch in in_batches(history.requests(), sizes)
    ]
    assert [outcome for decision in decisions for outcome in decision.outcomes] == outcomes
    assert split.counters() == stored.counters()
    assert split.recorded == stored.recorded


@MANY
@given(histories(), sizes)
def test_an_atomic_batch_happens_as_if_it_were_not_atomic_or_not_at_all(
    history: History, sizes: list[int]
) -> None:
    stored = Stored(history.accounts)
    for batch in in_batches(history.requests(), sizes):
        before = dict(stored.accounts), dict(stored.recorded), list(stored.entries)
        otherwise = Stored(stored.accounts.values())
        otherwise.recorded = dict(stored.recorded)
        apart = otherwise.decide(batch, clock=NOON, atomic=False).outcomes
        decision = stored.decide(batch, clock=NOON, atomic=True)
        refused = [n for n, one in enumerate(apart) if not isinstance(one, Posted | Replayed)]
        if not refused:
            assert decision.outcomes == apart
            assert stored.accounts == otherwise.accounts
            continue
        assert not decision.books
        assert (stored.accounts, stored.recorded, stored.entries) == before
        for n, ((request, _), outcome) in enumerate(zip(batch, decision.outcomes, strict=True)):
            said = BatchRefused(path=request.path, refused_index=refused[0])
            assert outcome == (told_apart(apart, n) if n in refused else said)


def told_apart(apart: Sequence[Outcome], n: int) -> Outcome:
    """A refusal, but for a conflict with a transaction that is refused with it."""
    unwritten = {one.recorded.transaction_id for one in apart if isinstance(one, Posted)}
    refusal = apart[n]
    if isinstance(refusal, IdempotencyConflict) and refusal.transaction_id in unwritten:
        problem = f"the key stands in this batch before, with a different {refusal.field}"
        return InvalidInput(path=refusal.path, problem=problem)
    return refusal


@MANY
@given(histories(), sizes)
def test_atomic_batches_are_those_of_the_naive_model(history: History, sizes: list[int]) -> None:
    stored, model = Stored(history.accounts), naive(history.accounts)
    done = 0
    for batch in in_batches(history.requests(), sizes):
        outcomes = stored.decide(batch, clock=NOON, atomic=True).outcomes
        answers = model.decide_together(list(history.asks[done : done + len(batch)]))
        assert [answer(n, outcome) for n, outcome in enumerate(outcomes, start=done)] == answers
        done += len(batch)
    assert_same_books(stored, model)


@pytest.mark.parametrize(
    "wanted", ["POSTED", "REPLAYED", *(each.code for each in get_args(PostingRefusal))]
)
def test_histories_reach_every_outcome(wanted: str) -> None:
    def reached(history: History) -> bool:
        outcomes = Stored(history.accounts).decide(
            history.requests(), clock=NOON, atomic=wanted == BatchRefused.code
        )
        return wanted in {kind(outcome) for outcome in outcomes.outcomes}

    find(histories(), reached, settings=settings(MANY, max_examples=5000, phases=[Phase.generate]))
