"""RefusalCode: what was refused, for programs."""

import enum

import strawberry


@strawberry.enum(description="What was refused, for programs. Each has a type of its own.")
class RefusalCode(enum.Enum):
    """The ``code`` of every class in ``ledger.refusals``."""

    INVALID_INPUT = strawberry.enum_value(
        "INVALID_INPUT", description="Something other than an amount is malformed."
    )
    INVALID_AMOUNT = strawberry.enum_value(
        "INVALID_AMOUNT", description="An amount is malformed, not positive or too precise."
    )
    IDEMPOTENCY_CONFLICT = strawberry.enum_value(
        "IDEMPOTENCY_CONFLICT", description="The key belongs to another request."
    )
    USER_NOT_FOUND = strawberry.enum_value("USER_NOT_FOUND", description="No such user.")
    USERNAME_TAKEN = strawberry.enum_value(
        "USERNAME_TAKEN", description="Another user has this username."
    )
    EMAIL_TAKEN = strawberry.enum_value(
        "EMAIL_TAKEN", description="Another user has this email address."
    )
    CURRENCY_NOT_FOUND = strawberry.enum_value(
        "CURRENCY_NOT_FOUND", description="No such currency in this ledger."
    )
    CURRENCY_TAKEN = strawberry.enum_value(
        "CURRENCY_TAKEN", description="The ledger has a currency with this code."
    )
    CURRENCY_MISMATCH = strawberry.enum_value(
        "CURRENCY_MISMATCH", description="A posting between two currencies."
    )
    ACCOUNT_NOT_FOUND = strawberry.enum_value("ACCOUNT_NOT_FOUND", description="No such account.")
    ACCOUNT_CODE_TAKEN = strawberry.enum_value(
        "ACCOUNT_CODE_TAKEN", description="Another account has this code."
    )
    ACCOUNT_FROZEN = strawberry.enum_value(
        "ACCOUNT_FROZEN", description="The account takes no postings for now."
    )
    ACCOUNT_CLOSED = strawberry.enum_value(
        "ACCOUNT_CLOSED", description="The account takes nothing any more."
    )
    ACCOUNT_NOT_EMPTY = strawberry.enum_value(
        "ACCOUNT_NOT_EMPTY", description="Only an empty account can be closed."
    )
    SAME_ACCOUNT = strawberry.enum_value(
        "SAME_ACCOUNT", description="One account on both sides of a posting."
    )
    TRANSACTION_NOT_FOUND = strawberry.enum_value(
        "TRANSACTION_NOT_FOUND", description="No such transaction."
    )
    TRANSACTION_NOT_PENDING = strawberry.enum_value(
        "TRANSACTION_NOT_PENDING", description="The transaction was posted at once: it is no hold."
    )
    ALREADY_CAPTURED = strawberry.enum_value(
        "ALREADY_CAPTURED", description="The hold was captured before."
    )
    ALREADY_VOIDED = strawberry.enum_value(
        "ALREADY_VOIDED", description="The hold was voided before."
    )
    HOLD_EXPIRED = strawberry.enum_value("HOLD_EXPIRED", description="The hold's time had run out.")
    AMOUNT_EXCEEDS_HOLD = strawberry.enum_value(
        "AMOUNT_EXCEEDS_HOLD", description="More is to be captured than is held."
    )
    ALREADY_REVERSED = strawberry.enum_value(
        "ALREADY_REVERSED", description="The transaction was reversed before."
    )
    NOT_REVERSIBLE = strawberry.enum_value(
        "NOT_REVERSIBLE", description="The transaction is not posted: there is nothing to reverse."
    )
    INSUFFICIENT_FUNDS = strawberry.enum_value(
        "INSUFFICIENT_FUNDS", description="An account would fall below its floor."
    )
    CEILING_EXCEEDED = strawberry.enum_value(
        "CEILING_EXCEEDED", description="An account would rise above its ceiling."
    )
    BATCH_REFUSED = strawberry.enum_value(
        "BATCH_REFUSED", description="Another item of the atomic batch was refused."
    )
