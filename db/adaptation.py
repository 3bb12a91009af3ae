"""How values cross the wire: money as exact integers, JSON through orjson, arrays at once."""

from typing import Final

import orjson
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

from db import arrays


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
