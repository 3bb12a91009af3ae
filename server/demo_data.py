"""The demonstration's people, accounts and payments: the same ones every time.

Twenty people hold wallets in three currencies. They top them up by card or in cash, pay each other,
buy coffee (the merchant gets the price less a fee, in one transaction of two postings), change
currencies over the house's trading accounts, and withdraw; the merchant is paid out now and then.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from ledger import amounts
from server.loading import Input, posting, unbounded_account

TRANSACTIONS: Final = 3000
MERCHANT: Final = "corner-coffee"
EXPONENTS: Final = {"EUR": 2, "USD": 2, "JPY": 0}

_SEED: Final = 1494  # Pacioli's Summa, the first printed account of double entry
_PLANS: Final = ("free", "plus", "business")
_PEOPLE: Final = {
    "alice": "Lisbon",
    "bob": "Dublin",
    "carol": "Chicago",
    "dave": "Denver",
    "erin": "Galway",
    "farid": "Lyon",
    "grace": "Boston",
    "hugo": "Madrid",
    "ines": "Porto",
    "jonas": "Vilnius",
    "keiko": "Kyoto",
    "liam": "Cork",
    "mei": "Osaka",
    "noah": "Austin",
    "olga": "Riga",
    "priya": "Berlin",
    "quentin": "Nantes",
    "rosa": "Turin",
    "sven": "Malmö",
    "takumi": "Tokyo",
}
# Minor units, in any of the three currencies: a yen is about a cent.
_MENU: Final = (
    ("Espresso", 220),
    ("Flat white", 380),
    ("Breakfast", 1150),
    ("Beans, 1 kg", 2490),
    ("Brewing course", 6500),
)
_OCCASIONS: Final = ("Dinner", "Concert tickets", "Taxi", "Groceries", "Birthday", "Weekend trip")
# The rate as people quote it, and what 10,000 minor units of the first buy of the second.
_RATES: Final = {
    ("EUR", "USD"): ("1.0850", 10_850),
    ("EUR", "JPY"): ("162.40", 16_240),
    ("USD", "EUR"): ("0.9217", 9_217),
    ("USD", "JPY"): ("149.68", 14_968),
    ("JPY", "EUR"): ("0.006158", 6_158),
    ("JPY", "USD"): ("0.006681", 6_681),
}

Item = TypeVar("Item")


class Data(msgspec.Struct, frozen=True):
    """Inputs of createUser, openAccount and postTransactions, in the order to send them."""

    users: Sequence[Input]
    accounts: Sequence[Input]
    transactions: Sequence[Input]


def generate() -> Data:
    """Everything; a second call gives the same."""
    return Data(users=_users(), accounts=_accounts(), transactions=_Story().tell())


def wallet(username: str, currency: str) -> str:
    """The code of somebody's wallet."""
    return f"user:{username}:{currency.lower()}"


def _users() -> list[Input]:
    people: list[Input] = [
        {
            "username": username,
            "email": f"{username}@florin.example",
            "metadata": {"city": city, "plan": _PLANS[number % len(_PLANS)]},
        }
        for number, (username, city) in enumerate(_PEOPLE.items())
    ]
    merchant: Input = {
        "username": MERCHANT,
        "email": f"{MERCHANT}@florin.example",
        "metadata": {"city": "Lisbon", "plan": "merchant"},
    }
    return [*people, merchant]


def _accounts() -> list[Input]:
    accounts: list[Input] = []
    for currency in EXPONENTS:
        for kind, name, side in (
            ("bank", "Bank", "DEBIT"),
            ("cash", "Cash", "DEBIT"),
            ("fees", "Fee income", "CREDIT"),
            ("trading", "Currency trading", "CREDIT"),
        ):
            code = _house(kind, currency)
            accounts.append(
                unbounded_account(code, f"{name} {currency}", currency=currency, normal_side=side)
            )
        accounts.append(_owned(_takings(currency), "Corner Coffee", MERCHANT, currency))
        accounts.extend(
            _owned(wallet(username, currency), username.capitalize(), username, currency)
            for username in _PEOPLE
        )
    return accounts


def _owned(code: str, owner_name: str, owner: str, currency: str) -> Input:
    return {
        "code": code,
        "name": f"{owner_name}, {currency}",
        "currency": currency,
        "normalSide": "CREDIT",
        "floor": "0",
        "owner": {"username": owner},
    }


def _house(kind: str, currency: str) -> str:
    return f"{kind}:{currency.lower()}"


def _takings(currency: str) -> str:
    return f"merchant:{MERCHANT}:{currency.lower()}"


class _Leg(msgspec.Struct, frozen=True):
    """A posting in minor units."""

    debit: str
    credit: str
    currency: str
    amount: int


