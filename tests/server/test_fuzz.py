"""Generated requests: bytes, headers, and documents that are valid for the schema; none is a fault.

Hypothesis derives its examples from the tests themselves: every run sends the same ones.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import httpx
import orjson
import pytest
from graphql import parse_value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes
from hypothesis_graphql import strategies as documents

from schema.build import GRAPHQL_SCHEMA
from tests.api import Api, serving
from tests.hostile import assert_answered, assert_serves, seed
from tests.hostile_bodies import GOOD

_FUZZ: Final = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=500,
    suppress_health_check=list(HealthCheck),
)
# Bytes that mean something in JSON, in GraphQL or in a header, and any others.
_MEANINGFUL: Final = st.sampled_from(
    [
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b"e9",
        b"-",
    ]
)
_BYTES: Final = st.lists(_MEANINGFUL | st.binary(max_size=4), max_size=60).map(b"".join)
_HEADER_TEXT: Final = st.binary(max_size=40) | st.sampled_from(
    [b"application/json", b"text/html", b"*/*;q=0.1", b"a/b;q=", b"null", b"http://[", b"utf-16"]
)
_HEADERS: Final = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *(b"accept", b"content-type", b"content-length", b"content-encoding", b"origin"),
                *(b"host", b"sec-fetch-site", b"x-request-id", b"cookie", b"florin-snapshot"),
            ]
        )
        | st.binary(min_size=1, max_size=20),
        _HEADER_TEXT,
    ),
    max_size=8,
)
_METHODS: Final = st.sampled_from(["POST", "POST", "GET", "HEAD", "PUT", "OPTIONS", "X"])
# Scalars that are ours, as literals that they take.
_SCALARS: Final = {
    "Amount": st.decimals(0, 10**6, places=2).map(str).map(nodes.String),
    "BigInt": st.integers(0, 2**40).map(str).map(nodes.String),
    "DateTime": st.datetimes().map(lambda at: nodes.String(f"{at.isoformat()}Z")),
    "JSON": st.sampled_from(["{}", "{ a: 1 }", '{ b: { c: ["x"] } }', "[1]", "null"]).map(
        parse_value
    ),
}


class Fuzzed:
    """The application, as synchronous tests send to it: ASGI messages in, ASGI messages out."""

    def __init__(self, runner: asyncio.Runner, api: Api) -> None:
        self._runner = runner
        self._api = api

    def send(
        self,
        body: bytes,
        headers: list[tuple[bytes, bytes]] | None = None,
        *,
        method: str = "POST",
        query_string: bytes = b"",
    ) -> httpx.Response:
        """The response, which has to be one that HTTP can carry."""
        sent = [(b"content-type", b"application/json")] if headers is None else headers
        messages = self._runner.run(self._messages(body, sent, method, query_string))
        start, *parts = messages
        content = b"".join(part["body"] for part in parts)
        return httpx.Response(start["status"], headers=start["headers"], content=content)

    def serves(self) -> None:
        """What was sent before has left no trace."""
        self._runner.run(assert_serves(self._api))

    async def _messages(
        self, body: bytes, headers: list[tuple[bytes, bytes]], method: str, query_string: bytes
    ) -> list[dict[str, Any]]:
        application = self._api.client._transport.app  # type: ignore[attr-defined]  # httpx's for ASGI
        messages: list[dict[str, Any]] = []
        received = iter([{"type": "http.request", "body": body}])
        forever = asyncio.Event()

        async def receive() -> dict[str, Any]:
            for message in received:
                return message
            await forever.wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": "/graphql",
            "query_string": query_string,
            "headers": headers,
        }
        async with asyncio.timeout(30):
            await application(scope, receive, send)
        return messages


@pytest.fixture(scope="module")
def fuzzed(shared_database_url: str) -> Iterator[Fuzzed]:
    with asyncio.Runner() as runner:
        application = serving(shared_database_url)
        api = runner.run(application.__aenter__())
        runner.run(seed(api))
        yield Fuzzed(runner, api)
        runner.run(application.__aexit__(None, None, None))


@_FUZZ
@given(body=_BYTES)
def test_no_bytes_as_a_body_are_a_fault(fuzzed: Fuzzed, body: bytes) -> None:
    assert fuzzed.send(body).status_code == 400


@_FUZZ
@given(cut=st.tuples(st.integers(0, len(GOOD)), st.integers(0, 4)), put=_BYTES)
def test_no_change_of_a_good_body_is_a_fault(
    fuzzed: Fuzzed, cut: tuple[int, int], put: bytes
) -> None:
    at, length = cut
    assert_answered(fuzzed.send(GOOD[:at] + put + GOOD[at + length :]), put)


@_FUZZ
@given(
    text=st.lists(
        st.sampled_from(["{", "}", "(", ")", "[", "...", "on", "query", "@", "$", '"', "!", ":"])
        | st.sampled_from(["users", "first", "1", "fragment", "Query", '"""', "#", "\\u{"])
        | st.text(max_size=3),
        max_size=30,
    ).map(" ".join)
)
def test_no_text_as_a_document_is_a_fault(fuzzed: Fuzzed, text: str) -> None:
    assert_answered(fuzzed.send(orjson.dumps({"query": text})), text)


@_FUZZ
@given(
    content=st.dictionaries(
        st.sampled_from(["query", "variables", "operationName", "extensions", "documentId", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=4), inner, max_size=3)
            ),
            max_leaves=5,
        )
        | st.sampled_from(
            [
                "{ __typename }",
                {"persistedQuery": {"version": 1, "sha256Hash": "a" * 64}},
                {"persistedQuery": {}},
                {"florin": {"explain": True}},
            ]
        ),
    )
)
def test_no_object_as_a_body_is_a_fault(fuzzed: Fuzzed, content: dict[str, object]) -> None:
    assert_answered(fuzzed.send(orjson.dumps(content)), content)


@_FUZZ
@given(headers=_HEADERS, method=_METHODS, query_string=_BYTES)
def test_no_headers_are_a_fault(
    fuzzed: Fuzzed, headers: list[tuple[bytes, bytes]], method: str, query_string: bytes
) -> None:
    sent = [(name.lower(), value) for name, value in headers]
    response = fuzzed.send(GOOD, sent, method=method, query_string=query_string)
    if not response.headers["content-type"].startswith(("text/html", "text/event-stream")):
        assert_answered(response, headers)


@settings(_FUZZ, max_examples=100)
@given(document=documents.from_schema(GRAPHQL_SCHEMA, custom_scalars=_SCALARS))
def test_no_document_of_the_schema_is_a_fault(fuzzed: Fuzzed, document: str) -> None:
    response = fuzzed.send(orjson.dumps({"query": document}))
    assert response.status_code in {200, 400}, response.text
    for error in response.json().get("errors", ()):
        assert error["extensions"]["code"] != "INTERNAL_ERROR", (document, error)


def test_whatever_was_sent_the_next_request_is_answered(fuzzed: Fuzzed) -> None:
    fuzzed.serves()
