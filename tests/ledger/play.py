"""Plays a random history to the rules, in memory, and says what the naive model would say."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from ledger.accounts import Account
from ledger.posting import Outcome, Posted, Replayed, Resolved
from ledger.refusals import BatchRefused, IdempotencyConflict
from ledger.resolution_refusals import AlreadyReversed
from tests.ledger.asks import Answer, Name
from tests.ledger.examples import kind
from tests.ledger.histories import History, Round, in_batches
from tests.ledger.naive_books import NaiveAccount
from tests.ledger.naive_model import NaiveLedger, id_of
from tests.ledger.stored import Stored

ONE_BY_ONE = (1,)
WHOLE_ROUNDS = (1000,)


def played(
    history: History,
    sizes: Sequence[int] = ONE_BY_ONE,
    *,
    atomic: bool = False,
    clocks: Sequence[int] = (0,),
) -> tuple[Stored, list[Outcome]]:
    """What the database holds in the end, and every outcome.

    ``clocks`` are seconds that the clock is off in a round, over and over.
    """
    stored = Stored(history.accounts)
    outcomes: list[Outcome] = []
    for n, (one, requests) in enumerate(history.numbered()):
        clock = one.clock + timedelta(seconds=clocks[n % len(clocks)])
        turn(stored, one, clock)
        for batch in in_batches(requests, sizes):
            outcomes += stored.decide(batch, clock=clock, atomic=atomic).outcomes
    return stored, outcomes


def turn(stored: Stored, one: Round, clock: datetime) -> None:
    """What happens before a round's requests."""
    if one.is_swept:
        stored.sweep(clock)
    for code, state in one.states:
        stored.set_state(code, state)


def turn_model(model: NaiveLedger, one: Round) -> None:
    """The same in the naive model."""
    if one.is_swept:
        model.sweep(one.clock)
    for code, state in one.states:
        model.accounts[code].state = state


def naive(accounts: tuple[Account, ...]) -> NaiveLedger:
    """The same accounts for the naive model: in major units, by both their names."""
    named: dict[Name, NaiveAccount] = {}
    for account in accounts:
        unit = 10**account.exponent
        named[account.account_id] = named[account.code] = NaiveAccount(
            code=account.code,
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
            pending_before={
                "debit": Fraction(account.debits_pending, unit),
                "credit": Fraction(account.credits_pending, unit),
            },
        )
    return NaiveLedger(named)


def answer(number: int, outcome: Outcome) -> Answer:
    """An outcome as the naive model says it; ``number`` is the request's."""
    match outcome:
        case Posted():
            assert outcome.recorded.transaction_id == id_of(number)
            return kind(outcome), ""
        case Resolved():
            assert outcome.recorded.resolution_id == id_of(number)
            return kind(outcome), ""
        case Replayed():
            return kind(outcome), str(outcome.transaction_id.int)
        case IdempotencyConflict():
            return outcome.code, outcome.field
        case BatchRefused():
            return outcome.code, str(outcome.refused_index)
        case AlreadyReversed():
            return outcome.code, str(outcome.reversal_id.int)
        case _:
            assert outcome.path[:3] == ("input", "items", str(number))
            return outcome.code, ".".join(outcome.path[3:])


def assert_same_books(stored: Stored, model: NaiveLedger) -> None:
    """Every counter is the naive model's, and so is every transaction's state."""
    for account in stored.accounts.values():
        kept = model.counted(model.accounts[account.code])
        unit = 10**account.exponent
        assert Fraction(account.debits_posted, unit) == kept.posted["debit"]
        assert Fraction(account.credits_posted, unit) == kept.posted["credit"]
        assert Fraction(account.debits_pending, unit) == kept.pending["debit"]
        assert Fraction(account.credits_pending, unit) == kept.pending["credit"]
    assert {
        key.int: one.state_at(stored.recorded_at) for key, one in stored.transactions.items()
    } == {deed.number: deed.state(stored.recorded_at) for deed in model.deeds}
