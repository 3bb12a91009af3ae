"""What happens to users and accounts at random, and what the model makes of it."""

from collections.abc import Mapping
from fractions import Fraction
from random import Random
from typing import Any, Final

from ledger import identifiers
from tests.ledger.asks import Answer
from tests.ledger.naive_books import NaiveAccount
from tests.ledger.naive_model import NaiveLedger

CURRENCIES: Final = {"EUR": 2, "YEN": 0, "DINAR": 3}
CODES: Final = [f"a{n}" for n in range(8)]
USERNAMES: Final = ["ann", "ben", "cy"]
LIMITS: Final = [*[None] * 8, 0, 0, -20, -20, -5, 10]
ROOMS: Final = [*[None] * 8, 0, 30, 50, 100, 100, -1]
CHANGES: Final = [
    *["updateAccount"] * 5,
    *["freezeAccount"] * 2,
    *["unfreezeAccount"] * 4,
    *["closeAccount"] * 4,
]


def opening(random: Random) -> dict[str, Any]:
    """An ``OpenAccountInput``."""
    floor, ceiling = _limits(random)
    owner = random.choice([None, None, None, *USERNAMES])
    return {
        "code": random.choice(CODES),
        "currency": random.choice([*CURRENCIES, *CURRENCIES, *CURRENCIES, "NONE"]),
        "normalSide": random.choice(["DEBIT", "CREDIT"]),
        "floor": floor,
        "ceiling": ceiling,
        "owner": None if owner is None else {"username": owner},
    }


def change(random: Random, model: NaiveLedger) -> tuple[str, dict[str, Any]]:
    """A mutation's name, and its input."""
    code = random.choice([*sorted(_codes(model)), "nobody"])
    name = random.choice(CHANGES)
    made: dict[str, Any] = {"account": {"code": code}}
    if name == "updateAccount":
        floor, ceiling = _limits(random)
        made |= {"floor": floor, "ceiling": ceiling}
    return name, made


def opened(wanted: Mapping[str, Any], model: NaiveLedger, users: set[str]) -> Answer:
    """What becomes of an account that is to be opened; it is not in the model yet."""
    if wanted["owner"] is not None and wanted["owner"]["username"] not in users:
        return "USER_NOT_FOUND", "owner"
    if wanted["currency"] not in CURRENCIES:
        return "CURRENCY_NOT_FOUND", "currency"
    if _crossed(wanted):
        return "INVALID_INPUT", "floor"
    return ("ACCOUNT_CODE_TAKEN", "code") if wanted["code"] in model.accounts else ("OPENED", "")


def changed(name: str, wanted: Mapping[str, Any], model: NaiveLedger, *, is_empty: bool) -> Answer:
    """What becomes of a change, which the model makes."""
    account = model.accounts.get(wanted["account"]["code"])
    if account is None:
        return "ACCOUNT_NOT_FOUND", "account"
    if name == "closeAccount":
        if not is_empty:
            return "ACCOUNT_NOT_EMPTY", "account"
        account.state = "CLOSED"
        return "CHANGED", ""
    if account.state == "CLOSED":
        return "ACCOUNT_CLOSED", "account"
    if name == "updateAccount":
        if _crossed(wanted):
            return "INVALID_INPUT", "floor"
        account.floor, account.ceiling = _limit(wanted["floor"]), _limit(wanted["ceiling"])
    else:
        account.state = "FROZEN" if name == "freezeAccount" else "OPEN"
    return "CHANGED", ""


def made(wanted: Mapping[str, Any], public_id: str, model: NaiveLedger) -> None:
    """Open the account in the model, by its code and its id."""
    account = NaiveAccount(
        code=wanted["code"],
        currency=wanted["currency"],
        decimals=CURRENCIES[wanted["currency"]],
        grows_by=wanted["normalSide"].lower(),
        state="OPEN",
        floor=_limit(wanted["floor"]),
        ceiling=_limit(wanted["ceiling"]),
        posted={"debit": Fraction(0), "credit": Fraction(0)},
        pending_before={"debit": Fraction(0), "credit": Fraction(0)},
    )
    account_id = identifiers.parse("acct", public_id)
    assert account_id is not None
    model.accounts[account.code] = model.accounts[account_id] = account


def _codes(model: NaiveLedger) -> set[str]:
    return {account.code for account in model.accounts.values()}


def _limits(random: Random) -> tuple[str | None, str | None]:
    floor, room = random.choice(LIMITS), random.choice(ROOMS)
    ceiling = None if room is None else (floor or 0) + room
    return None if floor is None else str(floor), None if ceiling is None else str(ceiling)


def _limit(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _crossed(wanted: Mapping[str, Any]) -> bool:
    floor, ceiling = _limit(wanted["floor"]), _limit(wanted["ceiling"])
    return floor is not None and ceiling is not None and floor > ceiling
