"""``decide`` against a naive model of the rules, over random histories: alone, batched, atomic."""

import copy
from collections.abc import Sequence
from typing import get_args

import msgspec
import pytest
from hypothesis import Phase, find, given, settings

from ledger.posting import Outcome, Posted, Replayed, Resolved
from ledger.refusals import BatchRefused, IdempotencyConflict, InvalidInput, PostingRefusal
from tests.ledger.examples import kind
from tests.ledger.histories import MANY, History, histories, in_batches, sizes
from tests.ledger.play import (
    WHOLE_ROUNDS,
    answer,
    assert_same_books,
    naive,
    played,
    turn,
    turn_model,
)
from tests.ledger.stored import Stored


@MANY
@given(histories())
def test_every_outcome_and_every_balance_is_the_naive_models(history: History) -> None:
    stored, model = Stored(history.accounts), naive(history.accounts)
    for one, requests in history.numbered():
        turn(stored, one, one.clock)
        turn_model(model, one)
        for numbered, ask in zip(requests, one.asks, strict=True):
            (outcome,) = stored.decide([numbered], clock=one.clock, atomic=False).outcomes
            assert answer(numbered[1].int, outcome) == model.decide(ask, stored.recorded_at)
        assert_same_books(stored, model)


@MANY
@given(histories())
def test_one_batch_gives_exactly_the_outcomes_and_books_of_the_same_requests_one_by_one(
    history: History,
) -> None:
    assert_same_end(history, WHOLE_ROUNDS)


@MANY
@given(histories(), sizes)
def test_so_does_every_way_to_split_the_requests_into_batches(
    history: History, sizes: list[int]
) -> None:
    assert_same_end(history, sizes)


def assert_same_end(history: History, sizes: Sequence[int]) -> None:
    stored, outcomes = played(history)
    batched, batched_outcomes = played(history, sizes)
    assert [timeless(one) for one in batched_outcomes] == [timeless(one) for one in outcomes]
    assert batched.counters() == stored.counters()
    assert batched.settled() == stored.settled()
    assert [one.entry for one in batched.entries] == [one.entry for one in stored.entries]


def timeless(outcome: Outcome) -> Outcome:
    """An outcome but for when a hold was resolved: each batch is recorded at a time of its own."""
    if not isinstance(outcome, Resolved):
        return outcome
    recorded = outcome.recorded
    return Resolved(
        outcome.request, msgspec.structs.replace(recorded, resolved_at=None), outcome.entries
    )


@MANY
@given(histories(), sizes)
def test_an_atomic_batch_happens_as_if_it_were_not_atomic_or_not_at_all(
    history: History, sizes: list[int]
) -> None:
    stored = Stored(history.accounts)
    for one, requests in history.numbered():
        turn(stored, one, one.clock)
        for batch in in_batches(requests, sizes):
            before, otherwise = copy.deepcopy(stored), copy.deepcopy(stored)
            apart = otherwise.decide(batch, clock=one.clock, atomic=False).outcomes
            decision = stored.decide(batch, clock=one.clock, atomic=True)
            refused = [n for n, it in enumerate(apart) if not is_done(it)]
            if not refused:
                assert decision.outcomes == apart
                assert kept(stored) == kept(otherwise)
                continue
            assert not decision.changes
            assert not decision.books
            assert kept(stored) == kept(before)
            for n, ((request, _), outcome) in enumerate(zip(batch, decision.outcomes, strict=True)):
                said = BatchRefused(path=request.path, refused_index=refused[0])
                assert outcome == (told_apart(apart, n) if n in refused else said)


def is_done(outcome: Outcome) -> bool:
    return isinstance(outcome, Posted | Resolved | Replayed)


def kept(stored: Stored) -> tuple[object, ...]:
    return stored.accounts, stored.transactions, stored.entries


def told_apart(apart: Sequence[Outcome], n: int) -> Outcome:
    """A refusal, but for a conflict with a request that is refused with it."""
    unbound = {it.request.idempotency_key for it in apart if isinstance(it, Posted | Resolved)}
    refusal = apart[n]
    if isinstance(refusal, IdempotencyConflict) and refusal.idempotency_key in unbound:
        problem = f"the key stands in this batch before, with a different {refusal.field}"
        return InvalidInput(path=refusal.path, problem=problem)
    return refusal


@MANY
@given(histories(), sizes)
def test_atomic_batches_are_those_of_the_naive_model(history: History, sizes: list[int]) -> None:
    stored, model = Stored(history.accounts), naive(history.accounts)
    for one, requests in history.numbered():
        turn(stored, one, one.clock)
        turn_model(model, one)
        done = 0
        for batch in in_batches(requests, sizes):
            outcomes = stored.decide(batch, clock=one.clock, atomic=True).outcomes
            asks = one.asks[done : done + len(batch)]
            answers = model.decide_together(asks, stored.recorded_at)
            numbers = [transaction_id.int for _, transaction_id in batch]
            assert [answer(*it) for it in zip(numbers, outcomes, strict=True)] == answers
            done += len(batch)
        assert_same_books(stored, model)


KINDS = {"POSTED", "PENDING", "CAPTURED", "VOIDED", "REPLAYED"}


@pytest.mark.parametrize("wanted", [*sorted(KINDS), *(it.code for it in get_args(PostingRefusal))])
def test_histories_reach_every_outcome(wanted: str) -> None:
    def reached(history: History) -> bool:
        _, outcomes = played(history, WHOLE_ROUNDS, atomic=wanted == BatchRefused.code)
        return wanted in {kind(outcome) for outcome in outcomes}

    find(histories(), reached, settings=settings(MANY, max_examples=5000, phases=[Phase.generate]))
