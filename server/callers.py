"""Who asks: a credential, the ledger that it opens, and what it may do there."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class Scope(StrEnum):
    """What a credential may do.

    WRITE includes READ, for a mutation's payload may show anything of its ledger. ADMIN is for
    those who run Florin, not for its data: diagnostics, metrics and explanations.
    """

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


ALL_SCOPES: Final = frozenset(Scope)


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who sends a request, to which ledger.

    ``credential`` is an API key's id, a token's subject, or ANONYMOUS; it may be logged.
    """

    ledger_id: int
    ledger_code: str
    credential: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None

    def may(self, scope: Scope) -> bool:
        """Whether something that takes this scope is allowed."""
        return scope in self.scopes or (scope is Scope.READ and Scope.WRITE in self.scopes)


# Where no credentials are configured, and so only this machine is served.
ANONYMOUS: Final = "anonymous"


class Denied(msgspec.Struct, frozen=True, gc=False):
    """Why a request is not even read: HTTP's status, an error code, and what to do."""

    status: int
    code: str
    message: str
