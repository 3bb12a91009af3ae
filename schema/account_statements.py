"""Statement: an account's period, with totals and entries that agree."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from db.entries import Entry as EntryRow
from resolvers import account_statements
from resolvers.account_statements import Statement as StatementRow
from resolvers.context import Info
from resolvers.errors import RequestError
from resolvers.pages import Page
from schema.entries import Entry
from schema.enums import Clock
from schema.nodes import answered_by, answered_for_all
from schema.pages import After, Before, Connection, First, Last, page_arguments
from schema.scalars import Amount

if TYPE_CHECKING:
    from schema.accounts import Account


async def _entries(
    roots: Sequence[StatementRow],
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> list[Page[EntryRow] | RequestError]:
    arguments = page_arguments(first, after, last, before)
    return await account_statements.entries(roots, info, arguments)


@strawberry.type(
    description="What an account held before a period, what moved in it and what it held at its "
    "end. Within a request all of it is from one snapshot: on an account whose balance grows with "
    "credits, opening + credits - debits = closing, also while postings arrive."
)
class Statement:
    """Answered from ``resolvers.account_statements.Statement``."""

    account: Annotated["Account", strawberry.lazy("schema.accounts")] = strawberry.field(
        description="Whose statement it is."
    )
    from_: datetime = strawberry.field(
        name="from",
        resolver=account_statements.from_,
        description="The first moment that counts.",
    )
    to: datetime = answered_by(account_statements.to, "The first moment that counts no more.")
    clock: Clock = answered_by(
        account_statements.clock, "Which of its two times an entry counts by."
    )
    opening: Amount = answered_by(account_statements.opening, "The balance just before `from`.")
    closing: Amount = answered_by(account_statements.closing, "The balance just before `to`.")
    debits: Amount = answered_by(account_statements.debits, "What was debited in between.")
    credits: Amount = answered_by(account_statements.credits_, "What was credited in between.")
    entries: Connection[Entry] = answered_for_all(
        _entries, "The entries in between, oldest first by the statement's clock."
    )
