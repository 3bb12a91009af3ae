"""Mutation: everything that can be changed."""

import strawberry

from schema.mutations.create_currency import CreateCurrencyResult, create_currency
from schema.mutations.create_user import CreateUserResult, create_user
from schema.mutations.open_account import OpenAccountResult, open_account
from schema.mutations.post_transactions import (
    PostTransactionResult,
    PostTransactionsPayload,
    post_transaction,
    post_transactions,
)
from schema.mutations.update_account import (
    UpdateAccountResult,
    close_account,
    freeze_account,
    unfreeze_account,
    update_account,
)
from schema.mutations.update_user import UpdateUserResult, update_user
from schema.nodes import answered_by


@strawberry.type(
    description="Everything that can be changed. Each field is one database transaction: all of it "
    "is committed, or nothing, before its answer is read."
)
class Mutation:
    """Run one after another, as GraphQL prescribes."""

    create_currency: CreateCurrencyResult = answered_by(
        create_currency, "Create a currency that ISO 4217 does not have."
    )
    create_user: CreateUserResult = answered_by(create_user, "Create a user.")
    update_user: UpdateUserResult = answered_by(
        update_user, "Change a user's name, address or metadata."
    )
    open_account: OpenAccountResult = answered_by(
        open_account, "Open an account with a zero balance."
    )
    update_account: UpdateAccountResult = answered_by(
        update_account, "Change an account's name, limits or metadata."
    )
    freeze_account: UpdateAccountResult = answered_by(
        freeze_account, "Stop all postings to an account, for now."
    )
    unfreeze_account: UpdateAccountResult = answered_by(
        unfreeze_account, "Let postings to a frozen account through again."
    )
    close_account: UpdateAccountResult = answered_by(
        close_account, "Close an empty account for good."
    )
    post_transaction: PostTransactionResult = answered_by(
        post_transaction, "Move money: all postings or none."
    )
    post_transactions: PostTransactionsPayload = answered_by(
        post_transactions,
        "Move money many times in order, as one batch of 1 to 1000 transactions.",
    )
