"""What is asked of transactions: to be posted, held, captured, voided or reversed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET
from strawberry.types import get_object_definition

from ledger import transactions as rules
from ledger.paths import Path
from ledger.transactions import Malformed, Request
from schema.keys import AccountBy, TransactionBy
from schema.scalars import JSON, Amount
from schema.unset import or_none

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
    """Becomes a ``PostingRequest``."""

    debit: AccountBy = strawberry.field(description="The account to debit.")
    credit: AccountBy = strawberry.field(description="The account to credit: another one.")
    amount: Amount = strawberry.field(description="Positive, in both accounts' currency.")


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

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        return rules.request(
            path=path,
            idempotency_key=self.idempotency_key,
            postings=[(leg.debit.key(), leg.credit.key(), leg.amount) for leg in self.postings],
            description=self.description or "",
            metadata_object=or_none(self.metadata),
            effective_at=or_none(self.effective_at),
            pending=self.pending is True,
            expires_at=or_none(self.expires_at),
        )


def _from_input(_type: type, value: Mapping[str, Any], _context: object) -> PostTransactionInput:
    """Build the input by hand: Strawberry's own conversion walks it field by field, and took more
    time than everything else that is done for a transaction of a batch.
    """
    return PostTransactionInput(
        idempotency_key=value["idempotencyKey"],
        postings=[
            PostingInput(
                debit=AccountBy(**posting["debit"]),
                credit=AccountBy(**posting["credit"]),
                amount=posting["amount"],
            )
            # One more than is allowed is enough to be refused.
            for posting in value["postings"][: rules.POSTINGS_MAX + 1]
        ],
        description=value.get("description"),
        effective_at=value.get("effectiveAt"),
        pending=value.get("pending"),
        expires_at=value.get("expiresAt"),
        metadata=value.get("metadata"),
    )


get_object_definition(PostTransactionInput, strict=True).from_input = _from_input


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

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        return rules.capture(
            path=path,
            idempotency_key=self.idempotency_key,
            transaction=self.transaction.key(),
            amount_texts=or_none(self.amounts),
        )


@strawberry.input(description="A hold to void.")
class VoidTransactionInput:
    """Becomes a ``VoidRequest``."""

    idempotency_key: str = strawberry.field(description=_KEY)
    transaction: TransactionBy = strawberry.field(description="The hold.")

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        return rules.void(
            path=path,
            idempotency_key=self.idempotency_key,
            transaction=self.transaction.key(),
        )


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

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        return rules.reversal(
            path=path,
            idempotency_key=self.idempotency_key,
            transaction=self.transaction.key(),
            description=self.description or "",
            metadata_object=or_none(self.metadata),
            effective_at=or_none(self.effective_at),
        )


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

    def request(self, path: Path) -> Request | Malformed:
        """As the ledger takes it; ``path`` is where this item stands."""
        asked = {
            "post": self.post,
            "capture": self.capture,
            "void": self.void,
            "reverse": self.reverse,
        }
        ((name, one),) = ((name, one) for name, one in asked.items() if one)
        return one.request((*path, name))
