"""A ledger to which all that can happen has happened, at random and by a clock of its own."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import psycopg

from db.ledgers import DEFAULT_LEDGER_ID
from server import sweeper
from tests import clock
from tests.api import Api, transaction

START: Final = datetime(2024, 2, 28, 23, 59, 30, tzinfo=UTC)
EXPONENTS: Final = {"USD": 2, "JPY": 0, "GOLD": 3, "WEI": 18}
WALLETS: Final = 4
METADATA: Final = [
    {},
    {"città": "Forlì", "emoji": "🪙", "numbers": [1, 1.5, -0.25, 2**53 - 1, 1e-7]},
    {"nested": {"a": [{"b": None}], "c": True}, "": "", 'quote"\\': "\u2028\t\x7f"},
]
STEPS: Final = [
    timedelta(),
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(hours=7),
    timedelta(days=20),
    # Clocks are set back, too.
    timedelta(seconds=-1),
    timedelta(days=-1),
]

CHANGE = """
    mutation ($limits: UpdateAccountInput!, $transaction: UpdateTransactionInput!) {
        updateAccount(input: $limits) { __typename }
        updateTransaction(input: $transaction) { __typename }
    }
"""
STATE = """
    mutation ($account: AccountBy!) { %s(input: { account: $account }) { __typename } }
"""
CREATE_CURRENCY = """
    mutation ($input: CreateCurrencyInput!) { createCurrency(input: $input) { __typename } }
