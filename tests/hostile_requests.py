"""Some three hundred hostile requests, whole: for the endpoint's test, and for its measurement."""

import json
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from tests.hostile_bodies import BODIES, GOOD, MEDIA_TYPES, PARAMETERS, WRONG_KINDS
from tests.hostile_documents import FINE, FURTHER, MANY, NESTED, WRONG
from tests.hostile_sizes import DOCUMENTS, MEGABYTE, VARIABLES

_DEPTHS: Final = (20, 200, 5000)
_COUNTS: Final = (100, 1000, 20_000)
_METHODS: Final = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "")
_ACCEPTS: Final = (
    *("", "*/*;q=0", "application/json;q=0", "text/html", "image/png", ",;=", "é/é", "*"),
    *("a/b;" * 5000, "a," * 20_000, "application/json;q=" + "9" * 5000, "*/*;q=nan"),
)
_HEADERS: Final[tuple[tuple[str, str], ...]] = (
    *(("content-length", length) for length in ("99999999999999999999", "9" * 5000, "-1", "x")),
    *(("content-encoding", encoding) for encoding in ("gzip", "br", "identity, gzip", "é")),
    *(("origin", origin) for origin in ("null", "", "http://", "https://evil.example", "é" * 5000)),
    *(("sec-fetch-site", site) for site in ("cross-site", "same-site", "", "x" * 5000)),
    *(("x-request-id", id_) for id_ in ("", "a\tb", "x" * 5000, "\x7f\x01", "${jndi:ldap://x}")),
    *(("cookie", cookie) for cookie in ("session=1", "a=b; " * 5000)),
    *(("host", host) for host in ("", "[", "evil.example", "127.0.0.1:99999999", "é")),
    ("expect", "100-continue"),
    ("transfer-encoding", "gzip"),
    ("florin-snapshot", "x" * 5000),
    ("authorization", "Bearer " + "x" * 5000),
)


class HostileRequest(msgspec.Struct, frozen=True):
    """As ASGI has it, but for the body, which is made when it is needed."""

    name: str
    make_body: Callable[[], bytes]
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    method: str = "POST"
    query_string: str = ""


def every() -> Iterator[HostileRequest]:
    """Each of them, in a fixed order; the rows of ``tests.hostile.seed`` are there."""
    yield from _documents()
    for name, body in BODIES.items():
        yield _body(f"body: {name}", body)
    for part, kinds in WRONG_KINDS.items():
        for wrong in kinds:
            body = json.dumps({"query": "{ __typename }", part: wrong}).encode()
            yield _body(f"{part} of the wrong kind: {wrong!r}", body)
    yield from _by_headers()
    for name, (query, make) in VARIABLES.items():
        yield HostileRequest(f"size: {name}", _making(query, make))


def _documents() -> Iterator[HostileRequest]:
    for name, nested in NESTED.items():
        for depth in _DEPTHS:
            yield _document(f"{name}, {depth} deep", nested(depth))
    for name, many in MANY.items():
        for count in _COUNTS:
            yield _document(f"{count} {name}", many(count))
    for name, document in {**WRONG, **FINE, **FURTHER}.items():
        yield _document(f"document: {name}", document)
    for name, long in DOCUMENTS.items():
        yield _document(f"document of 4 MB: {name}", long(4 * MEGABYTE))


def _by_headers() -> Iterator[HostileRequest]:
    json_type = ("content-type", "application/json")
    for method in _METHODS:
        yield HostileRequest(f"method {method}", lambda: GOOD, method=method)
    for media_type in MEDIA_TYPES:
        headers = (("content-type", media_type),) if media_type is not None else ()
        yield HostileRequest(f"content-type {media_type!r:.40}", lambda: GOOD, headers)
    for accept in _ACCEPTS:
        yield HostileRequest(
            f"accept {accept!r:.40}", lambda: GOOD, (json_type, ("accept", accept))
        )
    for name, value in _HEADERS:
        yield HostileRequest(f"{name} {value!r:.40}", lambda: GOOD, (json_type, (name, value)))
        yield HostileRequest(
            f"{name} {value!r:.40}, twice",
            lambda: GOOD,
            (json_type, (name, value), (name, value)),
        )
    for parameters in PARAMETERS:
        yield HostileRequest(
            f"?{parameters:.40}", lambda: b"", (), method="GET", query_string=parameters
        )


def _document(name: str, text: str) -> HostileRequest:
    return _body(name, json.dumps({"query": text}).encode())


def _body(name: str, body: bytes) -> HostileRequest:
    return HostileRequest(name, lambda: body)


def _making(query: str, make: Callable[[], dict[str, object]]) -> Callable[[], bytes]:
    return lambda: json.dumps({"query": query, "variables": make()}).encode()
