"""What is no GraphQL request over HTTP, by what is wrong with it."""

from typing import Final

GOOD: Final = b'{"query": "{ __typename }"}'

BODIES: Final[dict[str, bytes]] = {
    "empty": b"",
    "spaces": b" \n ",
    "not JSON": b"{query: 1}",
    "cut off": GOOD[:-3],
    "two documents": GOOD * 2,
    "trailing comma": b'{"query": "{ __typename }",}',
    "NaN": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "invalid UTF-8": b'{"query": "\xff\xfe"}',
    "an encoded surrogate": b'{"query": "\xed\xa0\x80"}',
    "NUL": b"\x00" * 100,
    "a control character in a string": b'{"query": "\x01"}',
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a string": b'"{ __typename }"',
    "an array": b"[]",
    "a batch": b"[" + GOOD + b"," + GOOD + b"]",
    "an object without a query": b"{}",
    "nested arrays": b"[" * 50_000 + b"]" * 50_000,
    "nested objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "nested and cut off": b"[" * 50_000,
    "an integer of 5000 digits": b'{"query": "{ __typename }", "variables": {"a": %b}}'
    % (b"9" * 5000),
    "a float of 5000 digits": b'{"query": "{ __typename }", "variables": {"a": 1%b.5}}'
    % (b"0" * 5000),
    "an integer of 4 MB": b'{"query": "{ __typename }", "variables": {"a": %b}}'
    % (b"9" * 4_000_000),
    "1e400": b'{"query": "{ __typename }", "variables": {"a": 1e400}}',
}
WRONG_KINDS: Final[dict[str, tuple[object, ...]]] = {
    "query": (None, "", 1, True, [], {}, ["{ __typename }"]),
    "variables": ([], [1], "x", "{}", 1, True),
    "extensions": ([], "x", 1, False),
    "operationName": (1, True, [], {}, "Unknown", "", "\x00", "💸"),
}
MEDIA_TYPES: Final = (
    *(None, "", "xapplication/jsonx", "application/jsonx", "text/plain", "text/json"),
    *("application/graphql", "multipart/form-data; boundary=x", "*/*", "application/*"),
    *("application/x-www-form-urlencoded", ";application/json", "é/json", "a" * 10_000),
    *("application/json; charset=latin-1", 'application/json;charset="utf-16"'),
)
PARAMETERS: Final = [
    "",
    "query=",
    "query=%FF%FE",
    "query=%00",
    "query=%ED%A0%80",
    "query={__typename}&variables=[",
    "query={__typename}&variables=[]",
    "query={__typename}&variables=1e400",
    "query={__typename}&variables=%22%5Cud800%22",
    "query={__typename}&variables=" + "[" * 20_000,
    "query={__typename}&extensions=1",
    "query={__typename}&operationName=%ED%A0%80",
    "query=%7B" * 1000,
    "=" * 10_000,
    "&" * 10_000,
]
