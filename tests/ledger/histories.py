"""Random histories: a few accounts with all that can be the matter with them, and what is asked.

A history has rounds; between two of them the clock moves on, and accounts may be frozen or opened
again, or what has expired may be swept. Each account, request and round is drawn as one number,
which with its place seeds all that is random in it; a request whose number is 0 is left out, so
that a failing history shrinks to the requests that matter.

``FLORIN_HYPOTHESIS_EXAMPLES`` is how many histories each property is held against.
"""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ledger import transactions
from ledger.accounts import Account, AccountState, Side
from ledger.amounts import MINOR_UNITS_MAX
from ledger.paths import Path
from ledger.transactions import AccountKey, Malformed, Request, TransactionKey
from tests.ledger import examples, random_asks
from tests.ledger.asks import Ask, Capture, Name, Post, Reverse, Void
from tests.ledger.random_asks import Known
from tests.ledger.stored import Numbered

seeds = st.integers(0, 2**64 - 1)
# In how many requests a round is sent at a time, over and over.
sizes = st.lists(st.integers(1, 6), min_size=1, max_size=4)

settings.register_profile(
    "many histories",
    settings(),
    max_examples=int(os.environ.get("FLORIN_HYPOTHESIS_EXAMPLES", "600")),
    # A history is large: that it takes its time is no sign of a bad strategy.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
MANY: Final = settings.get_profile("many histories")

CURRENCIES = [("EUR", "JPY"), ("EUR", "USD"), ("USD", "BHD"), ("ETH", "JPY"), ("TINY", "EUR")]
EXPONENTS = {"EUR": 2, "USD": 2, "BHD": 3, "JPY": 0, "ETH": 18, "TINY": 30}
SIDES: list[Side] = ["DEBIT", "CREDIT"]
STATES: list[AccountState] = ["OPEN", "FROZEN", "CLOSED"]
# How far the clock moves between two rounds, in seconds.
TICKS = [1, 1, 5, 60, 3600, 86400, 200 * 86400]

# Major units; FULL stands for nearly all that 38 digits hold.
FULL = -1
POSTED = [0, 5, 10, 20, 50, 50, 100, 100, 100, FULL]
PENDING = [0, 0, 0, 0, 3, 8]
FLOORS = [*[None] * 7, 0, 0, -5, -30, -30, 10]
ROOMS = [*[None] * 9, 0, 10, 30, 100, 100]


class Round(NamedTuple):
    """What happens to the ledger, and what is then asked of it at one time."""

    clock: datetime
    is_swept: bool
    states: tuple[tuple[str, AccountState], ...]
    asks: tuple[Ask, ...]


class History(NamedTuple):
    """Where a ledger stands, and what becomes of it."""

    accounts: tuple[Account, ...]
    rounds: tuple[Round, ...]

    def __repr__(self) -> str:
        """One line each, cut where it is long: a malformed request may be very long."""
        lines = ["History of", *(repr(account) for account in self.accounts)]
        for one in self.rounds:
            lines.append(f"at {one.clock}, swept: {one.is_swept}, {dict(one.states)}:")
            lines += [f"  {repr(ask)[:600]}" for ask in one.asks]
        return "\n  ".join(lines)

    def numbered(self) -> list[tuple[Round, list[Numbered]]]:
        """What is asked in each round, as the ledger takes it; each request has its number."""
        rounds: list[tuple[Round, list[Numbered]]] = []
        n = 0
        for one in self.rounds:
            batch = [(request(n + i, ask), UUID(int=n + i)) for i, ask in enumerate(one.asks)]
            rounds.append((one, batch))
            n += len(batch)
        return rounds


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Histories of two currencies."""
    currencies = draw(st.sampled_from(CURRENCIES))
    accounts = [
        _account(_random(n, seed), f"a{n}", currencies[n in {2, 3}])
        for n, seed in enumerate(draw(st.lists(seeds, min_size=4, max_size=6)))
    ]
    known = [Known(one.code, one.account_id, one.currency) for one in accounts]
    asks: list[Ask] = []
    rounds: list[Round] = []
    clock = examples.NOON
    for n, seed in enumerate(draw(st.lists(seeds, min_size=3, max_size=5))):
        before = len(asks)
        random = _random(n, seed)
        clock += timedelta(seconds=random.choice(TICKS) if n else 0)
        is_swept, states = random.random() < 0.4, _states(random, accounts)
        for one in draw(st.lists(seeds, min_size=4, max_size=8)):
            if one:
                place = f"{n} {len(asks)}"
                asks.append(random_asks.next_ask(_random(place, one), known, asks, clock))
        rounds.append(Round(clock, is_swept, states, tuple(asks[before:])))
    return History(tuple(accounts), tuple(rounds))


def in_batches(requests: Sequence[Numbered], sizes: Sequence[int]) -> list[Sequence[Numbered]]:
    """The requests in batches of these sizes."""
    batches: list[Sequence[Numbered]] = []
    rest = requests
    while rest:
        size = sizes[len(batches) % len(sizes)]
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


def request(number: int, ask: Ask) -> Request | Malformed:
    """An ask as the ledger takes it."""
    path: Path = ("input", "items", str(number))
    match ask:
        case Post():
            return transactions.request(
                path=path,
                idempotency_key=ask.key,
                postings=[
                    (AccountKey(debit, str(debit)), AccountKey(credit, str(credit)), amount)
                    for debit, credit, amount in ask.postings
                ],
                description=ask.description,
                metadata_object=ask.metadata,
                effective_at=ask.effective_at,
                pending=ask.pending,
                expires_at=ask.expires_at,
            )
        case Capture():
            return transactions.capture(
                path=path,
                idempotency_key=ask.key,
                transaction=_transaction(ask.transaction),
                amount_texts=ask.amounts,
            )
        case Void():
            return transactions.void(
                path=path, idempotency_key=ask.key, transaction=_transaction(ask.transaction)
            )
        case Reverse():
            return transactions.reversal(
                path=path,
                idempotency_key=ask.key,
                transaction=_transaction(ask.transaction),
                description=ask.description,
                metadata_object=ask.metadata,
                effective_at=ask.effective_at,
            )


def _transaction(name: Name) -> TransactionKey:
    return TransactionKey(name, str(name))


def _random(place: int | str, seed: int) -> Random:
    return Random(f"{place} {seed}")  # noqa: S311 - nothing here is secret


def _states(random: Random, accounts: Sequence[Account]) -> tuple[tuple[str, AccountState], ...]:
    """Now and then an account is frozen or opened; what is closed stays so."""
    open_states: list[AccountState] = ["OPEN", "OPEN", "OPEN", "FROZEN"]
    return tuple(
        (account.code, random.choice(open_states))
        for account in accounts
        if account.state != "CLOSED" and random.random() < 0.06
    )


def _account(random: Random, code: str, currency: str) -> Account:
    unit = 10 ** EXPONENTS[currency]
    full = MINOR_UNITS_MAX // unit - random.choice([10, 20])
    debits, credits_ = (random.choice(POSTED) for _ in SIDES)
    debits_pending, credits_pending = (random.choice(PENDING) * unit for _ in SIDES)
    floor, room = random.choice(FLOORS), random.choice(ROOMS)
    version = random.choice([0, 1, 7])
    (state,) = random.choices(STATES, weights=[150, 1, 1])
    return examples.account(
        code,
        currency=currency,
        exponent=EXPONENTS[currency],
        normal_side=random.choice(SIDES),
        state=state,
        floor=None if floor is None else floor * unit,
        ceiling=None if room is None else ((floor or 0) + room) * unit,
        debits_posted=(full if debits == FULL else debits) * unit,
        credits_posted=(full if credits_ == FULL else credits_) * unit,
        debits_pending=debits_pending,
        credits_pending=credits_pending,
        version=version,
        last_entry_at=examples.NOON if version else None,
    )
