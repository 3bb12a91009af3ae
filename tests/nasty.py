"""Values that an outsider may send, by the kind of input that they are sent to."""

from collections.abc import Mapping, Sequence
from typing import Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    get_nullable_type,
)

# What no string type takes, and what none may stumble over.
_NO_TEXT: Final[Sequence[object]] = (None, True, 1, -1, 1.5, 1e300, [], ["a"], [None], {}, {"a": 1})
_TEXTS: Final[Sequence[object]] = (
    "",
    " ",
    "a ",
    "\x00",
    "a\x00b",
    "\x07\x1b[31m",
    "\x7f\x85\u2028\ufeff",
    "a\nb",
    "\ud800",  # half a surrogate pair, as the JSON escape
    "\udfff\ud800",
    "\U0001f4b8\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u202eevil\u2066",
    "مرحبا",
    "e\u0301é",
    "\U0010ffff",
    "ß" * 300,
    "x" * 10_000,
    "💸" * 10_000,
    "null",
    "undefined",
    "__proto__",
    "%s %(a)s {0} $1 \\ \" ' ; -- /*",
    "%",
    "_",
    "' OR '1'='1",
    "a@b@c",
    "@",
    "USD",
    "usd",
    "XXX",
    "XTS9",
)
_SUFFIX: Final = "01h455vb4pex5vsknk084sn02q"
_IDS: Final[Sequence[object]] = (
    *(f"{prefix}_{_SUFFIX}" for prefix in ("user", "acct", "txn", "entry", "nope", "")),
    f"entry_{_SUFFIX}_1",
    f"entry_{_SUFFIX}_999999999999999999",
    f"entry_{_SUFFIX}_9999999999999999999",
    f"entry_{_SUFFIX}_0",
    f"entry_{_SUFFIX}_-1",
    f"entry_{_SUFFIX}_٣",
    f"acct_{_SUFFIX.upper()}",
    "acct_8zzzzzzzzzzzzzzzzzzzzzzzzz",
    "acct_7zzzzzzzzzzzzzzzzzzzzzzzzz",
    "acct_" + "é" * 26,
    "acct_" + "\x00" * 26,
    "txn_",
    "_",
    2**63,
)
_AMOUNTS: Final[Sequence[object]] = (
    *("1e400", "1e2", "NaN", "nan", "Infinity", "-Infinity", "0", "-0", "0.00", "-1", "+1"),
    *("0.001", "1.5", "1.005", "00001.50", ".5", "5.", "1,000", "1 000", "1_000", "0x10", "½"),
    *(
        " 1",
        "1 ",
        "1\n",
        "١٢",
        "\uff11\uff12",
        "\u22121",
        "1.2.3",
        "--1",
        "1/2",
        "9" * 36,
        "9" * 38,
        "9" * 39,
    ),
    *("9" * 36 + ".99", "9" * 5000, "0." + "0" * 500 + "1", "0" * 79 + "1"),
)
_DATES: Final[Sequence[object]] = (
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-14:00"),
    *("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z"),
    *("2026-01-31T12:00:00", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z"),
    *("2026-01-31T23:59:60Z", "2026-01-31T12:00:00+99:99", "2026-01-31T12:00:00.123456789Z"),
    *("10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "\uff12026-01-31T12:00:00Z", "now", "1e9"),
    *("infinity", "2026-01-31T12:00:00+23:59", "2026-01-31t12:00:00z", "1" * 10_000),
)
_INTS: Final[Sequence[object]] = (
    *(None, 0, -1, 1, 1000, 1001, 2**31 - 1, 2**31, -(2**31) - 1, 2**63, 2**64, 10**30),
    *(1.0, 1.5, 1e300, "1", "", True, [], [1], {}),
)


def _nested(depth: int) -> object:
    value: object = 1
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return {"a": value}


_JSONS: Final[Sequence[object]] = (
    *(None, [], [1], "text", "", 0, 1, 1.5, False, True, {}),
    *({"": 1}, {"__proto__": {"polluted": True}}, {"constructor": None}, {"a": None}),
    *({"a": "\x00"}, {"\x00": 1}, {"a": "\ud800"}, {"\udc00": 1}, {"💸": "\u202e"}),
    *({"a": 2**53 - 1}, {"a": 2**53}, {"a": -(2**53)}, {"a": 2**63}, {"a": 2**64}, {"a": 10**30}),
    *({"a": 1e17}, {"a": 1e22}, {"a": 1e308}, {"a": 5e-324}, {"a": -0.0}, {"a": 0.1}),
    *(_nested(7), _nested(8), _nested(9), _nested(200), _nested(900)),
    *({f"k{n}": n for n in range(100)}, {f"k{n}": n for n in range(101)}),
    *({"a": "x" * 16_000}, {"a": "x" * 17_000}, {"x" * 10_000: 1}, {"a": list(range(3000))}),
)
_BOOLEANS: Final[Sequence[object]] = (None, True, False, "true", "", 0, 1, [], {})
_OBJECTS: Final[Sequence[object]] = (None, [], [None], "", "x", 0, 1.5, True, {}, {"unknown": 1})
_LISTS: Final[Sequence[object]] = (None, [], [None], [[]], "", "x", 0, {}, {"0": 1}, [1, None])

_BY_NAME: Final[Mapping[str, Sequence[object]]] = {
    "String": (*_NO_TEXT, *_TEXTS),
    "ID": (*_NO_TEXT, *_IDS, *_TEXTS),
    "Amount": (*_NO_TEXT, *_AMOUNTS, *_TEXTS),
    "DateTime": (*_NO_TEXT, *_DATES, "", "\x00", "\ud800", "x" * 10_000),
    "Int": _INTS,
    "JSON": _JSONS,
    "Boolean": _BOOLEANS,
}


def values(type_: GraphQLInputType) -> Sequence[object]:
    """What to try on an input of this type; a new scalar is tried with everything there is."""
    bare = get_nullable_type(type_)
    if isinstance(bare, GraphQLList):
        return _LISTS
    if isinstance(bare, GraphQLInputObjectType):
        keys = list(bare.fields)
        # For a @oneOf: all of them, all null, and each one null.
        several = (dict.fromkeys(keys, "a"), dict.fromkeys(keys), *({key: None} for key in keys))
        return (*_OBJECTS, *several)
    if isinstance(bare, GraphQLEnumType):
        members = tuple(bare.values)
        return (*_NO_TEXT, *members, *(member.lower() for member in members), "", "\x00", "NOPE")
    everything = [value for some in _BY_NAME.values() for value in some]
    return _BY_NAME.get(bare.name, everything)
