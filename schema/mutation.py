"""Mutation: everything that can be changed."""

import strawberry

from schema.mutations.create_currency import CreateCurrencyResult, create_currency
from schema.mutations.create_user import CreateUserResult, create_user
from schema.mutations.open_account import OpenAccountResult, open_account
from schema.mutations.submit_transactions import (
    PostTransactionResult,
    PostTransactionsPayload,
    capture_transaction,
    post_transaction,
    post_transactions,
    reverse_transaction,
    submit_transactions,
    void_transaction,
)
from schema.mutations.update_account import (
    UpdateAccountResult,
    close_account,
    freeze_account,
    unfreeze_account,
    update_account,
)
from schema.mutations.update_transaction import UpdateTransactionResult, update_transaction
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
        post_transaction, "Move money, or hold it: all postings or none."
    )
    post_transactions: PostTransactionsPayload = answered_by(
        post_transactions,
        "Move money many times in order, as one batch of 1 to 1000 transactions.",
    )
    capture_transaction: PostTransactionResult = answered_by(
        capture_transaction, "Post a hold, wholly or in part; the rest of it is released."
    )
    void_transaction: PostTransactionResult = answered_by(
        void_transaction, "Release a hold: nothing of it moves."
    )
    reverse_transaction: PostTransactionResult = answered_by(
        reverse_transaction,
        "Take a posted transaction back, in full and once, by a new one that mirrors it.",
    )
    submit_transactions: PostTransactionsPayload = answered_by(
        submit_transactions,
        "Post, capture, void and reverse in order, as one batch of 1 to 1000 items.",
    )
    update_transaction: UpdateTransactionResult = answered_by(
        update_transaction, "Change a transaction's description or metadata, and nothing else."
    )
