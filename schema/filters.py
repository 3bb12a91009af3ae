"""How lists are narrowed: all conditions of a filter must hold; one left out asks nothing."""

from datetime import datetime

import orjson
import strawberry
from strawberry import UNSET

from db.accounts import AccountFilter as AccountConditions
from db.entries import EntryFilter as EntryConditions
from db.transaction_pages import TransactionFilter as TransactionConditions
from db.users import UserFilter as UserConditions
from ledger import metadata as metadata_rules
from ledger.texts import storable
from resolvers import accounts, users
from resolvers.context import Context
from resolvers.errors import RequestError
from schema.enums import AccountState, Side, TransactionState
from schema.keys import AccountBy, UserBy
from schema.scalars import JSON
from schema.unset import or_empty, or_none


@strawberry.input(description="Conditions on metadata; all that are given must hold.")
class MetadataFilter:
    """Both use the GIN index."""

    contains: JSON | None = strawberry.field(
        default=UNSET,
        description="The metadata contains this object: every key with this value, at any depth.",
    )
    has_key: str | None = strawberry.field(
        default=UNSET, description="The metadata has this key at its first level."
    )

    def contains_text(self) -> str | None:
        """The wanted object as canonical JSON text; RequestError if it could not be metadata."""
        contains = or_empty(self.contains)
        if contains == {}:
            return None
        problem = metadata_rules.problem(contains)
        if problem is not None:
            raise RequestError(f"filter.metadata.contains: {problem}.")
        return orjson.dumps(contains, option=orjson.OPT_SORT_KEYS).decode()


@strawberry.input(description="Conditions on users; all that are given must hold.")
class UserFilter:
    """Becomes ``db.users.UserFilter``."""

    username_prefix: str | None = strawberry.field(
        default=UNSET, description="The username begins with this; capitals do not matter."
    )
    metadata: MetadataFilter | None = strawberry.field(
        default=UNSET, description="Conditions on the metadata."
    )


@strawberry.input(description="Conditions on accounts; all that are given must hold.")
class AccountFilter:
    """Becomes ``db.accounts.AccountFilter``."""

    code_prefix: str | None = strawberry.field(
        default=UNSET, description="The code begins with this, such as `user:alice:`."
    )
    currency: str | None = strawberry.field(default=UNSET, description="The currency's code.")
    state: AccountState | None = strawberry.field(default=UNSET, description="The account's state.")
    owner: UserBy | None = strawberry.field(
        default=UNSET, description="The owner; nobody's accounts if there is no such user."
    )
    metadata: MetadataFilter | None = strawberry.field(
        default=UNSET, description="Conditions on the metadata."
    )


@strawberry.input(description="Conditions on transactions; all that are given must hold.")
class TransactionFilter:
    """Becomes ``db.transaction_pages.TransactionFilter``."""

    account: AccountBy | None = strawberry.field(
        default=UNSET, description="One of its postings is over this account."
    )
    state: TransactionState | None = strawberry.field(
        default=UNSET, description="The transaction's state."
    )
    effective_from: datetime | None = strawberry.field(
        default=UNSET, description="In effect at this moment or later."
    )
    effective_before: datetime | None = strawberry.field(
        default=UNSET, description="In effect before this moment."
    )
    metadata: MetadataFilter | None = strawberry.field(
        default=UNSET, description="Conditions on the metadata."
    )


@strawberry.input(description="Conditions on an account's entries; all that are given must hold.")
class EntryFilter:
    """Becomes ``db.entries.EntryFilter``."""

    side: Side | None = strawberry.field(default=UNSET, description="The entry's side.")
    from_: datetime | None = strawberry.field(
        name="from", default=UNSET, description="Recorded at this moment or later."
    )
    before: datetime | None = strawberry.field(
        default=UNSET, description="Recorded before this moment."
    )


def user_conditions(given: UserFilter | None) -> UserConditions:
    """The conditions as the database takes them."""
    if not given:
        return UserConditions()
    contains, has_key = _metadata(given.metadata)
    return UserConditions(
        username_prefix=_text(given.username_prefix, "usernamePrefix"),
        metadata_contains=contains,
        metadata_has_key=has_key,
    )


async def account_conditions(
    context: Context, given: AccountFilter | None
) -> AccountConditions | None:
    """The conditions as the database takes them; None where no account can meet them."""
    if not given:
        return AccountConditions()
    owner = None
    if given.owner:
        owner = await users.find(context, given.owner.key())
        if owner is None:
            return None
    contains, has_key = _metadata(given.metadata)
    return AccountConditions(
        code_prefix=_text(given.code_prefix, "codePrefix"),
        currency=_text(given.currency, "currency"),
        state=AccountState(given.state).word if given.state else None,
        owner_id=None if owner is None else owner.user_id,
        metadata_contains=contains,
        metadata_has_key=has_key,
    )


async def transaction_conditions(
    context: Context, given: TransactionFilter | None
) -> TransactionConditions | None:
    """The conditions as the database takes them; None where no transaction can meet them."""
    if not given:
        return TransactionConditions()
    account = None
    if given.account:
        account = await accounts.find(context, given.account.key())
        if account is None:
            return None
    contains, has_key = _metadata(given.metadata)
    return TransactionConditions(
        account_id=None if account is None else account.account_id,
        state=TransactionState(given.state).word if given.state else None,
        effective_from=or_none(given.effective_from),
        effective_before=or_none(given.effective_before),
        metadata_contains=contains,
        metadata_has_key=has_key,
    )


def entry_conditions(given: EntryFilter | None) -> EntryConditions:
    """The conditions as the database takes them."""
    if not given:
        return EntryConditions()
    return EntryConditions(
        side=Side(given.side).word if given.side else None,
        created_from=or_none(given.from_),
        created_before=or_none(given.before),
    )


def _metadata(given: MetadataFilter | None) -> tuple[str | None, str | None]:
    if not given:
        return None, None
    return given.contains_text(), _text(given.has_key, "metadata.hasKey", empty_asks=True)


def _text(value: str | None, name: str, *, empty_asks: bool = False) -> str | None:
    """A text that something stored could match; one that is empty asks nothing, unless it does."""
    text = or_none(value)
    if text is not None and len(text) > metadata_rules.BYTES_MAX:
        raise RequestError(f"filter.{name}: nothing that is stored has {len(text)} characters.")
    if text is not None and not storable(text):
        raise RequestError(f"filter.{name}: no text here has a NUL or half a surrogate pair.")
    return text if text or empty_asks else None