class _Story:
    """Makes up one transaction after another, and never lets a wallet fall below zero."""

    def __init__(self) -> None:
        self._random = random.Random(_SEED)  # noqa: S311 - a story, not a secret
        self._transactions: list[Input] = []
        self._balances: Counter[str] = Counter()

    def tell(self) -> list[Input]:
        currencies, people = tuple(EXPONENTS), tuple(_PEOPLE)
        for currency in currencies:
            for username in people:
                self._top_up(username, currency)
        often = (self._pay,) * 9 + (self._buy,) * 7 + (self._exchange,) * 2
        events = (*often, self._top_up, self._withdraw)
        while len(self._transactions) < TRANSACTIONS:
            event = self._one_of(events)
            event(self._one_of(people), self._one_of(currencies))
            if self._below(100) == 0:
                self._pay_out(self._one_of(currencies))
        return self._transactions[:TRANSACTIONS]

    def _top_up(self, username: str, currency: str) -> None:
        by_card = self._below(4) > 0
        source = _house("bank" if by_card else "cash", currency)
        amount = 5000 * (2 + self._below(6))
        self._post(
            _Leg(source, wallet(username, currency), currency, amount),
            description="Top-up by card" if by_card else "Cash paid in",
            metadata={"kind": "top-up", "channel": "card" if by_card else "counter"},
        )

    def _pay(self, username: str, currency: str) -> None:
        payee = self._one_of(tuple(name for name in _PEOPLE if name != username))
        amount = self._spendable(username, currency, 100 + self._below(5900))
        self._post(
            _Leg(wallet(username, currency), wallet(payee, currency), currency, amount),
            description=self._one_of(_OCCASIONS),
            metadata={"kind": "payment", "from": username, "to": payee},
        )

    def _buy(self, username: str, currency: str) -> None:
        item, price = self._one_of(_MENU)
        amount = self._spendable(username, currency, price)
        fee = amount * 3 // 100
        buyer = wallet(username, currency)
        self._post(
            _Leg(buyer, _takings(currency), currency, amount - fee),
            _Leg(buyer, _house("fees", currency), currency, fee),
            description=item,
            metadata={"kind": "purchase", "merchant": MERCHANT, "item": item},
        )

    def _exchange(self, username: str, currency: str) -> None:
        bought = self._one_of(tuple(other for other in EXPONENTS if other != currency))
        rate, multiplier = _RATES[currency, bought]
        amount = self._spendable(username, currency, 1000 * (1 + self._below(8)))
        self._post(
            _Leg(wallet(username, currency), _house("trading", currency), currency, amount),
            _Leg(
                _house("trading", bought),
                wallet(username, bought),
                bought,
                amount * multiplier // 10_000,
            ),
            description=f"{currency} changed into {bought}",
            metadata={"kind": "exchange", "rate": rate},
        )

    def _withdraw(self, username: str, currency: str) -> None:
        amount = self._spendable(username, currency, 1000 * (1 + self._below(9)))
        self._post(
            _Leg(wallet(username, currency), _house("bank", currency), currency, amount),
            description="Withdrawal to a bank account",
            metadata={"kind": "withdrawal"},
        )

    def _pay_out(self, currency: str) -> None:
        earned = self._balances[_takings(currency)]
        if earned > 0:
            self._post(
                _Leg(_takings(currency), _house("bank", currency), currency, earned),
                description="Payout to the merchant",
                metadata={"kind": "payout", "merchant": MERCHANT},
            )

    def _spendable(self, username: str, currency: str, amount: int) -> int:
        """The amount, after a top-up where the wallet holds less: each one covers any amount."""
        if self._balances[wallet(username, currency)] < amount:
            self._top_up(username, currency)
        return amount

    def _post(self, *legs: _Leg, description: str, metadata: Mapping[str, str]) -> None:
        for leg in legs:
            self._balances[leg.debit] -= leg.amount
            self._balances[leg.credit] += leg.amount
        transaction: Input = {
            "idempotencyKey": f"demo:{len(self._transactions) + 1:06}",
            "postings": [
                posting(
                    debit=leg.debit,
                    credit=leg.credit,
                    amount=amounts.render(leg.amount, EXPONENTS[leg.currency]),
                )
                for leg in legs
            ],
            "description": description,
            "metadata": metadata,
        }
        self._transactions.append(transaction)

    def _below(self, end: int) -> int:
        # random() alone is promised to give the same sequence in every version of Python, and the
        # idempotency keys ask for the same transactions again.
        return int(self._random.random() * end)

    def _one_of(self, items: Sequence[Item]) -> Item:
        return items[self._below(len(items))]
