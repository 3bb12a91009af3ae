"""updateAccount, freezeAccount, unfreezeAccount and closeAccount: all change one locked row."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from db import accounts, actions
from db.accounts import Account
from db.statements import Connection
from ledger import amounts, identifiers, metadata, texts
from ledger.metadata import Metadata
from ledger.refusals import (
    AccountClosed,
    AccountNotEmpty,
    AccountNotFound,
    InvalidAmount,
    InvalidInput,
)
from ledger.transactions import AccountKey
from resolvers.accounts import find, posted
from resolvers.context import Context
from resolvers.mutations.open_account import read_limits
from resolvers.mutations.transact import transact


class UpdateAccountSuccess(msgspec.Struct, frozen=True):
    """The account as it is now."""

    account: Account


UpdateAccountRefusal: TypeAlias = (
    InvalidInput | InvalidAmount | AccountNotFound | AccountClosed | AccountNotEmpty
)
UpdateAccountOutcome: TypeAlias = UpdateAccountSuccess | UpdateAccountRefusal
Change: TypeAlias = Callable[[Account], Account | UpdateAccountRefusal]


class AccountChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; a name of None and a limit of UNSET stay; a limit of None is unbounded."""

    name: str | None
    floor: str | msgspec.UnsetType | None
    ceiling: str | msgspec.UnsetType | None
    metadata: Metadata


async def update_account(
    context: Context, key: AccountKey, changes: AccountChanges
) -> UpdateAccountOutcome:
    """Change name, limits or metadata. New limits bind the transactions that come after."""

    def change(account: Account) -> Account | UpdateAccountRefusal:
        if account.state == "CLOSED":
            return _closed(account)
        return _changed(account, changes)

    return await _update(context, key, change, kind="updateAccount")


async def freeze_account(context: Context, key: AccountKey) -> UpdateAccountOutcome:
    """Stop all postings to an account; one that is frozen already stays as it is."""

    def change(account: Account) -> Account | UpdateAccountRefusal:
        if account.state == "CLOSED":
            return _closed(account)
        return msgspec.structs.replace(account, state="FROZEN")

    return await _update(context, key, change, kind="freezeAccount")


async def unfreeze_account(context: Context, key: AccountKey) -> UpdateAccountOutcome:
    """Let postings through again; one that is open already stays as it is."""

    def change(account: Account) -> Account | UpdateAccountRefusal:
        if account.state == "CLOSED":
            return _closed(account)
        return msgspec.structs.replace(account, state="OPEN")

    return await _update(context, key, change, kind="unfreezeAccount")


async def close_account(context: Context, key: AccountKey) -> UpdateAccountOutcome:
    """Close an empty account for good; one that is closed already stays as it is."""

    def change(account: Account) -> Account | UpdateAccountRefusal:
        pending = account.debits_pending + account.credits_pending
        if account.debits_posted != account.credits_posted or pending:
            return AccountNotEmpty(
                path=("input", "account"),
                account_id=account.account_id,
                account_code=account.code,
                currency=account.currency,
                posted=posted(account),
                pending=amounts.render(pending, account.exponent),
            )
        return msgspec.structs.replace(account, state="CLOSED")

    return await _update(context, key, change, kind="closeAccount")


async def _update(
    context: Context, key: AccountKey, change: Change, *, kind: str
) -> UpdateAccountOutcome:
    named = await find(context, key)
    missing = AccountNotFound(path=("input", "account"), account=texts.shown(key.text))
    if named is None:
        return missing

    async def work(conn: Connection) -> UpdateAccountOutcome:
        # The lock is the one that postings take: a freeze or a closure is either before a posting
        # or after it, never in between.
        account = await accounts.lock(conn, context.ledger_id, named.account_id)
        if account is None:
            return missing
        changed = change(account)
        if not isinstance(changed, Account):
            return changed
        updated = await accounts.update(conn, context.ledger_id, changed)
        assert updated is not None
        subject = identifiers.render("acct", updated.account_id)
        action = actions.of(context.actor, kind, subject=subject)
        await actions.record(conn, context.ledger_id, action)
        return UpdateAccountSuccess(updated)

    return await transact(context, work)


def _changed(account: Account, changes: AccountChanges) -> Account | UpdateAccountRefusal:
    name = account.name if changes.name is None else changes.name
    problem = texts.prose_problem(name, length_max=texts.NAME_MAX)
    if problem is not None:
        return InvalidInput(path=("input", "name"), problem=problem)
    limits = read_limits(
        currency=account.currency,
        exponent=account.exponent,
        floor=_limit_text(account, account.floor, changes.floor),
        ceiling=_limit_text(account, account.ceiling, changes.ceiling),
    )
    if not isinstance(limits, tuple):
        return limits
    problem = metadata.problem(changes.metadata)
    merged = metadata.merge(account.metadata, changes.metadata) if problem is None else {}
    problem = problem or metadata.problem(merged)
    if problem is not None:
        return InvalidInput(path=("input", "metadata"), problem=problem)
    return msgspec.structs.replace(
        account, name=name, floor=limits[0], ceiling=limits[1], metadata=merged
    )


def _limit_text(
    account: Account, limit: int | None, change: str | msgspec.UnsetType | None
) -> str | None:
    if change is not msgspec.UNSET:
        return change
    return None if limit is None else amounts.render(limit, account.exponent)


def _closed(account: Account) -> AccountClosed:
    return AccountClosed(
        path=("input", "account"), account_id=account.account_id, account_code=account.code
    )
