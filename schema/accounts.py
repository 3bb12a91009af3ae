"""Account and Balance."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Annotated, Final, cast

import strawberry
from strawberry import UNSET

from db import accounts as rows
from db.account_statements import Period
from db.balances import Balance as BalanceRow
from db.balances import Moment
from db.entries import Entry as EntryRow
from resolvers import account_statements, accounts
from resolvers.account_statements import Statement as StatementRow
from resolvers.context import Info
from resolvers.errors import RequestError
from resolvers.pages import Page
from schema import filters
from schema.account_statements import Statement
from schema.currencies import Currency
from schema.entries import Entry
from schema.enums import AccountState, Clock, Side
from schema.filters import EntryFilter
from schema.nodes import Node, answered_by, answered_for_all, represents
from schema.pages import After, Before, Connection, First, Last, page_arguments
from schema.scalars import JSON, Amount, BigInt
from schema.unset import or_none
from schema.users import User

ClockArgument = Annotated[
    Clock | None,
    strawberry.argument(description="Which of its two times an entry counts by."),
]
# Defaults by their values, as if written in the document: the sorted schema that is printed does
# not know the members.
_BY_RECORDED: Final = cast("Clock", Clock.RECORDED.value)
_BY_EFFECTIVE: Final = cast("Clock", Clock.EFFECTIVE.value)


@strawberry.type(description="What an account holds. All amounts are in its currency.")
class Balance:
    """Answered from ``db.accounts.Account``, the account's own row, or ``db.balances.Balance``."""

    posted: Amount = answered_by(
        accounts.posted,
        "Posted on the normal side less posted on the other.",
    )
    pending_debits: Amount = answered_by(
        accounts.pending_debits, "What pending transactions would debit."
    )
    pending_credits: Amount = answered_by(
        accounts.pending_credits, "What pending transactions would credit."
    )
    available: Amount = answered_by(
        accounts.available,
        "`posted` less what pending transactions may still take away. The floor is "
        "held against this.",
    )
    debits: Amount = answered_by(accounts.debits, "Everything ever debited.")
    credits: Amount = answered_by(accounts.credits_, "Everything ever credited.")
    as_of: datetime = answered_by(accounts.as_of, "When all of this was true.")


async def _entries(
    roots: Sequence[rows.Account],
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[
        EntryFilter | None,
        strawberry.argument(description="Only the entries that meet all of this."),
    ] = UNSET,
) -> list[Page[EntryRow] | RequestError]:
    conditions = filters.entry_conditions(filter)
    return await accounts.entries(
        roots, info, conditions, page_arguments(first, after, last, before)
    )


def _balances(
    roots: Sequence[rows.Account],
    info: Info,
    at: Annotated[
        datetime | None,
        strawberry.argument(
            description="Now unless told; what happened at that very moment counts. By recorded "
            "time the future is now; by effective time it is what is known of it now. Pending is "
            "by recorded time always."
        ),
    ] = UNSET,
    clock: ClockArgument = _BY_RECORDED,
) -> Sequence[rows.Account] | Awaitable[Sequence[BalanceRow]]:
    moment = Moment(or_none(at), Clock(clock or _BY_RECORDED).word)
    return accounts.balances_at(roots, info, moment)


async def _statements(
    roots: Sequence[rows.Account],
    info: Info,
    from_: Annotated[
        datetime,
        strawberry.argument(name="from", description="The first moment that counts."),
    ],
    to: Annotated[
        datetime, strawberry.argument(description="The first moment that counts no more.")
    ],
    clock: ClockArgument = _BY_EFFECTIVE,
) -> list[StatementRow]:
    period = Period(from_, to, Clock(clock or _BY_EFFECTIVE).word)
    return await account_statements.of_accounts(roots, info, period)


@strawberry.type(description="A place for one currency's balance.")
@represents(rows.Account)
class Account(Node):
    """Answered from ``db.accounts.Account``."""

    id: strawberry.ID = answered_by(accounts.account_id, "Global id: acct_…")
    code: str = strawberry.field(
        description="The application's name for it, such as user:alice:wallet; unique in its "
        "ledger, never changes. 1 to 200 characters."
    )
    name: str = strawberry.field(description="For people; may be empty.")
    owner: User | None = answered_for_all(accounts.owners, "The user that owns it, if any.")
    currency: Currency = answered_for_all(accounts.currencies, "What it holds; never changes.")
    normal_side: Side = strawberry.field(
        description="The side on which its balance grows; never changes."
    )
    state: AccountState = strawberry.field(description="What it may take.")
    floor: Amount | None = answered_by(
        accounts.floor,
        'No posting takes the available balance below this: "0" forbids an overdraft, '
        '"-500" is a credit line; null is unbounded.',
    )
    ceiling: Amount | None = answered_by(
        accounts.ceiling,
        "No posting takes the balance above this, pending amounts included; null is unbounded.",
    )
    version: BigInt = strawberry.field(description="How many entries it has.")
    metadata: JSON = strawberry.field(description="The application's own; an empty object if none.")
    created_at: datetime = strawberry.field(description="When it was opened.")
    balance: Balance = answered_for_all(_balances, "What it holds now, or held at a moment.")
    entries: Connection[Entry] = answered_for_all(_entries, "Its history, newest first.")
    statement: Statement = answered_for_all(
        _statements,
        "A period summed up, with its entries. An error says so where `from` is after `to`.",
    )
