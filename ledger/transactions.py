"""What may be asked about transactions, before any account has been looked at."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from ledger import amounts, metadata, texts
from ledger.amounts import Amount
from ledger.paths import Path
from ledger.refusals import InvalidAmount, InvalidInput

# A transaction that needs more legs than this is a batch.
POSTINGS_MAX: Final = 100
# Of one posting each, they are decided and written in a few dozen milliseconds, which is how long
# their accounts stay locked; larger batches gain nothing.
BATCH_MAX: Final = 1000


class AccountKey(msgspec.Struct, frozen=True, gc=False):
    """How a request names an account: by id, by code, or by a text that can be neither (None)."""

    key: UUID | str | None
    text: str


class TransactionKey(msgspec.Struct, frozen=True, gc=False):
    """How a request names a transaction: by id, by the idempotency key that it was requested with,
    or by a text that can be neither (None).
    """

    key: UUID | str | None
    text: str


class PostingRequest(msgspec.Struct, frozen=True, gc=False):
    """Move ``amount``, which is positive, from the credited to the debited account."""

    debit: AccountKey
    credit: AccountKey
    amount: Amount
    amount_text: str


class TransactionRequest(msgspec.Struct, frozen=True, gc=False):
    """A well-formed request for one transaction; ``path`` is where it stands in its mutation.

    ``pending`` asks for a hold, until ``expires_at`` if that is given. ``effective_at`` is None for
    what takes effect when it is recorded.
    """

    path: Path
    idempotency_key: str
    postings: tuple[PostingRequest, ...]
    description: str
    metadata: metadata.Metadata
    effective_at: datetime | None = None
    pending: bool = False
    expires_at: datetime | None = None


class CaptureRequest(msgspec.Struct, frozen=True, gc=False):
    """Post a hold: all of it (``amounts`` is None), or so much of each of its postings."""

    path: Path
    idempotency_key: str
    transaction: TransactionKey
    amounts: tuple[Amount, ...] | None = None
    amount_texts: tuple[str, ...] = ()


class VoidRequest(msgspec.Struct, frozen=True, gc=False):
    """Release a hold."""

    path: Path
    idempotency_key: str
    transaction: TransactionKey


class ReversalRequest(msgspec.Struct, frozen=True, gc=False):
    """Post the mirror image of a posted transaction."""

    path: Path
    idempotency_key: str
    transaction: TransactionKey
    description: str
    metadata: metadata.Metadata
    effective_at: datetime | None = None


ResolutionRequest: TypeAlias = CaptureRequest | VoidRequest
Request: TypeAlias = TransactionRequest | CaptureRequest | VoidRequest | ReversalRequest
Malformed: TypeAlias = InvalidInput | InvalidAmount


def request(
    *,
    path: Path,
    idempotency_key: str,
    postings: Sequence[tuple[AccountKey, AccountKey, str]],
    description: str,
    metadata_object: object,
    effective_at: datetime | None = None,
    pending: bool = False,
    expires_at: datetime | None = None,
) -> TransactionRequest | Malformed:
    """Make a request of what a client sent: (debit, credit, amount) in each posting."""
    refusal = _key_refusal(path, idempotency_key)
    if refusal is not None:
        return refusal
    if not 1 <= len(postings) <= POSTINGS_MAX:
        problem = f"a transaction has 1 to {POSTINGS_MAX} postings, this one has "
        problem += "more" if postings else "none"
        return InvalidInput(path=(*path, "postings"), problem=problem)
    parsed: list[PostingRequest] = []
    for position, (debit, credit, text) in enumerate(postings):
        amount = amounts.parse(text)
        if amount is None or amount.digits <= 0:
            where = (*path, "postings", str(position), "amount")
            return _amount_refusal(
                where, text, amount, "to move money the other way, swap debit and credit"
            )
        parsed.append(PostingRequest(debit, credit, amount, text))
    if expires_at is not None and not pending:
        problem = "only a hold expires; send pending: true with it, or leave it out"
        return InvalidInput(path=(*path, "expiresAt"), problem=problem)
    kept = _contents(path, description, metadata_object)
    if isinstance(kept, InvalidInput):
        return kept
    return TransactionRequest(
        path, idempotency_key, tuple(parsed), description, kept, effective_at, pending, expires_at
    )


def capture(
    *,
    path: Path,
    idempotency_key: str,
    transaction: TransactionKey,
    amount_texts: Sequence[str] | None,
) -> CaptureRequest | Malformed:
    """Make a request to capture a hold: whole where there are no amounts, else one a posting."""
    refusal = _key_refusal(path, idempotency_key)
    if refusal is not None:
        return refusal
    if amount_texts is None:
        return CaptureRequest(path, idempotency_key, transaction)
    if not 1 <= len(amount_texts) <= POSTINGS_MAX:
        problem = "there is one amount for each of the hold's postings, or null to capture all"
        return InvalidInput(path=(*path, "amounts"), problem=problem)
    parsed: list[Amount] = []
    for position, text in enumerate(amount_texts):
        amount = amounts.parse(text)
        if amount is None or amount.digits <= 0:
            where = (*path, "amounts", str(position))
            return _amount_refusal(where, text, amount, "to release the whole hold, void it")
        parsed.append(amount)
    return CaptureRequest(path, idempotency_key, transaction, tuple(parsed), tuple(amount_texts))


def void(
    *, path: Path, idempotency_key: str, transaction: TransactionKey
) -> VoidRequest | Malformed:
    """Make a request to void a hold."""
    refusal = _key_refusal(path, idempotency_key)
    return refusal or VoidRequest(path, idempotency_key, transaction)


def reversal(
    *,
    path: Path,
    idempotency_key: str,
    transaction: TransactionKey,
    description: str,
    metadata_object: object,
    effective_at: datetime | None = None,
) -> ReversalRequest | Malformed:
    """Make a request to reverse a transaction."""
    refusal = _key_refusal(path, idempotency_key)
    if refusal is not None:
        return refusal
    kept = _contents(path, description, metadata_object)
    if isinstance(kept, InvalidInput):
        return kept
    return ReversalRequest(path, idempotency_key, transaction, description, kept, effective_at)


def fingerprint(request: TransactionRequest | ReversalRequest) -> bytes:
    """32 bytes that keep description and metadata as first sent: a digest of 16 for each."""
    if not request.description and not request.metadata:
        return PLAIN_FINGERPRINT
    return _fingerprint(request.description, request.metadata)


def _fingerprint(description: str, metadata_object: metadata.Metadata) -> bytes:
    digest = hashlib.blake2b(description.encode(), digest_size=16).digest()
    return digest + metadata.digest(metadata_object)


# Most transactions of a large batch have neither.
PLAIN_FINGERPRINT: Final = _fingerprint("", {})


def _key_refusal(path: Path, idempotency_key: str) -> InvalidInput | None:
    problem = texts.identifier_problem(idempotency_key, length_max=texts.KEY_MAX)
    if problem is None:
        return None
    return InvalidInput(path=(*path, "idempotencyKey"), problem=problem)


def _contents(
    path: Path, description: str, metadata_object: object
) -> "metadata.Metadata | InvalidInput":
    """The metadata, empty where there is none, or what is malformed in it or the description."""
    problem = texts.prose_problem(description, length_max=texts.DESCRIPTION_MAX)
    if problem is not None:
        return InvalidInput(path=(*path, "description"), problem=problem)
    if metadata_object is None:
        return {}
    problem = metadata.problem(metadata_object)
    if problem is not None:
        return InvalidInput(path=(*path, "metadata"), problem=problem)
    assert isinstance(metadata_object, dict)
    return metadata_object


def _amount_refusal(path: Path, text: str, amount: Amount | None, remedy: str) -> InvalidAmount:
    if amount is None:
        problem = f"{texts.shown(text)!r} is not a plain decimal such as 12.30"
    else:
        problem = f"{text} is not positive; {remedy}"
    return InvalidAmount(path=path, problem=problem)