"""


class Life:
    """What happens; the same for the same seed."""

    def __init__(self, api: Api, owner: psycopg.Connection, seed: int) -> None:
        self._api = api
        self._owner = owner
        self._random = Random(seed)  # noqa: S311 - nothing to keep secret
        self._now = START
        self._keys = 0
        self._holds: list[tuple[str, int]] = []
        self._posts: list[str] = []

    async def live(self, steps: int) -> None:
        """From nothing to a ledger with a past."""
        # Nothing is recorded before the ledger's watermark.
        self._owner.execute("UPDATE florin.watermarks SET announced_at = '2024-01-01Z'")
        clock.turn(self._owner, self._now)
        await self._begin()
        for step in range(steps):
            self._now += self._random.choice(STEPS)
            clock.turn(self._owner, self._now)
            await self._api.submit(
                [self._item() for _ in range(self._random.randint(1, 12))], atomic=False
            )
            if step % 5 == 0:
                await self._change()
            if step % 9 == 0:
                await sweeper.sweep(self._api.pool, DEFAULT_LEDGER_ID)
        await self._end()

    async def _begin(self) -> None:
        for code in ("GOLD", "WEI"):
            wanted = {"code": code, "exponent": EXPONENTS[code], "name": f"{code} ✨"}
            await self._api(CREATE_CURRENCY, input=wanted)
        for number, name in enumerate(("Zoë", "bob", "ann")):
            await self._api.create_user(
                name, email=f"{number}@example.com", metadata=METADATA[number]
            )
        for currency in EXPONENTS:
            await self._api.open_account(f"house:{currency}", currency, "DEBIT", floor=None)
            for number in range(WALLETS):
                fields: dict[str, Any] = {"metadata": METADATA[number % 3], "name": f"№ {number}"}
                if number:
                    fields["owner"] = {"username": ("zoë", "bob")[number % 2]}
                await self._api.open_account(f"wallet:{currency}:{number}", currency, **fields)

    def _item(self) -> dict[str, Any]:
        kind = self._random.choices(
            ["post", "hold", "capture", "void", "reverse"], weights=[40, 25, 22, 8, 8]
        )[0]
        if kind in {"capture", "void"} and self._holds:
            return self._resolution(kind)
        if kind == "reverse" and self._posts:
            target = {"idempotencyKey": self._random.choice(self._posts)}
            fields = self._fields()
            return {"reverse": {"idempotencyKey": self._key(), "transaction": target, **fields}}
        return self._movement(is_hold=kind == "hold")

    def _movement(self, *, is_hold: bool) -> dict[str, Any]:
        currency = self._random.choice(list(EXPONENTS))
        postings = [self._posting(currency) for _ in range(self._random.choice([1, 1, 1, 2, 4]))]
        key, fields = self._key(), self._fields()
        if is_hold:
            fields["pending"] = True
            if self._random.random() < 0.6:
                seconds = self._random.choice([1, 3600, 86400, 10**9])
                fields["expiresAt"] = (self._now + timedelta(seconds=seconds)).isoformat()
            self._holds.append((key, len(postings)))
        else:
            self._posts.append(key)
        return {"post": transaction(key, *postings, **fields)}

    def _posting(self, currency: str) -> tuple[str, str, str]:
        wallets = [f"wallet:{currency}:{number}" for number in range(WALLETS)]
        debit, credit = self._random.sample([f"house:{currency}", *wallets], 2)
        if self._random.random() < 0.6:
            debit, credit = f"house:{currency}", self._random.choice(wallets)
        units = self._random.choice([self._random.randint(1, 500), 7, 10**20 + 1, 10**37])
        if debit != f"house:{currency}" and self._random.random() < 0.8:
            units = self._random.randint(1, 50)
        digits = str(units).rjust(EXPONENTS[currency] + 1, "0")
        point = len(digits) - EXPONENTS[currency]
        return debit, credit, f"{digits[:point]}.{digits[point:]}".rstrip(".")

    def _resolution(self, kind: str) -> dict[str, Any]:
        key, postings = self._random.choice(self._holds[-12:])
        asked: dict[str, Any] = {"idempotencyKey": self._key(), "transaction": {}}
        asked["transaction"]["idempotencyKey"] = key
        if kind == "capture":
            self._posts.append(key)
            if self._random.random() < 0.5:
                asked["amounts"] = ["1"] * postings
        return {kind: asked}

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self._random.random() < 0.3:
            days = self._random.choice([-400, -30, -1, 0, 1, 300])
            fields["effectiveAt"] = (self._now + timedelta(days=days)).isoformat()
        if self._random.random() < 0.4:
            fields |= {
                "description": self._random.choice(["", "rent\nin two lines", "Überweisung"]),
                "metadata": self._random.choice(METADATA),
            }
        return fields

    def _key(self) -> str:
        self._keys += 1
        return f"key №{self._keys}"

    async def _change(self) -> None:
        code = f"wallet:{self._random.choice(list(EXPONENTS))}:{self._random.randrange(WALLETS)}"
        limits = self._random.choice([("0", None), (None, None), ("-10", "1000"), (None, "5")])
        await self._api(
            CHANGE,
            limits={"account": {"code": code}, "floor": limits[0], "ceiling": limits[1]},
            transaction={
                "transaction": {"idempotencyKey": self._random.choice(self._posts or ["?"])},
                "description": "changed since",
                "metadata": {"seen": [self._now.isoformat()], "numbers": None},
            },
        )
        await self._api(STATE % "freezeAccount", account={"code": code})
        code = f"wallet:{self._random.choice(list(EXPONENTS))}:{self._random.randrange(WALLETS)}"
        await self._api(STATE % "unfreezeAccount", account={"code": code})

    async def _end(self) -> None:
        """One of everything that the past may have left out."""
        api = self._api
        # What is still pending is so for years: an import does not take what has expired meanwhile.
        self._now += timedelta(days=60)
        clock.turn(self._owner, self._now)
        for name in ("closed", "frozen", "counter"):
            await api.open_account(name, floor=None)
        until = (self._now + timedelta(days=1)).isoformat()
        legs = (("closed", "frozen", "2.00"), ("frozen", "counter", "1.00"))
        await api.post("in part", *legs, pending=True, expiresAt=until)
        await api.capture("in part, captured", "in part", "0.50", "1.00")
        await api.reverse("in part, reversed", "in part", effectiveAt="2023-02-28T00:00:00Z")
        await api.post("voided", *legs, pending=True, effectiveAt="2023-01-01T00:00:00Z")
        await api.void("voided, voided", "voided")
        await api.post("swept", *legs, pending=True, expiresAt=until)
        clock.turn(self._owner, self._now + timedelta(days=1))
        assert await sweeper.sweep(api.pool, DEFAULT_LEDGER_ID) > 0
        self._now += timedelta(days=1)
        until = (self._now + timedelta(days=1)).isoformat()
        await api.post("unswept", *legs, pending=True, expiresAt=until)
        clock.turn(self._owner, self._now + timedelta(days=1))
        leg = ("frozen", "counter", "0.01")
        await api.post("pending", leg, pending=True, expiresAt="2099-01-01T00:00:00.000001Z")
        await api.post("for ever", leg, pending=True, effectiveAt="2023-01-01T00:00:00Z")
        for state, code in (("freezeAccount", "frozen"), ("closeAccount", "closed")):
            data = await api(STATE % state, account={"code": code})
            assert data[state]["__typename"] == "UpdateAccountSuccess"
