"""Enums; their values are the words that the ledger and the tables use.

An enum in a variable reaches a resolver as a member, one written in the document as its value;
``Side(given)`` makes a member of either.
"""

import enum
from typing import cast

import strawberry

from db import moments
from ledger import accounts, records


@strawberry.enum(description="The two sides of an account.")
class Side(enum.Enum):
    """``ledger.accounts.Side``."""

    DEBIT = strawberry.enum_value(
        "DEBIT", description="Where assets and expenses grow, such as cash at a bank."
    )
    CREDIT = strawberry.enum_value(
        "CREDIT", description="Where liabilities, equity and income grow, such as users' wallets."
    )

    @property
    def word(self) -> accounts.Side:
        """As the ledger writes it."""
        return cast("accounts.Side", self.name)


@strawberry.enum(description="What an account may take.")
class AccountState(enum.Enum):
    """``ledger.accounts.AccountState``."""

    OPEN = strawberry.enum_value("OPEN", description="Takes postings within its limits.")
    FROZEN = strawberry.enum_value(
        "FROZEN", description="Takes no postings, in either direction, until it is unfrozen."
    )
    CLOSED = strawberry.enum_value("CLOSED", description="Empty, and takes nothing any more.")

    @property
    def word(self) -> accounts.AccountState:
        """As the ledger writes it."""
        return cast("accounts.AccountState", self.name)


@strawberry.enum(description="How far a transaction is.")
class TransactionState(enum.Enum):
    """``ledger.records.TransactionState``."""

    PENDING = strawberry.enum_value(
        "PENDING",
        description="A hold: it reserves its amounts on both sides, until it is captured or voided "
        "or expires.",
    )
    POSTED = strawberry.enum_value(
        "POSTED", description="Final: it counts in every balance. Only a reversal takes it back."
    )
    VOIDED = strawberry.enum_value("VOIDED", description="A hold that was released on request.")
    EXPIRED = strawberry.enum_value(
        "EXPIRED", description="A hold that was released because its time ran out."
    )

    @property
    def word(self) -> records.TransactionState:
        """As the ledger writes it."""
        return cast("records.TransactionState", self.name)


@strawberry.enum(description="Which of its two times an entry counts by.")
class Clock(enum.Enum):
    """``db.moments.Clock``."""

    RECORDED = strawberry.enum_value(
        "RECORDED", description="When it was recorded. What is past by this clock never changes."
    )
    EFFECTIVE = strawberry.enum_value(
        "EFFECTIVE", description="When its transaction takes effect, which may be backdated."
    )

    @property
    def word(self) -> moments.Clock:
        """As the tables' readers write it."""
        return cast("moments.Clock", self.name)


@strawberry.enum(description="What happened to a transaction.")
class LedgerEventKind(enum.Enum):
    """``ledger.records.EventKind``."""

    PENDING = strawberry.enum_value("PENDING", description="It was recorded as a hold.")
    POSTED = strawberry.enum_value(
        "POSTED", description="It was recorded and posted at once; a reversal, too."
    )
    CAPTURED = strawberry.enum_value(
        "CAPTURED", description="A hold was posted, wholly or in part."
    )
    VOIDED = strawberry.enum_value("VOIDED", description="A hold was released on request.")
    EXPIRED = strawberry.enum_value(
        "EXPIRED",
        description="An expired hold was swept. It expired for every reader and every posting at "
        "its very time; this follows by a second or so.",
    )
