"""What the machine sends: one document for each thing that can be asked, and asks as its input."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ledger import identifiers
from tests.ledger.asks import Ask, Capture, Name, Post, Reverse, Void

_SHOWN: Final = """
    fragment Shown on Transaction {
        id idempotencyKey state description metadata
        createdAt resolvedAt effectiveAt expiresAt
        postings { amount captured debit { code } credit { code } }
        entries { side amount createdAt account { code } }
        reverses { id } reversedBy { id }
    }
"""
_RESULT: Final = f"""
    fragment Result on PostTransactionResult {{
        __typename
        ... on PostTransactionSuccess {{ replayed transaction {{ ...Shown }} }}
        ... on IdempotencyConflict {{ field conflict: transaction {{ id }} }}
        ... on AlreadyReversed {{ reversal {{ id }} }}
        ... on BatchRefused {{ refusedIndex }}
        ... on Refusal {{ code message path }}
    }}
    {_SHOWN}
"""


def _mutation(name: str, payload: str) -> str:
    kind = name[0].upper() + name[1:]
    return f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {payload} }} "


SINGLE: Final[Mapping[type[Ask], str]] = {
    Post: "postTransaction",
    Capture: "captureTransaction",
    Void: "voidTransaction",
    Reverse: "reverseTransaction",
}
MUTATIONS: Final[Mapping[str, str]] = {
    **{name: _mutation(name, "{ ...Result }") + _RESULT for name in SINGLE.values()},
    **{
        name: _mutation(name, "{ committed results { ...Result } }") + _RESULT
        for name in ("postTransactions", "submitTransactions")
    },
}
ITEM: Final[Mapping[type[Ask], str]] = {
    Post: "post",
    Capture: "capture",
    Void: "void",
    Reverse: "reverse",
}

_ACCOUNT: Final = "id code state version floor ceiling"
_REFUSAL: Final = "... on Refusal { code message path }"
CREATE_CURRENCY: Final = _mutation("createCurrency", "{ __typename }")
CREATE_USER: Final = _mutation("createUser", f"{{ __typename {_REFUSAL} }}")
OPEN_ACCOUNT: Final = _mutation(
    "openAccount",
    "{ __typename ... on OpenAccountSuccess { account { "
    f"{_ACCOUNT} owner {{ username }} }} }} {_REFUSAL} }}",
)
CHANGE_ACCOUNT: Final[Mapping[str, str]] = {
    name: _mutation(
        name,
        f"{{ __typename ... on UpdateAccountSuccess {{ account {{ {_ACCOUNT} }} }} {_REFUSAL} }}",
    )
    for name in ("updateAccount", "freezeAccount", "unfreezeAccount", "closeAccount")
}
UPDATE_TRANSACTION: Final = _mutation(
    "updateTransaction",
    "{ __typename ... on UpdateTransactionSuccess { transaction { id description metadata } } "
    f"{_REFUSAL} }}",
)

_BALANCE: Final = "balance { posted available debits credits pendingDebits pendingCredits }"
ACCOUNT: Final = f"""
    query ($code: String!) {{ account(by: {{ code: $code }}) {{ {_ACCOUNT} {_BALANCE} }} }}
"""
ACCOUNTS: Final = f"""{{
    accounts(first: 100) {{ nodes {{ {_ACCOUNT} {_BALANCE} }} }}
    ledger {{ trialBalance {{ currency {{ code }} debits credits balanced }} }}
}}"""
TRANSACTION: Final = f"""
    query ($by: TransactionBy!) {{ transaction(by: $by) {{ ...Shown }} }}
    {_SHOWN}
"""
BALANCE_AT: Final = """
    query ($code: String!, $at: DateTime!, $effective: DateTime!) {
        account(by: { code: $code }) {
            recorded: balance(at: $at) { posted pendingDebits pendingCredits }
            effective: balance(at: $effective, clock: EFFECTIVE) { posted }
        }
    }
"""


class Names:
    """What the things of the model are called in the API."""

    def __init__(self) -> None:
        """Transactions by the number of the request that made them."""
        self.transactions: dict[int, str] = {}

    def account(self, name: Name) -> dict[str, str]:
        """An ``AccountBy``."""
        if isinstance(name, UUID):
            return {"id": identifiers.render("acct", name)}
        return {"id": "acct_no"} if name is None else {"code": name}

    def transaction(self, name: Name) -> dict[str, str]:
        """A ``TransactionBy``; nothing has the id of a transaction that came to nothing."""
        if isinstance(name, UUID):
            unknown = identifiers.render("txn", name)
            return {"id": self.transactions.get(name.int, unknown)}
        return {"id": "txn_no"} if name is None else {"idempotencyKey": name}

    def input(self, ask: Ask) -> dict[str, Any]:
        """An ask as its mutation's input."""
        made: dict[str, Any] = {"idempotencyKey": ask.key}
        if isinstance(ask, Post):
            made["postings"] = [
                {"debit": self.account(debit), "credit": self.account(credit), "amount": amount}
                for debit, credit, amount in ask.postings
            ]
            made |= {"pending": ask.pending, "expiresAt": instant(ask.expires_at)}
        else:
            made["transaction"] = self.transaction(ask.transaction)
        if isinstance(ask, Capture):
            made["amounts"] = None if ask.amounts is None else list(ask.amounts)
        if isinstance(ask, Post | Reverse):
            made |= {
                "description": ask.description,
                "metadata": ask.metadata,
                "effectiveAt": instant(ask.effective_at),
            }
        return made


def instant(moment: datetime | None) -> str | None:
    """As the API writes a time."""
    if moment is None:
        return None
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
