"""What the ledger accepts as codes, names and keys; each check answers with the problem or None."""

import re
from typing import Final

NAME_MAX: Final = 200
DESCRIPTION_MAX: Final = 1000
KEY_MAX: Final = 200
CODE_MAX: Final = 200
USERNAME_MAX: Final = 100
EMAIL_MAX: Final = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
CURRENCY_EXPONENT_MAX: Final = 30

_SHOWN_MAX: Final = 100

_LEDGER_CODE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_CURRENCY_CODE: Final = re.compile(r"[A-Z][A-Z0-9]{1,15}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# A description may have lines and tabs.
_CONTROL_IN_PROSE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def identifier_problem(value: str, *, length_max: int) -> str | None:
    """For what names a thing: account codes, usernames, idempotency keys."""
    if not value:
        return "it is empty"
    if len(value) > length_max:
        return f"it has {len(value)} characters; at most {length_max} are kept"
    if value != value.strip():
        return "it begins or ends with a space"
    # What is printable has no control characters, and is found out ten times as fast.
    if value.isprintable() or not _CONTROL.search(value):
        return None
    return "it holds a control character"


def prose_problem(value: str, *, length_max: int) -> str | None:
    """For what people read: names and descriptions; empty is allowed."""
    if not value:
        return None
    if len(value) > length_max:
        return f"it has {len(value)} characters; at most {length_max} are kept"
    return "it holds a control character" if _CONTROL_IN_PROSE.search(value) else None


def email_problem(value: str) -> str | None:
    """Something, an @ and something: whether it can be reached is the application's to find out."""
    problem = identifier_problem(value, length_max=EMAIL_MAX)
    if problem is None and not _EMAIL.fullmatch(value):
        return "it is not an email address such as alice@example.com"
    return problem


def currency_code_problem(value: str) -> str | None:
    """Two to sixteen capital letters and digits: USD, JPY, ETH, CREDIT."""
    if _CURRENCY_CODE.fullmatch(value):
        return None
    return "a currency code is 2 to 16 capital letters or digits, a letter first, such as CREDIT"


def ledger_code_problem(value: str) -> str | None:
    """Up to 63 small letters, digits, dots, hyphens and underscores: main, eu-wallets."""
    if _LEDGER_CODE.fullmatch(value):
        return None
    return (
        "a ledger's code is 1 to 63 small letters, digits, dots, hyphens or underscores, a letter "
        "or digit first, such as eu-wallets"
    )


def shown(value: str) -> str:
    """As much of what a client sent as belongs into an answer."""
    return value if len(value) <= _SHOWN_MAX else f"{value[:_SHOWN_MAX]}…"


def storable(value: str) -> bool:
    """Whether PostgreSQL can take the text at all; what it cannot take, it does not hold."""
    if value.isascii():
        return "\x00" not in value
    return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
