"""The worksheet of a batch: its accounts and transactions as the requests before have left them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from ledger import books
from ledger.accounts import Account
from ledger.books import Book
from ledger.records import Entry, Record, RecordedPosting
from ledger.transactions import AccountKey, TransactionKey


class Expired(msgspec.Struct, frozen=True, gc=False):
    """What an account's pending counters still hold of holds that have expired. Minor units."""

    account_id: UUID
    debits: int
    credits: int


class Worksheet(msgspec.Struct, gc=False):
    """Made for one decision and thrown away with it; ``recorded_at`` is the batch's moment."""

    recorded_at: datetime
    # By id and by code.
    books: dict[UUID | str | None, Book]
    records: dict[UUID, Record]
    # Idempotency keys of what made a transaction, and of what captured or voided one.
    made_by: dict[str, UUID]
    resolved_by: dict[str, UUID]

    def book(self, account: AccountKey) -> Book | None:
        """The book of the account that a request names."""
        return self.books.get(account.key)

    def record(self, transaction: TransactionKey) -> Record | None:
        """The transaction that a request names."""
        key = transaction.key
        found_id = self.made_by.get(key) if isinstance(key, str) else key
        return None if found_id is None else self.records.get(found_id)

    def bound(self, key: str, *, resolution: bool) -> Record | None:
        """The transaction that a key is bound to.

        The key of a capture or void and that of a transaction can only be one and the same if both
        were bound in the same instant, over different accounts; each kind then finds its own.
        """
        first, second = self.made_by, self.resolved_by
        if resolution:
            first, second = second, first
        found = first.get(key) or second.get(key)
        return None if found is None else self.records[found]

    def keep(self, record: Record) -> None:
        """Put a transaction on the sheet, new or changed."""
        self.records[record.transaction_id] = record
        self.made_by[record.idempotency_key] = record.transaction_id
        if record.resolution_key is not None:
            self.resolved_by[record.resolution_key] = record.transaction_id

    def enter(self, record: Record) -> tuple[Entry, ...]:
        """Post a transaction's postings to their books: two entries each, the debit first."""
        entries: list[Entry] = []
        for position, posting in enumerate(record.postings):
            amount = posting.moved
            debit = self.books[posting.debit_account_id]
            entries.append(debit.post("DEBIT", amount, record, position))
            credit = self.books[posting.credit_account_id]
            entries.append(credit.post("CREDIT", amount, record, position))
        return tuple(entries)

    def hold(self, posting: RecordedPosting) -> None:
        """Reserve a posting's amount on both sides."""
        self.books[posting.debit_account_id].hold("DEBIT", posting.amount)
        self.books[posting.credit_account_id].hold("CREDIT", posting.amount)

    def release(self, posting: RecordedPosting) -> None:
        """Give a posting's reserved amount back."""
        self.books[posting.debit_account_id].hold("DEBIT", -posting.amount)
        self.books[posting.credit_account_id].hold("CREDIT", -posting.amount)


def opened(
    *,
    recorded_at: datetime,
    accounts: Iterable[Account],
    expired: Iterable[Expired],
    recorded: Iterable[Record],
) -> Worksheet:
    """A worksheet over what was read under the accounts' locks."""
    lapsed: Mapping[UUID, Expired] = {one.account_id: one for one in expired}
    named: dict[UUID | str | None, Book] = {}
    for account in accounts:
        book = books.opened(account)
        if lapsed and account.account_id in lapsed:
            book.debits_expired = lapsed[account.account_id].debits
            book.credits_expired = lapsed[account.account_id].credits
        named[account.account_id] = named[account.code] = book
    sheet = Worksheet(recorded_at, named, {}, {}, {})
    for record in recorded:
        sheet.keep(record)
    return sheet
