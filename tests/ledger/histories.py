"""Random histories: a few accounts with all that can be the matter with them, and what is asked.

Each account and each request is drawn as one number, which with its place seeds all that is random
in it; a request whose number is 0 is left out, so that a failing history shrinks to the requests
that matter. Most of what is asked could succeed, or fails at one step only. Keys come from a small
pool, and earlier requests come again unchanged, or with one thing changed.

``FLORIN_HYPOTHESIS_EXAMPLES`` is how many histories each property is held against.
"""

import os
from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ledger import transactions
from ledger.accounts import Account, AccountState, Side
from ledger.amounts import MINOR_UNITS_MAX
from ledger.transactions import AccountKey, Malformed, TransactionRequest
from tests.ledger import examples
from tests.ledger.naive_model import Ask, Name
from tests.ledger.stored import Numbered

Postings: TypeAlias = tuple[tuple[Name, Name, str], ...]

REQUESTS_MAX = 24

seeds = st.integers(0, 2**64 - 1)
# In how many requests a history is sent at a time, over and over.
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
NOBODY: list[Name] = ["nobody", UUID(int=404), None]

# Major units; FULL stands for nearly all that 38 digits hold.
FULL = -1
POSTED = [0, 5, 10, 20, 50, 100, FULL]
PENDING = [0, 0, 0, 0, 3, 8]
FLOORS = [None, None, None, None, 0, 0, -5, -30, 10]
ROOMS = [None, None, None, None, 0, 10, 30, 100]

FAIR = ["1", "2", "3", "5", "10", "4", "7", "02", "20"]
PRECISE = ["0.5", "1.0", "1.00", "2.50", "0.01", "0.001", "3.000", f"0.{'0' * 29}1"]
HUGE = ["9" * 38, "9" * 37, f"{'9' * 36}.99", "9" * 20, "1" + "0" * 38, "9" * 80]
MALFORMED = ["0", "-1", "0.00", "NaN", "1e3", "+1", " 1", ".5", "５", "", "1" * 81]  # noqa: RUF001 - on purpose

CONTENTS: list[tuple[str, object]] = [
    ("", None),
    ("", {}),
    ("rent", None),
    ("rent", {"a": 1, "b": 2}),
    ("rent", {"b": 2, "a": 1}),
    ("rent", {"a": 1}),
]


