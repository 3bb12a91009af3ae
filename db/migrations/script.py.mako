"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""

from collections.abc import Sequence
from typing import Final, LiteralString

from alembic import op

revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}

STATEMENTS: Final[tuple[LiteralString, ...]] = ()


def upgrade() -> None:
    """Say what changes."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: a ledger goes forward."""
    raise RuntimeError("Florin's schema only goes forward. Restore a backup instead.")
