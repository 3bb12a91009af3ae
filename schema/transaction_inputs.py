"""What is asked of transactions: to be posted, held, captured, voided or reversed.

The fields are declared for the schema only. An input keeps what was sent, as graphql-core coerced
it, and is read once, into the ledger's own request: Strawberry's conversion would walk it field by
field, and takes more time than everything else that is done for a transaction of a batch.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

import strawberry
from strawberry import UNSET
from strawberry.types import get_object_definition

from ledger import transactions as rules
from ledger.paths import Path
from ledger.transactions import AccountKey, Malformed, Request, TransactionKey
from schema import keys
from schema.keys import AccountBy, TransactionBy
from schema.scalars import JSON, Amount

# A coerced input: by the names of its GraphQL fields, without those that were left out.
Sent: TypeAlias = Mapping[str, Any]
Input = TypeVar("Input", bound=type)


def made_of_what_is_sent(input_type: Input) -> Input:
    """Have Strawberry make an input of the whole mapping, which its constructor takes."""
    definition = get_object_definition(input_type, strict=True)
    definition.from_input = lambda made, sent, _context: made(sent)
    return input_type


_KEY = (
    "The application's name for this request, 1 to 200 characters. Sent again with the same "
    "content it answers with the same transaction; with other content it is refused. Only a "
    "success binds it, and whatever is asked of transactions shares one set of keys."
)
_EFFECTIVE_AT = (
    "When it takes effect: any time back, and at most one year ahead. Left out, it is when the "
    "money moves."
)


@strawberry.input(
    description="One movement: the amount is entered on the debit side of one account and on the "
    "credit side of the other. An account grows by what is entered on its normal side."
)
class PostingInput:
    """Becomes a ``PostingRequest``; declared only, and never made."""

    debit: AccountBy = strawberry.field(description="The account to debit.")
    credit: AccountBy = strawberry.field(description="The account to credit: another one.")
    amount: Amount = strawberry.field(description="Positive, in both accounts' currency.")


@made_of_what_is_sent
@strawberry.input(description="Postings that happen together or not at all.")
class PostTransactionInput:
    """Becomes a ``TransactionRequest``."""

    idempotency_key: str = strawberry.field(description=_KEY)
    postings: list[PostingInput] = strawberry.field(
        description="1 to 100 movements. Floors and ceilings are held against their net effect; of "
        "a hold, against all that it may take, and all that it may bring."
    )
    description: str | None = strawberry.field(
        default=UNSET, description="For people, at most 1000 characters."
    )
    effective_at: datetime | None = strawberry.field(default=UNSET, description=_EFFECTIVE_AT)
    pending: bool | None = strawberry.field(
        default=False,
        description="True for a hold: nothing moves yet, and the amounts are reserved on both "
        "sides until it is captured or voided, or expires.",
    )
    expires_at: datetime | None = strawberry.field(
        default=UNSET,
        description="When the hold expires, in the future; only with `pending: true`. Left out, "
        "it stays until it is captured or voided.",
    )
    metadata: JSON | None = strawberry.field(
        default=UNSET, description="The application's own object, if any."
    )

    def __init__(self, sent: Sent) -> None:
        self._sent = sent

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        sent = self._sent
        return rules.request(
            path=path,
            idempotency_key=sent["idempotencyKey"],
            postings=[
                (_account(leg["debit"]), _account(leg["credit"]), leg["amount"])
                # One more than is allowed is enough to be refused.
                for leg in sent["postings"][: rules.POSTINGS_MAX + 1]
            ],
            description=sent.get("description") or "",
            metadata_object=sent.get("metadata"),
            effective_at=sent.get("effectiveAt"),
            pending=sent.get("pending") is True,
            expires_at=sent.get("expiresAt"),
        )


def _account(sent: Sent) -> AccountKey:
    return keys.account(sent.get("id"), sent.get("code"))


def _transaction(sent: Sent) -> TransactionKey:
    return keys.transaction(sent.get("id"), sent.get("idempotencyKey"))


@made_of_what_is_sent
@strawberry.input(description="A hold to capture.")
class CaptureTransactionInput:
    """Becomes a ``CaptureRequest``."""

    idempotency_key: str = strawberry.field(description=_KEY)
    transaction: TransactionBy = strawberry.field(description="The hold.")
    amounts: list[Amount] | None = strawberry.field(
        default=UNSET,
        description="One for each of the hold's postings, in their order, each positive and at "
        "most what is held; the rest is released. Left out, all of it is captured.",
    )

    def __init__(self, sent: Sent) -> None:
        self._sent = sent

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        sent = self._sent
        return rules.capture(
            path=path,
            idempotency_key=sent["idempotencyKey"],
            transaction=_transaction(sent["transaction"]),
            amount_texts=sent.get("amounts"),
        )


@made_of_what_is_sent
@strawberry.input(description="A hold to void.")
class VoidTransactionInput:
    """Becomes a ``VoidRequest``."""

    idempotency_key: str = strawberry.field(description=_KEY)
    transaction: TransactionBy = strawberry.field(description="The hold.")

    def __init__(self, sent: Sent) -> None:
        self._sent = sent

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        sent = self._sent
        return rules.void(
            path=path,
            idempotency_key=sent["idempotencyKey"],
            transaction=_transaction(sent["transaction"]),
        )


@made_of_what_is_sent
@strawberry.input(description="A posted transaction to reverse, in full.")
class ReverseTransactionInput:
    """Becomes a ``ReversalRequest``."""

    idempotency_key: str = strawberry.field(description=_KEY)
    transaction: TransactionBy = strawberry.field(description="The transaction to take back.")
    description: str | None = strawberry.field(
        default=UNSET, description="For people, at most 1000 characters."
    )
    effective_at: datetime | None = strawberry.field(default=UNSET, description=_EFFECTIVE_AT)
    metadata: JSON | None = strawberry.field(
        default=UNSET, description="The application's own object, if any."
    )

    def __init__(self, sent: Sent) -> None:
        self._sent = sent

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        sent = self._sent
        return rules.reversal(
            path=path,
            idempotency_key=sent["idempotencyKey"],
            transaction=_transaction(sent["transaction"]),
            description=sent.get("description") or "",
            metadata_object=sent.get("metadata"),
            effective_at=sent.get("effectiveAt"),
        )


@made_of_what_is_sent
@strawberry.input(one_of=True, description="What to do: exactly one of the four.")
class TransactionItemInput:
    """Becomes any of the requests."""

    post: PostTransactionInput | None = strawberry.field(
        default=UNSET, description="Move money, or hold it."
    )
    capture: CaptureTransactionInput | None = strawberry.field(
        default=UNSET, description="Capture a hold."
    )
    void: VoidTransactionInput | None = strawberry.field(default=UNSET, description="Void a hold.")
    reverse: ReverseTransactionInput | None = strawberry.field(
        default=UNSET, description="Take a posted transaction back."
    )

    def __init__(self, sent: Sent) -> None:
        ((self._name, self._sent),) = sent.items()

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this item stands."""
        return _ITEMS[self._name](self._sent).request((*path, self._name))


