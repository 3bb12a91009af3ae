"""Idempotency: whether a key's second request is its first, and if not, what differs.

Requests are compared by what they ask for and not by how it is written: ``"2"`` is ``"2.00"``, an
account's code is its id, metadata in another order is the same metadata, and the amounts of a
capture that leaves them out are those that were held.
"""

from uuid import UUID

from ledger import transactions
from ledger.records import Record
from ledger.transactions import (
    AccountKey,
    CaptureRequest,
    Request,
    ReversalRequest,
    TransactionKey,
    TransactionRequest,
    VoidRequest,
)
from ledger.worksheets import Worksheet


def first_difference(request: Request, record: Record, sheet: Worksheet) -> str | None:
    """The first field in which a request differs from the one its key is bound to.

    ``operation`` where one posted, captured, voided or reversed and the other did not.
    """
    if type(request) is not _operation(request.idempotency_key, record):
        return "operation"
    match request:
        case TransactionRequest():
            return _posting_difference(request, record, sheet)
        case ReversalRequest():
            same = _transaction_id(request.transaction, sheet) == record.reverses_id
            return _content_difference(request, record) if same else "transaction"
        case CaptureRequest():
            same = _transaction_id(request.transaction, sheet) == record.transaction_id
            return _capture_difference(request, record, sheet) if same else "transaction"
        case VoidRequest():
            same = _transaction_id(request.transaction, sheet) == record.transaction_id
            return None if same else "transaction"


def _operation(key: str, record: Record) -> type[Request]:
    """The kind of request that bound a key to a transaction."""
    if key == record.idempotency_key:
        return TransactionRequest if record.reverses_id is None else ReversalRequest
    return CaptureRequest if record.state == "POSTED" else VoidRequest


def _posting_difference(
    request: TransactionRequest, record: Record, sheet: Worksheet
) -> str | None:
    if len(request.postings) != len(record.postings):
        return "postings"
    for position, (asked, kept) in enumerate(zip(request.postings, record.postings, strict=True)):
        debit = _account_id(asked.debit, sheet)
        if debit is None or debit != kept.debit_account_id:
            return f"postings.{position}.debit"
        if _account_id(asked.credit, sheet) != kept.credit_account_id:
            return f"postings.{position}.credit"
        if asked.amount.minor_units(sheet.books[debit].account.exponent) != kept.amount:
            return f"postings.{position}.amount"
    if request.pending != record.is_hold:
        return "pending"
    if request.expires_at != record.expires_at:
        return "expiresAt"
    return _content_difference(request, record)


def _content_difference(
    request: TransactionRequest | ReversalRequest, record: Record
) -> str | None:
    if request.effective_at != record.effective_at:
        return "effectiveAt"
    fingerprint = transactions.fingerprint(request)
    if fingerprint[:16] != record.fingerprint[:16]:
        return "description"
    return None if fingerprint == record.fingerprint else "metadata"


def _capture_difference(request: CaptureRequest, record: Record, sheet: Worksheet) -> str | None:
    amounts = request.amounts
    if amounts is not None and len(amounts) != len(record.postings):
        return "amounts"
    for position, posting in enumerate(record.postings):
        asked: int | None = posting.amount
        if amounts is not None:
            exponent = sheet.books[posting.debit_account_id].account.exponent
            asked = amounts[position].minor_units(exponent)
        if asked != posting.captured:
            return f"amounts.{position}" if amounts is not None else "amounts"
    return None


def _account_id(account: AccountKey, sheet: Worksheet) -> UUID | None:
    book = sheet.book(account)
    return None if book is None else book.account.account_id


def _transaction_id(transaction: TransactionKey, sheet: Worksheet) -> UUID | None:
    record = sheet.record(transaction)
    return None if record is None else record.transaction_id
