"""Loaders: everything that one level of a query asks of a noun, in one statement.

A loader lives for one request. It borrows a pooled connection inside its batch and never holds one
while it waits for anything else.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias, TypeVar
from uuid import UUID

from db import (
    account_statements,
    accounts,
    actions,
    balances,
    currencies,
    entries,
    transactions,
    users,
)
from db.account_statements import Period, Totals
from db.accounts import Account, AccountFilter
from db.actions import Authorship
from db.balances import Balance, Moment
from db.currencies import Currency
from db.entries import Entry, EntryFilter
from db.pages import Count, Place, Window
from db.statements import Connection
from db.transactions import Posting, Reversal, Transaction
from db.users import User
from resolvers import explanation
from resolvers.batch import Batch
from resolvers.loader import ExplainedLoader, Loader
from resolvers.look_ups import LookUps
from resolvers.readers import ExplainedReader, Reader
from resolvers.waves import Waves

Key = TypeVar("Key", bound=Hashable)
Parent = TypeVar("Parent", bound=Hashable)
Shape = TypeVar("Shape", bound=Hashable)
Value = TypeVar("Value")
# What reads a ledger's rows by their keys.
_Fetch: TypeAlias = Callable[[Connection, int, Sequence[Key]], Awaitable[list[Value]]]


class Loaders:
    """One request's loaders, each made when it is first asked."""

    def __init__(self, reader: Reader, ledger_id: int, shared: LookUps | None = None) -> None:
        """What is looked up by key may be ``shared`` with other requests."""
        self._reader = reader
        self._ledger_id = ledger_id
        self._shared = shared
        self._waves = Waves()
        self._loader = ExplainedLoader if isinstance(reader, ExplainedReader) else Loader

    async def close(self) -> None:
        """Cancel what is still read."""
        try:
            await self._waves.close()
        finally:
            await self._reader.close()

    async def read(self, fetch: Callable[[Connection], Awaitable[Value]]) -> Value:
        """What a single statement gives, started with the wave of its level."""
        field = explanation.asking()
        batch: Batch[None, Value] = Batch()

        async def run() -> None:
            explanation.on_behalf_of([field])
            with batch.reading():
                batch.values = {None: await self._reader.read(fetch)}

        self._waves.join(run)
        return (await batch.over())[None]

    @cached_property
    def user_by_id(self) -> Loader[UUID, User | None]:
        """Users by id."""
        return self._one(users.by_ids, lambda user: user.user_id)

    @cached_property
    def user_by_username(self) -> Loader[str, User | None]:
        """Users by username, folded as ``db.users.folded`` does."""
        return self._one(users.by_usernames, lambda user: users.folded(user.username))

    @cached_property
    def user_by_email(self) -> Loader[str, User | None]:
        """Users by email address, folded as ``db.users.folded`` does."""
        return self._one(users.by_emails, lambda user: users.folded(user.email))

    @cached_property
    def currency_by_code(self) -> Loader[str, Currency | None]:
        """Currencies by code."""
        return self._one(currencies.by_codes, lambda currency: currency.code)

    @cached_property
    def account_by_id(self) -> Loader[UUID, Account | None]:
        """Accounts by id."""
        return self._one(accounts.by_ids, lambda account: account.account_id)

    @cached_property
    def account_by_code(self) -> Loader[str, Account | None]:
        """Accounts by code."""
        return self._one(accounts.by_codes, lambda account: account.code)

    @cached_property
    def transaction_by_id(self) -> Loader[UUID, Transaction | None]:
        """Transactions by id."""
        return self._one(transactions.by_ids, lambda transaction: transaction.transaction_id)

    @cached_property
    def transaction_by_idempotency_key(self) -> Loader[str, Transaction | None]:
        """Transactions by the key they were requested with."""
        return self._one(
            transactions.by_idempotency_keys, lambda transaction: transaction.idempotency_key
        )

    @cached_property
    def reversal_by_transaction_id(self) -> Loader[UUID, Reversal | None]:
        """What reversed a transaction."""
        return self._one(
            transactions.reversals_by_transaction_ids, lambda reversal: reversal.reverses_id
        )

    @cached_property
    def entry_by_key(self) -> Loader[tuple[UUID, int], Entry | None]:
        """Entries by account and version."""
        return self._one(entries.by_keys, lambda entry: (entry.account_id, entry.version))

    @cached_property
    def authorship_by_transaction_id(self) -> Loader[UUID, Authorship | None]:
        """Who is behind a transaction."""
        return self._one(actions.authorship, lambda authorship: authorship.transaction_id)

    @cached_property
    def postings_by_transaction_id(self) -> Loader[UUID, list[Posting]]:
        """A transaction's postings, in order."""
        return self._many(
            transactions.postings_by_transaction_ids, lambda posting: posting.transaction_id
        )

    @cached_property
    def entries_by_transaction_id(self) -> Loader[UUID, list[Entry]]:
        """A transaction's entries, in its postings' order."""
        return self._many(entries.by_transaction_ids, lambda entry: entry.transaction_id)

    @cached_property
    def accounts_page_by_owner_id(
        self,
    ) -> Loader[tuple[UUID, tuple[AccountFilter, Window[UUID]]], list[Account]]:
        """A page of a user's accounts."""

        async def fetch(
            conn: Connection, owner_ids: Sequence[UUID], shape: tuple[AccountFilter, Window[UUID]]
        ) -> list[Account]:
            return await accounts.pages_by_owner_ids(conn, self._ledger_id, owner_ids, *shape)

        return self._pages(fetch, lambda account: account.owner_id)

    @cached_property
    def entries_page_by_account_id(
        self,
    ) -> Loader[tuple[UUID, tuple[EntryFilter, Window[int]]], list[Entry]]:
        """A page of an account's entries."""

        async def fetch(
            conn: Connection, account_ids: Sequence[UUID], shape: tuple[EntryFilter, Window[int]]
        ) -> list[Entry]:
            return await entries.pages_by_account_ids(conn, self._ledger_id, account_ids, *shape)

        return self._pages(fetch, lambda entry: entry.account_id)

    @cached_property
    def accounts_count_by_owner_id(self) -> Loader[tuple[UUID, AccountFilter], list[Count]]:
        """How many accounts a user has."""

        async def fetch(
            conn: Connection, owner_ids: Sequence[UUID], shape: AccountFilter
        ) -> list[Count]:
            return await accounts.counts_by_owner_ids(conn, self._ledger_id, owner_ids, shape)

        return self._pages(fetch, lambda count: count.parent_id)

    @cached_property
    def entries_count_by_account_id(self) -> Loader[tuple[UUID, EntryFilter], list[Count]]:
        """How many entries an account has."""

        async def fetch(
            conn: Connection, account_ids: Sequence[UUID], shape: EntryFilter
        ) -> list[Count]:
            return await entries.counts_by_account_ids(conn, self._ledger_id, account_ids, shape)

        return self._pages(fetch, lambda count: count.parent_id)

    @cached_property
    def balances_by_account_id(self) -> Loader[tuple[UUID, Moment], list[Balance]]:
        """An account's one balance at a moment."""

        async def fetch(
            conn: Connection, account_ids: Sequence[UUID], shape: Moment
        ) -> list[Balance]:
            return await balances.by_account_ids(conn, self._ledger_id, account_ids, shape)

        return self._pages(fetch, lambda balance: balance.account_id)

    @cached_property
    def statement_totals_by_account_id(self) -> Loader[tuple[UUID, Period], list[Totals]]:
        """The one row of totals of an account's statement."""

        async def fetch(
            conn: Connection, account_ids: Sequence[UUID], shape: Period
        ) -> list[Totals]:
            return await account_statements.totals_by_account_ids(
                conn, self._ledger_id, account_ids, shape
            )

        return self._pages(fetch, lambda totals: totals.account_id)

    @cached_property
    def entries_page_by_statement(
        self,
    ) -> Loader[tuple[Totals, tuple[Period, Window[Place]]], list[Entry]]:
        """A page of a statement's entries."""

        async def fetch(
            conn: Connection, totals: Sequence[Totals], shape: tuple[Period, Window[Place]]
        ) -> list[Entry]:
            return await account_statements.pages_by_totals(conn, self._ledger_id, totals, *shape)

        return self._pages(fetch, lambda entry: entry.account_id, lambda totals: totals.account_id)

    @cached_property
    def entries_count_by_statement(self) -> Loader[tuple[Totals, Period], list[Count]]:
        """How many entries a statement has by effective time."""

        async def fetch(conn: Connection, totals: Sequence[Totals], shape: Period) -> list[Count]:
            return await account_statements.counts_by_totals(conn, self._ledger_id, totals, shape)

        return self._pages(fetch, lambda count: count.parent_id, lambda totals: totals.account_id)

    def _one(
        self, fetch: _Fetch[Key, Value], key_of: Callable[[Value], Key]
    ) -> "Loader[Key, Value | None]":
        async def read(keys: Sequence[Key]) -> Mapping[Key, Value | None]:
            if self._shared is not None:
                return await self._shared.find(fetch, key_of, keys)
            found: dict[Key, Value | None] = dict.fromkeys(keys)
            for row in await self._reader.read(lambda conn: fetch(conn, self._ledger_id, keys)):
                found[key_of(row)] = row
            return found

        return self._loader(self._waves, read, fetch)

    def _many(
        self, fetch: _Fetch[Key, Value], key_of: Callable[[Value], Key]
    ) -> "Loader[Key, list[Value]]":
        async def read(keys: Sequence[Key]) -> Mapping[Key, list[Value]]:
            found: dict[Key, list[Value]] = {key: [] for key in keys}
            for row in await self._reader.read(lambda conn: fetch(conn, self._ledger_id, keys)):
                found[key_of(row)].append(row)
            return found

        return self._loader(self._waves, read, fetch)

    def _pages(
        self,
        fetch: Callable[[Connection, Sequence[Parent], Shape], Awaitable[list[Value]]],
        parent_id_of: Callable[[Value], UUID | None],
        id_of: Callable[[Parent], Hashable] = lambda parent: parent,
    ) -> "Loader[tuple[Parent, Shape], list[Value]]":
        """Keys are (parent, shape); each shape, of one field's arguments, is a statement.

        A parent is an id, unless ``id_of`` says how to get one from it.
        """

        async def read(
            keys: Sequence[tuple[Parent, Shape]],
        ) -> Mapping[tuple[Parent, Shape], list[Value]]:
            parents_by_shape: dict[Shape, list[Parent]] = {}
            for parent, shape in keys:
                parents_by_shape.setdefault(shape, []).append(parent)

            async def each(conn: Connection) -> list[list[Value]]:
                return [
                    await fetch(conn, parents, shape) for shape, parents in parents_by_shape.items()
                ]

            found: dict[tuple[Parent, Shape], list[Value]] = {}
            answers = await self._reader.read(each)
            for (shape, parents), rows in zip(parents_by_shape.items(), answers, strict=True):
                of_parent: dict[Hashable, list[Value]] = {id_of(parent): [] for parent in parents}
                for row in rows:
                    of_parent[parent_id_of(row)].append(row)
                found |= {(parent, shape): of_parent[id_of(parent)] for parent in parents}
            return found

        return self._loader(self._waves, read, fetch)
