"""API keys and ledgers for tests: made as the command line makes them, over the test's database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
from pydantic import SecretStr

from db import api_keys, setup
from db.api_keys import NewApiKey
from ledger import identifiers
from server.api_keys import KeyMaker

# What a server that knows these keys is started with.
SECRET: Final = SecretStr("a secret of tests, of more than 32 characters")
MAKER: Final = KeyMaker(SECRET.get_secret_value().encode())


class Key(NamedTuple):
    """A key that was just made."""

    key_id: UUID
    text: str

    @property
    def name(self) -> str:
        """What it is called where it is not secret."""
        return identifiers.render("key", self.key_id)

    @property
    def headers(self) -> dict[str, str]:
        """How it is sent."""
        return {"authorization": f"Bearer {self.text}"}


def new_key(
    url: str,
    *ledger_codes: str,
    scopes: Sequence[str] = ("read", "write"),
    expires_at: datetime | None = None,
    maker: KeyMaker = MAKER,
) -> Key:
    """A key to these ledgers, or to the one that is always there."""
    minted = maker.mint()
    with psycopg.connect(url) as conn:
        wanted = list(ledger_codes or ["main"])
        found = conn.execute(
            "SELECT ledger_id FROM florin.ledgers WHERE code = ANY(%s) ORDER BY ledger_id",
            [wanted],
        ).fetchall()
        assert len(found) == len(wanted)
        new = NewApiKey(
            key_id=minted.key_id,
            name="of a test",
            secret_hash=minted.secret_hash,
            hashed_with=minted.hashed_with,
            scopes=list(scopes),
            ledger_ids=[ledger_id for (ledger_id,) in found],
            expires_at=expires_at,
        )
        api_keys.create(conn, new)
    return Key(minted.key_id, minted.text)


def new_ledger(url: str, code: str) -> None:
    """Another ledger."""
    assert setup.add_ledger(url, code=code, name=code)
