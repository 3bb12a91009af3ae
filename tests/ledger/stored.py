"""What the database keeps between two batches, in memory: accounts, bound keys and entries."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from ledger import posting
from ledger.accounts import Account
from ledger.posting import Decision, Entry, Recorded
from ledger.transactions import Malformed, TransactionRequest

# A request with the id that its transaction is to have.
Numbered: TypeAlias = tuple[TransactionRequest | Malformed, UUID]


class Kept(NamedTuple):
    """An entry and when it was recorded."""

    entry: Entry
    recorded_at: datetime


class Stored:
    """Reads for a batch what the write path reads for it, and writes what the write path writes."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.accounts = {account.account_id: account for account in accounts}
        self.recorded: dict[str, Recorded] = {}
        self.entries: list[Kept] = []

    def decide(self, batch: Sequence[Numbered], *, clock: datetime, atomic: bool) -> Decision:
        """Decide a batch and keep what is accepted."""
        requests = [request for request, _ in batch]
        accounts, recorded = self._read(requests)
        recorded_at = posting.recorded_time(clock, accounts)
        decision = posting.decide(
            requests,
            accounts=accounts,
            recorded=recorded,
            transaction_ids=[transaction_id for _, transaction_id in batch],
            atomic=atomic,
        )
        self._write(decision, recorded_at)
        return decision

    def counters(self) -> dict[str, tuple[int, int, int]]:
        """By code: debits posted, credits posted, version."""
        return {
            account.code: (account.debits_posted, account.credits_posted, account.version)
            for account in self.accounts.values()
        }

    def _read(
        self, requests: Sequence[TransactionRequest | Malformed]
    ) -> tuple[list[Account], list[Recorded]]:
        well_formed = [request for request in requests if isinstance(request, TransactionRequest)]
        named = {
            account.key
            for request in well_formed
            for leg in request.postings
            for account in (leg.debit, leg.credit)
        }
        keys = {request.idempotency_key for request in well_formed}
        accounts = sorted(self.accounts.values(), key=lambda account: account.account_id)
        return (
            [one for one in accounts if one.account_id in named or one.code in named],
            [self.recorded[key] for key in sorted(keys & self.recorded.keys())],
        )

    def _write(self, decision: Decision, recorded_at: datetime) -> None:
        for book in decision.books:
            account_id = book.account.account_id
            assert self.accounts[account_id] == book.account
            self.accounts[account_id] = msgspec.structs.replace(
                book.account,
                debits_posted=book.debits_posted,
                credits_posted=book.credits_posted,
                version=book.version,
                last_entry_at=recorded_at,
            )
        for accepted in decision.posted:
            key = accepted.recorded.idempotency_key
            assert key not in self.recorded
            self.recorded[key] = accepted.recorded
            self.entries.extend(Kept(entry, recorded_at) for entry in accepted.entries)
