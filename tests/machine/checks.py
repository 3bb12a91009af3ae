"""What must hold after every step, whatever it was: the tables, the API and the model agree."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any, Final

from tests.ledger.naive_books import Deed, NaiveAccount, Standing
from tests.machine import documents
from tests.machine.soundness import Tables
from tests.machine.world import World

NEVER: Final = datetime.max.replace(tzinfo=UTC)
DAY: Final = timedelta(days=1)
NEARLY: Final = [timedelta(microseconds=n) for n in (-1, 0, 1)] + [-DAY]


class Checks:
    """Looks at one world, behind the API and through it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tables = Tables(world.environment.owner, world.ledger_id)
        self._fingerprint = self._tables.fingerprint()
        self._looks = 0

    def all_is_well(self) -> None:
        """After a step."""
        fingerprint = self._tables.fingerprint()
        if not self._world.has_written:
            assert fingerprint == self._fingerprint, "a refused request has changed nothing"
        if fingerprint != self._fingerprint:
            self._audit_finds_nothing()
        self._fingerprint = fingerprint
        self._tables_are_the_models()
        self._limits_are_kept()
        codes = self._codes()
        self._looks += 1
        # One account in turn, because this is the slowest; all of them in the end.
        answer = self._world.query(documents.ACCOUNT, code=codes[self._looks % len(codes)])
        self._is_the_models(answer["account"])

    def all_was_well(self) -> None:
        """In the end: all of it through the API."""
        answer = self._world.query(documents.ACCOUNTS)
        nodes = answer["accounts"]["nodes"]
        assert sorted(node["code"] for node in nodes) == self._codes()
        for node in nodes:
            self._is_the_models(node)
        assert all(line["balanced"] for line in answer["ledger"]["trialBalance"])
        self._audit_finds_nothing()

    def _audit_finds_nothing(self) -> None:
        """As `florin verify` looks at it."""
        work = self._world.environment.discrepancies(self._world.ledger_id)
        assert self._world.environment.run(work) == []

    def _tables_are_the_models(self) -> None:
        model = self._world.model
        rows = self._tables.accounts()
        assert {row.code for row in rows} == {it.code for it in model.accounts.values()}
        for row in rows:
            account = model.accounts[row.code]
            counted, unit = model.counted(account), 10**row.exponent
            assert _counters(counted) == [
                Fraction(amount, unit)
                for amount in (
                    row.debits_posted,
                    row.credits_posted,
                    row.debits_pending,
                    row.credits_pending,
                )
            ]
            limits = [None if it is None else Fraction(it, unit) for it in (row.floor, row.ceiling)]
            assert (row.state, *limits) == (account.state, account.floor, account.ceiling)
            assert row.version == sum(_entries(deed, account) for deed in model.deeds)
        assert self._tables.states() == Counter(_written(deed) for deed in model.deeds)

    def _is_the_models(self, node: dict[str, Any]) -> None:
        """An account as the API shows it now: what has expired is not pending, swept or not."""
        model = self._world.model
        account = model.accounts[node["code"]]
        standing = model.standing(account, self._world.now)
        names = ("debits", "credits", "pendingDebits", "pendingCredits", "posted", "available")
        assert node["state"] == account.state
        assert [Fraction(node["balance"][name]) for name in names] == [
            *_counters(standing),
            standing.balance,
            standing.at_worst,
        ]

    def _codes(self) -> list[str]:
        return sorted({account.code for account in self._world.model.accounts.values()})

    def _limits_are_kept(self) -> None:
        """No account is beyond a limit, but for as far as it was when the limit was moved."""
        world = self._world
        for account in {id(it): it for it in world.model.accounts.values()}.values():
            standing = world.model.standing(account, world.now)
            worst, best = world.extremes.get(account.code, (Fraction(0), Fraction(0)))
            assert account.floor is None or standing.at_worst >= min(account.floor, worst)
            assert account.ceiling is None or standing.at_best <= max(account.ceiling, best)

    def balances_of_then(self, random: Random) -> None:
        """An account's balance at a moment of the past, and by effective time at any moment."""
        world, deeds = self._world, self._world.model.deeds
        code = random.choice(self._codes())
        moments = [world.now, *(deed.recorded_at for deed in deeds)]
        moments += [deed.ended_at for deed in deeds if deed.ended_at is not None]
        at = min(random.choice(moments) + random.choice(NEARLY), world.now)
        dated = [deed.effective_at for deed in deeds if deed.effective_at is not None]
        effective = random.choice([*moments, *dated, world.now + 400 * DAY]) + random.choice(NEARLY)
        self._balances_were(code, at, effective)

    def _balances_were(self, code: str, at: datetime, effective: datetime) -> None:
        world = self._world
        answer: dict[str, Any] = world.query(
            documents.BALANCE_AT,
            code=code,
            at=documents.instant(at),
            effective=documents.instant(effective),
        )["account"]
        account = world.model.accounts[code]
        recorded = _then(world, account, at)
        assert Fraction(answer["recorded"]["posted"]) == recorded.balance
        assert Fraction(answer["recorded"]["pendingDebits"]) == recorded.pending["debit"]
        assert Fraction(answer["recorded"]["pendingCredits"]) == recorded.pending["credit"]
        dated = Standing(account, _nothing(), _nothing())
        for deed in world.model.deeds:
            takes_effect = deed.effective_at or deed.moved_at
            if deed.moved_at is not None and takes_effect is not None and takes_effect <= effective:
                dated.post(deed.moved, world.model.accounts)
        assert Fraction(answer["effective"]["posted"]) == dated.balance


def _then(world: World, account: NaiveAccount, at: datetime) -> Standing:
    standing = Standing(account, _nothing(), _nothing())
    for deed in world.model.deeds:
        if deed.moved_at is not None and deed.moved_at <= at:
            standing.post(deed.moved, world.model.accounts)
        ends = [it for it in (deed.ended_at, deed.expires_at) if it is not None]
        if deed.is_hold and deed.recorded_at <= at < min(ends, default=NEVER):
            standing.hold(deed.postings, world.model.accounts)
    return standing


def _nothing() -> dict[str, Fraction]:
    return {"debit": Fraction(0), "credit": Fraction(0)}


def _counters(standing: Standing) -> list[Fraction]:
    posted, pending = standing.posted, standing.pending
    return [posted["debit"], posted["credit"], pending["debit"], pending["credit"]]


def _entries(deed: Deed, account: NaiveAccount) -> int:
    """How many entries a transaction has made on an account."""
    if deed.moved_at is None:
        return 0
    return sum((debit, credit).count(account.code) for debit, credit, _ in deed.moved)


def _written(deed: Deed) -> str:
    """The state that is written down: it is PENDING until it is swept."""
    if not deed.is_hold:
        return "POSTED"
    return {"": "PENDING", "CAPTURED": "POSTED"}.get(deed.ended, deed.ended)
