"""How a request names a user, an account or a transaction."""

import strawberry
from strawberry import UNSET

from ledger import identifiers, texts
from ledger.transactions import AccountKey, TransactionKey
from resolvers.users import UserKey


@strawberry.input(one_of=True, description="Names one user: exactly one of the three.")
class UserBy:
    """Becomes a ``UserKey``."""

    id: strawberry.ID | None = strawberry.field(default=UNSET, description="The global id: user_…")
    username: str | None = strawberry.field(
        default=UNSET, description="The username; capitals do not matter."
    )
    email: str | None = strawberry.field(
        default=UNSET, description="The email address; capitals do not matter."
    )

    def key(self) -> UserKey:
        """As the resolvers take it."""
        return UserKey(id=self.id or None, username=self.username or None, email=self.email or None)


@strawberry.input(one_of=True, description="Names one account: exactly one of the two.")
class AccountBy:
    """Becomes an ``AccountKey``."""

    id: strawberry.ID | None = strawberry.field(default=UNSET, description="The global id: acct_…")
    code: str | None = strawberry.field(
        default=UNSET, description="The account's code, such as user:alice:wallet."
    )

    def key(self) -> AccountKey:
        """As the ledger takes it; what cannot name any account has no key."""
        return account(self.id or None, self.code or None)


def account(id: str | None, code: str | None) -> AccountKey:
    """The key of an account that is named by one of the two; of both, the id counts."""
    if id:
        return AccountKey(identifiers.parse("acct", id), id)
    code = code or ""
    return AccountKey(code if texts.storable(code) else None, code)


@strawberry.input(one_of=True, description="Names one transaction: exactly one of the two.")
class TransactionBy:
    """Becomes a ``TransactionKey``."""

    id: strawberry.ID | None = strawberry.field(default=UNSET, description="The global id: txn_…")
    idempotency_key: str | None = strawberry.field(
        default=UNSET, description="The key that the transaction was requested with."
    )

    def key(self) -> TransactionKey:
        """As the ledger takes it; what cannot name any transaction has no key."""
        return transaction(self.id or None, self.idempotency_key or None)


def transaction(id: str | None, idempotency_key: str | None) -> TransactionKey:
    """The key of a transaction that is named by one of the two; of both, the id counts."""
    if id:
        return TransactionKey(identifiers.parse("txn", id), id)
    key = idempotency_key or ""
    return TransactionKey(key if texts.storable(key) else None, key)