class History(NamedTuple):
    """Where a ledger stands, and what is asked of it."""

    accounts: tuple[Account, ...]
    asks: tuple[Ask, ...]

    def __repr__(self) -> str:
        """One line each, cut where it is long: a malformed request may be very long."""
        return "\n  ".join(["History of", *(repr(it)[:600] for it in (*self.accounts, *self.asks))])

    def requests(self) -> list[Numbered]:
        """What is asked, as the ledger takes it; each request stands at its number."""
        return [(_request(n, ask), UUID(int=n)) for n, ask in enumerate(self.asks)]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Histories of two currencies."""
    currencies = draw(st.sampled_from(CURRENCIES))
    accounts = [
        _account(_random(n, seed), f"a{n}", currencies[n in {2, 3}])
        for n, seed in enumerate(draw(st.lists(seeds, min_size=4, max_size=6)))
    ]
    asks: list[Ask] = []
    for n, seed in enumerate(draw(st.lists(seeds, min_size=8, max_size=REQUESTS_MAX))):
        if seed:
            asks.append(_next_ask(_random(n, seed), accounts, asks))
    return History(tuple(accounts), tuple(asks))


def in_batches(requests: Sequence[Numbered], sizes: Sequence[int]) -> list[Sequence[Numbered]]:
    """The requests in batches of these sizes."""
    batches: list[Sequence[Numbered]] = []
    rest = requests
    while rest:
        size = sizes[len(batches) % len(sizes)]
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


def _random(place: int, seed: int) -> Random:
    return Random(f"{place} {seed}")  # noqa: S311 - nothing here is secret


def _account(random: Random, code: str, currency: str) -> Account:
    unit = 10 ** EXPONENTS[currency]
    full = MINOR_UNITS_MAX // unit - random.choice([10, 20])
    debits, credits_ = (random.choice(POSTED) for _ in SIDES)
    debits_pending, credits_pending = (random.choice(PENDING) * unit for _ in SIDES)
    floor, room = random.choice(FLOORS), random.choice(ROOMS)
    version = random.choice([0, 1, 7])
    (state,) = random.choices(STATES, weights=[40, 1, 1])
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


def _next_ask(random: Random, accounts: Sequence[Account], asks: Sequence[Ask]) -> Ask:
    description, metadata = random.choice(CONTENTS)
    count = random.choice([1, 1, 1, 2, 2, 3, 5])
    fresh = Ask(
        key=f"key {random.randrange(2 * REQUESTS_MAX)}",
        postings=tuple(_posting(random, accounts) for _ in range(count)),
        description=description,
        metadata=metadata,
    )
    if random.random() < 0.05:
        return _malformed(random, fresh)
    return _again(random, random.choice(asks), fresh) if asks and random.random() < 0.3 else fresh


def _posting(random: Random, accounts: Sequence[Account]) -> tuple[Name, Name, str]:
    amounts = random.choices([FAIR, PRECISE, HUGE, MALFORMED], weights=[100, 10, 5, 2])[0]
    amount = random.choice(amounts)
    if random.random() < 0.05:
        anybody = [*NOBODY, *(one.code for one in accounts)]
        return random.choice(anybody), random.choice(anybody), amount
    debit = random.choice(accounts)
    alike = [one for one in accounts if one is not debit and one.currency == debit.currency]
    credit = random.choice(alike)
    return _name(random, debit), _name(random, credit), amount


def _name(random: Random, account: Account) -> Name:
    return account.code if random.random() < 0.5 else account.account_id


def _again(random: Random, earlier: Ask, fresh: Ask) -> Ask:
    """An earlier request unchanged, or with one thing as in another."""
    return random.choice(
        [
            *[earlier] * 6,
            *(earlier._replace(postings=mixed) for mixed in _mixed(random, earlier, fresh)),
            fresh._replace(key=earlier.key),
            earlier._replace(description=fresh.description),
            earlier._replace(metadata=fresh.metadata),
        ]
    )


def _mixed(random: Random, earlier: Ask, fresh: Ask) -> list[Postings]:
    """The earlier postings, with one part of one of them as in another request's first."""
    if not earlier.postings:
        return [fresh.postings]
    at = random.randrange(len(earlier.postings))
    before, (debit, credit, amount), after = (
        earlier.postings[:at],
        earlier.postings[at],
        earlier.postings[at + 1 :],
    )
    other_debit, other_credit, other_amount = fresh.postings[0]
    return [
        (*before, (other_debit, credit, amount), *after),
        (*before, (debit, other_credit, amount), *after),
        (*before, (debit, credit, other_amount), *after),
    ]


def _malformed(random: Random, ask: Ask) -> Ask:
    too_many: object = {str(n): n for n in range(101)}
    return random.choice(
        [
            *(ask._replace(key=key) for key in ("", "k" * 201, " key 1", "key\x001")),
            *(ask._replace(description=text) for text in ("d" * 1001, "\x00")),
            *(ask._replace(metadata=value) for value in (["a"], "text", too_many)),
            *(ask._replace(postings=postings) for postings in ((), ask.postings * 101)),
        ]
    )


def _request(number: int, ask: Ask) -> TransactionRequest | Malformed:
    return transactions.request(
        path=("input", "transactions", str(number)),
        idempotency_key=ask.key,
        postings=[
            (AccountKey(debit, str(debit)), AccountKey(credit, str(credit)), amount)
            for debit, credit, amount in ask.postings
        ],
        description=ask.description,
        metadata_object=ask.metadata,
    )
