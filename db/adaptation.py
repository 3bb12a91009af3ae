"""How values cross the wire: money as exact integers, JSON through orjson, arrays at once."""

from struct import Struct
from typing import Final

import orjson
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

from db import arrays

# A ``numeric`` on the wire: how many digits to the base of 10,000, the power of the first one, the
# sign, which also says NaN and infinity, and how many decimals are shown.
_HEADER: Final = Struct("!HhHH")
# By how many there are: 38 decimals are ten of them, or eleven.
_DIGITS: Final = tuple(Struct(f"!{count}H") for count in range(12))
_BASE: Final = 10_000
_SIGNS: Final = (0x0000, 0x4000)


class MinorUnitsLoader(Loader):
    """Reads ``numeric`` as an exact int: every numeric in this schema is whole minor units."""

    format = Format.BINARY

    def __init__(self, oid: int, context: psycopg.abc.AdaptContext | None = None) -> None:
        """Wrap psycopg's own loader, which is written in C."""
        super().__init__(oid, context)
        loader = psycopg.adapters.get_loader(oid, Format.BINARY)
        assert loader is not None
        self._decimal = loader(oid, context)

    def load(self, data: Buffer) -> int:
        """Return the int; raises where a number has decimals, which no stored amount can have."""
        count, weight, sign, scale = _HEADER.unpack_from(data)
        # Nearly all are such, and a Decimal on the way would take four times as long.
        if sign in _SIGNS and scale == 0 and count < len(_DIGITS) and count <= weight + 1:
            whole = 0
            for digit in _DIGITS[count].unpack_from(data, _HEADER.size):
                whole = whole * _BASE + digit
            if weight >= count:
                whole *= _BASE ** (1 + weight - count)
            return -whole if sign else whole
        value = self._decimal.load(data)
        whole = int(value)
        if whole != value:
            raise psycopg.DataError(f"{value} is not a whole number of minor units")
        return whole


def _adapters() -> AdaptersMap:
    adapted = AdaptersMap(psycopg.adapters)
    adapted.register_loader("numeric", MinorUnitsLoader)
    # One type for every int: by default its size would choose among four, and each choice would be
    # planned and prepared anew. Money is sent as Decimal. The text form is for lists: without it
    # they go by their first number's size, and the next list in a statement by that of the first.
    adapted.register_dumper(int, Int8Dumper)
    adapted.register_dumper(int, Int8BinaryDumper)
    arrays.register(adapted)
    return adapted


class Context:
    """An adaptation context that is no connection: psycopg copies it into those it is given to."""

    connection = None

    def __init__(self) -> None:
        self.adapters = _adapters()
        set_json_loads(orjson.loads, self)
        set_json_dumps(orjson.dumps, self)


CONTEXT: Final = Context()
