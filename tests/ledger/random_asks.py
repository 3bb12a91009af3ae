"""What is asked at random: mostly what could succeed, or what fails at one step only.

Keys come from a small pool, and earlier requests come again unchanged, or with one thing changed.
Captures, voids and reversals name earlier requests, by key or by id, most of them of a kind that
can be captured, voided or reversed.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple, TypeAlias
from uuid import UUID

from tests.ledger.asks import Ask, Capture, Name, Post, Reverse, Void

_Makes: TypeAlias = Callable[[Random, Sequence["Known"], Sequence[Ask], datetime], Ask]
Postings: TypeAlias = tuple[tuple[Name, Name, str], ...]

KEYS_LEAST = 60
NOBODY: list[Name] = ["nobody", UUID(int=404), None]

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
# Seconds from now on. Clocks move in whole seconds here, so that some expire on the dot.
EXPIRIES = [1, 1, 1, 5, 5, 60, 60, 3600, 3600, 100 * 86400, 100 * 86400, 0, -1]
SECOND = timedelta(seconds=1)


class Known(NamedTuple):
    """An account, as far as one must know it to ask something of it."""

    code: str
    account_id: UUID
    currency: str


def next_ask(random: Random, accounts: Sequence[Known], asks: Sequence[Ask], now: datetime) -> Ask:
    """One more, after those before it."""
    kinds: list[_Makes] = [_post, _hold, _capture, _void, _reverse]
    makes = random.choices(kinds, weights=[36, 26, 20, 8, 10])[0]
    if makes in {_capture, _void} and not any(map(_is_hold, asks)) and random.random() < 0.9:
        makes = _hold
    if makes is _reverse and not asks:
        makes = _post
    fresh = makes(random, accounts, asks, now)
    if random.random() < 0.03:
        return _malformed(random, fresh)
    if asks and random.random() < 0.25:
        kind = random.choice([Post, Capture, Capture, Void | Reverse])
        alike = [ask for ask in asks if isinstance(ask, kind)]
        return _again(random, random.choice(alike or asks), fresh)
    return fresh


def _post(random: Random, accounts: Sequence[Known], asks: Sequence[Ask], now: datetime) -> Post:
    description, metadata = random.choice(CONTENTS)
    count = random.choice([1, 1, 1, 1, 2, 2, 3, 5])
    return Post(
        key=_key(random, asks),
        postings=tuple(_posting(random, accounts) for _ in range(count)),
        description=description,
        metadata=metadata,
        effective_at=_effective_at(random, now),
    )


def _hold(random: Random, accounts: Sequence[Known], asks: Sequence[Ask], now: datetime) -> Post:
    seconds = random.choice(EXPIRIES) if random.random() < 0.6 else None
    return _post(random, accounts, asks, now)._replace(
        pending=True, expires_at=None if seconds is None else now + seconds * SECOND
    )


def _capture(
    random: Random, _accounts: Sequence[Known], asks: Sequence[Ask], _now: datetime
) -> Capture:
    target = _target(random, asks, _is_hold)
    held = _held(asks[target] if target < len(asks) else None)
    amounts = [_captured(random, amount) for amount in held]
    amounts = random.choices([amounts, [*amounts, "1"], amounts[1:]], weights=[20, 1, 1])[0]
    is_whole = random.random() < 0.4
    return Capture(
        _key(random, asks), _named(random, asks, target), None if is_whole else tuple(amounts)
    )


def _void(random: Random, _accounts: Sequence[Known], asks: Sequence[Ask], _now: datetime) -> Void:
    target = _target(random, asks, _is_hold)
    return Void(_key(random, asks), _named(random, asks, target))


def _reverse(
    random: Random, _accounts: Sequence[Known], asks: Sequence[Ask], now: datetime
) -> Reverse:
    captured = {ask.transaction for ask in asks if isinstance(ask, Capture)}
    target = _target(random, asks, lambda ask: not _is_hold(ask) or ask.key in captured)
    description, metadata = random.choice(CONTENTS)
    return Reverse(
        key=_key(random, asks),
        transaction=_named(random, asks, target),
        description=description,
        metadata=metadata,
        effective_at=_effective_at(random, now),
    )


def _key(random: Random, asks: Sequence[Ask]) -> str:
    return f"key {random.randrange(KEYS_LEAST + 4 * len(asks))}"


def _posting(random: Random, accounts: Sequence[Known]) -> tuple[Name, Name, str]:
    amounts = random.choices([FAIR, PRECISE, HUGE, MALFORMED], weights=[150, 10, 4, 1])[0]
    amount = random.choice(amounts)
    debit = random.choice(accounts)
    alike = [one for one in accounts if one is not debit and one.currency == debit.currency]
    if not alike or random.random() < 0.03:
        anybody = [*NOBODY, *(one.code for one in accounts)]
        return random.choice(anybody), random.choice(anybody), amount
    credit = random.choice(alike)
    return _name(random, debit), _name(random, credit), amount


def _name(random: Random, account: Known) -> Name:
    return account.code if random.random() < 0.5 else account.account_id


def _effective_at(random: Random, now: datetime) -> datetime | None:
    if random.random() < 0.75:
        return None
    day = 86400 * SECOND
    # On the 28th of February or before, of whichever year.
    next_year = (now.replace(day=28) if now.day > 28 else now).replace(year=now.year + 1)
    return random.choice(
        [now, now - SECOND, now - day, now - 40 * day, now + day, next_year, next_year + SECOND]
    )


def _target(random: Random, asks: Sequence[Ask], is_fit: Callable[[Ask], bool]) -> int:
    """The number of an earlier request: mostly one of the latest that fit, now and then any."""
    fit = [number for number, ask in enumerate(asks) if is_fit(ask)]
    if not fit or random.random() < 0.05:
        return random.randrange(len(asks) + 1)
    return random.choice(fit[-6:])


def _named(random: Random, asks: Sequence[Ask], target: int) -> Name:
    if target == len(asks) or random.random() < 0.02:
        return random.choice(NOBODY)
    return asks[target].key if random.random() < 0.7 else UUID(int=target)


def _is_hold(ask: Ask) -> bool:
    return isinstance(ask, Post) and ask.pending


def _held(ask: Ask | None) -> list[str]:
    return [amount for _, _, amount in ask.postings] if isinstance(ask, Post) else ["1"]


def _captured(random: Random, held: str) -> str:
    """Mostly what is held or a part of it."""
    return random.choices(
        [held, f"0{held}", "1", "0.5", "3", "0.001", random.choice(MALFORMED)],
        weights=[40, 4, 30, 8, 12, 2, 1],
    )[0]


def _again(random: Random, earlier: Ask, fresh: Ask) -> Ask:
    """An earlier request unchanged, or with one thing as in another."""
    return random.choice([*[earlier] * 6, *_changed(random, earlier, fresh)])


def _changed(random: Random, earlier: Ask, fresh: Ask) -> list[Ask]:
    others: list[Ask] = [fresh._replace(key=earlier.key)]
    if isinstance(earlier, Post):
        moment = fresh.effective_at if isinstance(fresh, Post | Reverse) else None
        postings = fresh.postings if isinstance(fresh, Post) else ()
        others += [earlier._replace(postings=it) for it in _mixed(random, earlier, postings)]
        others += [
            earlier._replace(pending=not earlier.pending, expires_at=None),
            earlier._replace(effective_at=moment),
            earlier._replace(description="other"),
            earlier._replace(metadata={"c": 3}),
        ]
        if earlier.expires_at is not None:
            others.append(earlier._replace(expires_at=earlier.expires_at + SECOND))
    elif isinstance(earlier, Reverse):
        others += [
            earlier._replace(description="other"),
            earlier._replace(metadata={"c": 3}),
            earlier._replace(effective_at=None),
        ]
    elif isinstance(earlier, Capture):
        others += [earlier._replace(amounts=None), Void(earlier.key, earlier.transaction)]
        amounts = earlier.amounts or ("1",)
        others += [earlier._replace(amounts=(one, *amounts[1:])) for one in ("1", "2")]
    if not isinstance(earlier, Post) and not isinstance(fresh, Post):
        others.append(earlier._replace(transaction=fresh.transaction))
    return others


def _mixed(random: Random, earlier: Post, postings: Postings) -> list[Postings]:
    """The earlier postings, with one part of one of them as in another request's first."""
    if not earlier.postings or not postings:
        return [postings]
    at = random.randrange(len(earlier.postings))
    before, (debit, credit, amount), after = (
        earlier.postings[:at],
        earlier.postings[at],
        earlier.postings[at + 1 :],
    )
    other_debit, other_credit, other_amount = postings[0]
    return [
        (*before, (other_debit, credit, amount), *after),
        (*before, (debit, other_credit, amount), *after),
        (*before, (debit, credit, other_amount), *after),
    ]


def _malformed(random: Random, ask: Ask) -> Ask:
    others: list[Ask] = [ask._replace(key=key) for key in ("", "k" * 201, " key 1", "key\x001")]
    too_many: object = {str(n): n for n in range(101)}
    if isinstance(ask, Post | Reverse):
        others += [ask._replace(description=text) for text in ("d" * 1001, "\x00")]
        others += [ask._replace(metadata=value) for value in (["a"], "text", too_many)]
    if isinstance(ask, Post):
        others += [ask._replace(postings=postings) for postings in ((), ask.postings * 101)]
        others += [ask._replace(pending=False, expires_at=datetime(2100, 1, 1, tzinfo=UTC))]
    if isinstance(ask, Capture):
        others += [ask._replace(amounts=amounts) for amounts in ((), ("1",) * 101)]
    return random.choice(others)
