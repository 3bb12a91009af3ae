"""The cursors of a ledger's events: sealed, so that they say nothing to whoever keeps them.

A position has the number that PostgreSQL gave its commit, which counts what all ledgers of the
server write: two cursors of one's own would tell how much the others did in between.
"""

import base64
import binascii
import struct
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from db.events import Position

# Epoch, xid, number, transaction.
_POSITION: Final = struct.Struct(">IQi16s")
# What is longer is no cursor, and is not decoded.
_LENGTH_MAX: Final = 100


class EventCursors:
    """Writes and reads one ledger's, with its key.

    AES-SIV (RFC 5297): the same place has the same cursor, in every process and for ever, and what
    was not written with this key is told from what was.
    """

    def __init__(self, key: UUID) -> None:
        self._sealing = AESSIV(sha256(key.bytes).digest())

    def written(self, position: Position) -> str:
        """The cursor after an event."""
        *place, transaction_id = position
        content = self._sealing.encrypt(_POSITION.pack(*place, transaction_id.bytes), None)
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    def position(self, written: str) -> Position | None:
        """The place that a cursor stands for; None where it is none of this ledger's."""
        if len(written) > _LENGTH_MAX:
            return None
        try:
            padded = written.encode() + b"=" * (-len(written) % 4)
            content = base64.b64decode(padded, b"-_", validate=True)
            epoch, xid, number, transaction_id = _POSITION.unpack(
                self._sealing.decrypt(content, None)
            )
        except (binascii.Error, struct.error, UnicodeEncodeError, InvalidTag, ValueError):
            return None
        return Position(epoch, xid, number, UUID(bytes=transaction_id))
