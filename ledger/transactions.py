"""What a transaction may look like before any account has been looked at."""

import hashlib
from collections.abc import Sequence
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from ledger import amounts, metadata, texts
from ledger.refusals import InvalidAmount, InvalidInput, Path

# A transaction that needs more legs than this is a batch.
POSTINGS_MAX: Final = 100
# Of one posting each, they are decided and written in a few dozen milliseconds, which is how long
# their accounts stay locked; larger batches gain nothing.
BATCH_MAX: Final = 1000


class AccountKey(msgspec.Struct, frozen=True, gc=False):
    """How a request names an account: by id, by code, or by a text that can be neither (None)."""

    key: UUID | str | None
    text: str


class PostingRequest(msgspec.Struct, frozen=True, gc=False):
    """Move ``amount``, which is positive, from the credited to the debited account."""

    debit: AccountKey
    credit: AccountKey
    amount: amounts.Amount
    amount_text: str


class TransactionRequest(msgspec.Struct, frozen=True, gc=False):
    """A well-formed request for one transaction; ``path`` is where it stands in its mutation."""

    path: Path
    idempotency_key: str
    postings: tuple[PostingRequest, ...]
    description: str
    metadata: metadata.Metadata


Malformed: TypeAlias = InvalidInput | InvalidAmount


def request(
    *,
    path: Path,
    idempotency_key: str,
    postings: Sequence[tuple[AccountKey, AccountKey, str]],
    description: str,
    metadata_object: object,
) -> TransactionRequest | Malformed:
    """Make a request of what a client sent: (debit, credit, amount) in each posting."""
    problem = texts.identifier_problem(idempotency_key, length_max=texts.KEY_MAX)
    if problem is not None:
        return InvalidInput(path=(*path, "idempotencyKey"), problem=problem)
    if not 1 <= len(postings) <= POSTINGS_MAX:
        problem = f"a transaction has 1 to {POSTINGS_MAX} postings, this one has "
        problem += "more" if postings else "none"
        return InvalidInput(path=(*path, "postings"), problem=problem)
    parsed: list[PostingRequest] = []
    for position, (debit, credit, text) in enumerate(postings):
        amount = amounts.parse(text)
        if amount is None or amount.digits <= 0:
            return InvalidAmount(
                path=(*path, "postings", str(position), "amount"),
                problem=_amount_problem(text, amount),
            )
        parsed.append(PostingRequest(debit, credit, amount, text))
    problem = texts.prose_problem(description, length_max=texts.DESCRIPTION_MAX)
    if problem is not None:
        return InvalidInput(path=(*path, "description"), problem=problem)
    kept: metadata.Metadata = {}
    if metadata_object is not None:
        problem = metadata.problem(metadata_object)
        if problem is not None:
            return InvalidInput(path=(*path, "metadata"), problem=problem)
        assert isinstance(metadata_object, dict)
        kept = metadata_object
    return TransactionRequest(path, idempotency_key, tuple(parsed), description, kept)


def fingerprint(request: TransactionRequest) -> bytes:
    """32 bytes that keep description and metadata as first sent: a digest of 16 for each."""
    if not request.description and not request.metadata:
        return _PLAIN
    return _fingerprint(request.description, request.metadata)


def _fingerprint(description: str, metadata_object: metadata.Metadata) -> bytes:
    digest = hashlib.blake2b(description.encode(), digest_size=16).digest()
    return digest + metadata.digest(metadata_object)


# Most transactions of a large batch have neither.
_PLAIN: Final = _fingerprint("", {})


def _amount_problem(text: str, amount: amounts.Amount | None) -> str:
    if amount is None:
        return f"{texts.shown(text)!r} is not a plain decimal such as 12.30"
    return f"{text} is not positive; to move money the other way, swap debit and credit"