_Item: TypeAlias = (
    PostTransactionInput | CaptureTransactionInput | VoidTransactionInput | ReverseTransactionInput
)
_ITEMS: Final[Mapping[str, Callable[[Sent], _Item]]] = {
    "post": PostTransactionInput,
    "capture": CaptureTransactionInput,
    "void": VoidTransactionInput,
    "reverse": ReverseTransactionInput,
}


@made_of_what_is_sent
@strawberry.input(description="Transactions to post in order.")
class PostTransactionsInput:
    """Becomes a list of ``TransactionRequest``."""

    transactions: list[PostTransactionInput] = strawberry.field(
        description="1 to 1000 transactions; each sees the effects of those before it."
    )
    atomic: bool | None = strawberry.field(
        default=True,
        description="True, or null: one refusal refuses all. False: each stands for itself.",
    )

    def __init__(self, sent: Sent) -> None:
        self.transactions = [PostTransactionInput(one) for one in sent["transactions"]]
        self.atomic = sent.get("atomic")


@made_of_what_is_sent
@strawberry.input(description="What to do with transactions, in order.")
class SubmitTransactionsInput:
    """Becomes a list of requests of any kind."""

    items: list[TransactionItemInput] = strawberry.field(
        description="1 to 1000 items; each sees the effects of those before it, so that a hold can "
        "be captured by the item after it."
    )
    atomic: bool | None = strawberry.field(
        default=True,
        description="True, or null: one refusal refuses all. False: each stands for itself.",
    )

    def __init__(self, sent: Sent) -> None:
        self.items = [TransactionItemInput(one) for one in sent["items"]]
        self.atomic = sent.get("atomic")
