"""LedgerEvent."""

import strawberry

from db.events import Event
from resolvers import ledger_events
from schema.accounts import Account
from schema.enums import LedgerEventKind
from schema.nodes import answered_by, represents
from schema.transactions import Transaction


@strawberry.type(
    description="Something that happened to a transaction. Events come in one order, the same for "
    "everybody who follows a ledger."
)
@represents(Event)
class LedgerEvent:
    """Answered from ``db.events.Event``."""

    cursor: str = answered_by(
        ledger_events.cursor,
        "Where this event stands. Subscribe again with `after` this, and nothing is missed and "
        "nothing comes twice.",
    )
    kind: LedgerEventKind = strawberry.field(description="What happened.")
    transaction: Transaction = strawberry.field(
        description="To what. It is shown as it is when the event is sent: later events of the "
        "same transaction may be in it already."
    )
    accounts: list[Account] = answered_by(
        ledger_events.event_accounts,
        "The accounts of its postings, each once, as they are when the event is sent.",
    )
