"""Currency."""

import strawberry


@strawberry.type(description="A unit of account: one of ISO 4217, or the application's own.")
class Currency:
    """Answered from ``db.currencies.Currency``."""

    code: str = strawberry.field(description="Such as USD, JPY or CREDIT; unique in its ledger.")
    exponent: int = strawberry.field(
        description="Decimals of the major unit: USD 2, JPY 0, BHD 3, ETH 18. Never changes."
    )
    name: str = strawberry.field(description="For people.")
