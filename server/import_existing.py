"""Whether what an import would make is there already, and is the same."""

from collections.abc import Mapping
from typing import Any, Final

from db.users import folded
from ledger import amounts

# What a refusal has to tell for that; in a document with aliases.
OUTCOME: Final = """
    fragment Outcome on Refusal {
        code message path
        ... on UsernameTaken { user { email } }
        ... on CurrencyTaken { currency { exponent } }
        ... on AccountCodeTaken {
            account { currency { code } normalSide owner { id username email } }
        }
        ... on AccountClosed { account { name floor ceiling metadata } }
    }
"""


def differences(
    mutation: str, asked: Mapping[str, Any], refusal: Mapping[str, Any]
) -> list[str] | None:
    """In which fields what is there differs from what was asked; none where it is the same.

    None where the refusal is about something else. What is final is compared: of a user, the
    address, because another address is likely to be somebody else. A closed account is as asked if
    its name, limits and metadata are, and frozen enough.
    """
    match mutation, refusal["code"]:
        case "createUser", "USERNAME_TAKEN":
            is_same = folded(refusal["user"]["email"]) == folded(asked["email"])
            return [] if is_same else ["email"]
        case "createCurrency", "CURRENCY_TAKEN":
            return [] if refusal["currency"]["exponent"] == asked["exponent"] else ["exponent"]
        case "openAccount", "ACCOUNT_CODE_TAKEN":
            return _of_account(asked, refusal["account"])
        case "updateAccount", "ACCOUNT_CLOSED":
            return _of_closed_account(asked, refusal["account"])
        case "freezeAccount", "ACCOUNT_CLOSED":
            return []
    return None


def _of_account(asked: Mapping[str, Any], account: Mapping[str, Any]) -> list[str]:
    same = {
        "currency": account["currency"]["code"] == asked["currency"],
        "normalSide": account["normalSide"] == asked["normalSide"],
        "owner": _is_owner(asked.get("owner"), account["owner"]),
    }
    return [field for field, is_same in same.items() if not is_same]


def _is_owner(asked: Mapping[str, object] | None, owner: Mapping[str, str] | None) -> bool:
    if asked is None or owner is None:
        return asked is owner
    return all(folded(owner[field]) == folded(str(value)) for field, value in asked.items())


def _of_closed_account(asked: Mapping[str, Any], account: Mapping[str, Any]) -> list[str]:
    same = {
        "name": asked.get("name") in {None, account["name"]},
        "floor": "floor" not in asked or _is_limit(asked["floor"], account["floor"]),
        "ceiling": "ceiling" not in asked or _is_limit(asked["ceiling"], account["ceiling"]),
        "metadata": _is_merged(asked.get("metadata"), account["metadata"]),
    }
    return [field for field, is_same in same.items() if not is_same]


def _is_merged(changes: object, metadata: Mapping[str, object]) -> bool:
    """Whether metadata is as these changes would leave it, which may be anything that is JSON."""
    if not isinstance(changes, dict):
        return changes is None
    return all(metadata.get(key) == value for key, value in changes.items())


def _is_limit(asked: str | None, limit: str | None) -> bool:
    """Whether two amounts are the same, however many decimals they are written with."""
    if asked is None or limit is None:
        return asked is limit
    one, other = amounts.parse(asked), amounts.parse(limit)
    if one is None or other is None:
        return False
    decimals = max(one.decimals, other.decimals)
    return one.minor_units(decimals) == other.minor_units(decimals)
