"""What the database keeps between two batches, in memory: accounts, transactions and entries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from ledger import posting
from ledger.accounts import Account, AccountState
from ledger.posting import Decision, Outcome
from ledger.records import Entry, Record
from ledger.transactions import AccountKey, Malformed, Request, TransactionRequest
from ledger.worksheets import Expired
from tests.ledger.examples import NOON, id_of

# A request with the id that its transaction, or its resolution, is to have.
Numbered: TypeAlias = tuple[Request | Malformed, UUID]


class Kept(NamedTuple):
    """An entry and when it was recorded."""

    entry: Entry
    recorded_at: datetime


class Stored:
    """Reads for a batch what the write path reads for it, and writes what the write path writes."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.accounts = {account.account_id: account for account in accounts}
        self.transactions: dict[UUID, Record] = {}
        self.entries: list[Kept] = []
        self.recorded_at = NOON
        self._sent = 0

    def decide(self, batch: Sequence[Numbered], *, clock: datetime, atomic: bool) -> Decision:
        """Decide a batch and keep what is accepted."""
        requests = [request for request, _ in batch]
        accounts, recorded = self._read(requests)
        self.recorded_at = posting.recorded_time(clock, accounts)
        decision = posting.decide(
            requests,
            accounts=accounts,
            recorded=recorded,
            expired=self.expired(accounts, self.recorded_at),
            recorded_at=self.recorded_at,
            transaction_ids=[transaction_id for _, transaction_id in batch],
            atomic=atomic,
        )
        self._write(decision)
        return decision

    def send(
        self, *requests: Request | Malformed, at: datetime = NOON, atomic: bool = False
    ) -> list[Outcome]:
        """The outcomes of a batch whose requests are numbered on from those before: 1, 2, 3…"""
        first = self._sent + 1
        self._sent += len(requests)
        batch = [(request, UUID(int=first + n)) for n, request in enumerate(requests)]
        return list(self.decide(batch, clock=at, atomic=atomic).outcomes)

    def sweep(self, clock: datetime) -> int:
        """What the sweeper does: expired holds leave the counters, and say so."""
        expired = [
            record
            for record in self.transactions.values()
            if record.state == "PENDING" and record.state_at(clock) == "EXPIRED"
        ]
        for record in expired:
            self.transactions[record.transaction_id] = msgspec.structs.replace(
                record, state="EXPIRED", resolved_at=record.expires_at
            )
            for posted in record.postings:
                self._change(posted.debit_account_id, debits_pending=-posted.amount)
                self._change(posted.credit_account_id, credits_pending=-posted.amount)
        return len(expired)

    def set_state(self, code: str, state: AccountState) -> None:
        """What freezing and unfreezing do."""
        account = self.accounts[id_of(code)]
        self.accounts[account.account_id] = msgspec.structs.replace(account, state=state)

    def account(self, code: str) -> Account:
        """The account with a code, as it is now."""
        return self.accounts[id_of(code)]

    def expired(self, accounts: Iterable[Account], moment: datetime) -> list[Expired]:
        """What the counters of these accounts still hold of holds that have expired."""
        sums: defaultdict[UUID, list[int]] = defaultdict(lambda: [0, 0])
        for record in self.transactions.values():
            if record.state == "PENDING" and record.state_at(moment) == "EXPIRED":
                for leg in record.postings:
                    sums[leg.debit_account_id][0] += leg.amount
                    sums[leg.credit_account_id][1] += leg.amount
        known = {account.account_id for account in accounts}
        return [Expired(key, *sums[key]) for key in sums if key in known]

    def counters(self) -> dict[str, tuple[int, ...]]:
        """By code: debits and credits posted and pending, version."""
        return {
            account.code: (
                account.debits_posted,
                account.credits_posted,
                account.debits_pending,
                account.credits_pending,
                account.version,
            )
            for account in self.accounts.values()
        }

    def settled(self) -> dict[UUID, Record]:
        """Every transaction but for when it was resolved, which depends on the batch."""
        return {
            key: msgspec.structs.replace(record, resolved_at=None)
            for key, record in self.transactions.items()
        }

    def _read(self, requests: Sequence[Request | Malformed]) -> tuple[list[Account], list[Record]]:
        well_formed = [request for request in requests if not isinstance(request, Malformed)]
        targets = {
            request.transaction.key
            for request in well_formed
            if not isinstance(request, TransactionRequest)
        }
        named: set[UUID | str | None] = {account.key for account in _accounts(well_formed)}
        for record in self.transactions.values():
            if record.transaction_id in targets or record.idempotency_key in targets:
                for leg in record.postings:
                    named |= {leg.debit_account_id, leg.credit_account_id}
        keys = {request.idempotency_key for request in well_formed} | targets
        accounts = sorted(self.accounts.values(), key=lambda account: account.account_id)
        return (
            [one for one in accounts if one.account_id in named or one.code in named],
            [
                msgspec.structs.replace(record, reversed_by_id=self._reversal_of(record))
                for record in self.transactions.values()
                if keys
                & {record.idempotency_key, record.resolution_key, record.transaction_id} - {None}
            ],
        )

    def _reversal_of(self, record: Record) -> UUID | None:
        reversals = (
            one.transaction_id
            for one in self.transactions.values()
            if one.reverses_id == record.transaction_id
        )
        return next(reversals, None)

    def _write(self, decision: Decision) -> None:
        for book in decision.books:
            account_id = book.account.account_id
            assert self.accounts[account_id] == book.account
            has_entries = book.version > book.account.version
            self.accounts[account_id] = msgspec.structs.replace(
                book.account,
                debits_posted=book.debits_posted,
                credits_posted=book.credits_posted,
                debits_pending=book.debits_pending,
                credits_pending=book.credits_pending,
                version=book.version,
                last_entry_at=self.recorded_at if has_entries else book.account.last_entry_at,
            )
        bound = {record.idempotency_key for record in self.transactions.values()}
        for request, record in decision.created:
            assert request.idempotency_key == record.idempotency_key
            assert record.idempotency_key not in bound
            assert record.transaction_id not in self.transactions
            self.transactions[record.transaction_id] = self._plain(record)
        for record in decision.resolved:
            assert self.transactions[record.transaction_id].state == "PENDING"
            self.transactions[record.transaction_id] = self._plain(record)
        self.entries.extend(Kept(entry, self.recorded_at) for entry in decision.entries)

    def _plain(self, record: Record) -> Record:
        """A record as its own row has it: what reversed it is in another row."""
        return msgspec.structs.replace(record, reversed_by_id=None)

    def _change(self, account_id: UUID, **changes: int) -> None:
        account = self.accounts[account_id]
        changed = {name: getattr(account, name) + by for name, by in changes.items()}
        self.accounts[account_id] = msgspec.structs.replace(account, **changed)


def _accounts(requests: Sequence[Request]) -> Iterator[AccountKey]:
    for request in requests:
        if isinstance(request, TransactionRequest):
            for leg in request.postings:
                yield leg.debit
                yield leg.credit
