"""Array parameters of one plain type, dumped at once.

psycopg dumps a list item by item, asking anew for each item what it is: about a microsecond for a
UUID or a number. The write path sends some thirty array elements a transaction; these wrappers take
most of that away (measured: 1.3 against 0.2 microseconds a UUID, 0.9 against 0.1 a number, 0.4
against 0.05 a text).
"""

import struct
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from psycopg import DataError
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

_UUID_OID: Final = 2950
_UUID_ARRAY_OID: Final = 2951
_TEXT_ARRAY_OID: Final = 1009
# PostgreSQL's array_recv: dimensions, has nulls, element type, then length and lower bound.
_HEADER: Final = struct.Struct("!iiIii")
_EMPTY: Final = struct.pack("!iiI", 0, 0, _UUID_OID)
_UUID_LENGTH: Final = struct.pack("!i", 16)


class UUIDs(msgspec.Struct, frozen=True):
    """A ``uuid[]``."""

    values: Sequence[UUID]


class WholeNumbers(msgspec.Struct, frozen=True):
    """A ``bigint[]`` or ``numeric[]``, as the statement casts it: exact at any size."""

    values: Sequence[int]


class Texts(msgspec.Struct, frozen=True):
    """A ``text[]``."""

    values: Sequence[str]


class _UUIDsDumper(Dumper):
    format = Format.BINARY
    oid = _UUID_ARRAY_OID

    def dump(self, obj: UUIDs) -> bytes:
        if not obj.values:
            return _EMPTY
        header = _HEADER.pack(1, 0, _UUID_OID, len(obj.values), 1)
        items = _UUID_LENGTH.join([value.int.to_bytes(16) for value in obj.values])
        return header + _UUID_LENGTH + items


class _WholeNumbersDumper(Dumper):
    format = Format.TEXT

    def dump(self, obj: WholeNumbers) -> bytes:
        return f"{{{','.join(map(str, obj.values))}}}".encode()


class _TextsDumper(Dumper):
    format = Format.TEXT
    oid = _TEXT_ARRAY_OID

    def dump(self, obj: Texts) -> bytes:
        if not obj.values:
            return b"{}"
        # NUL is what no text of PostgreSQL's has, so that it can stand between them meanwhile.
        joined = "\0".join(obj.values)
        if joined.count("\0") != len(obj.values) - 1:
            raise DataError("PostgreSQL text fields cannot contain NUL (0x00) characters")
        quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
        encoding = "utf-8" if self.connection is None else self.connection.info.encoding
        return f'{{"{quoted}"}}'.encode(encoding)


def register(adapters: AdaptersMap) -> None:
    """Teach a connection to dump them."""
    adapters.register_dumper(UUIDs, _UUIDsDumper)
    adapters.register_dumper(WholeNumbers, _WholeNumbersDumper)
    adapters.register_dumper(Texts, _TextsDumper)
