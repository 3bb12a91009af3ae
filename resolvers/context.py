"""What a resolver knows of its request: the ledger, the pool and this request's loaders."""

from typing import TypeAlias

import strawberry

from db.pool import Pool
from resolvers.loaders import Loaders


class Context:
    """One request, or one event of a subscription."""

    def __init__(self, pool: Pool, ledger_id: int) -> None:
        self.pool = pool
        self.ledger_id = ledger_id
        self.loaders = Loaders(pool, ledger_id)

    def forget(self) -> None:
        """Drop what was loaded: a mutation's payload must show what the mutation did."""
        self.loaders = Loaders(self.pool, self.ledger_id)


Info: TypeAlias = strawberry.Info[Context, None]
