"""Traces: an operation, its loaders' batches, their statements; no values, and nothing when off."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

import psycopg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.api import serving, transaction
from tests.grouped import together
from tests.sockets import connected, served

CANARY: Final = "canary4711"
TREE: Final = """
    query Tree {
        accounts(first: 10) { nodes { code owner { username } entries(first: 1) { nodes { id } } } }
    }
"""


class Span(NamedTuple):
    """A span as the receiver got it."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    attributes: dict[str, Any]
    is_error: bool
    events: int


class Receiver:
    """Takes spans over HTTP, as OpenTelemetry's collector does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        self.port = 0

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for attribute in resource.resource.attributes:
                if attribute.key == "service.name":
                    self.services.add(attribute.value.string_value)
            for scope in resource.scope_spans:
                self.spans += [_span(span) for span in scope.spans]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def below(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent_id == parent.span_id]


def _span(span: Any) -> Span:  # noqa: ANN401 - protobuf's
    attributes = {
        one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes
    }
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Span(*ids, span.name, attributes, span.status.code == 2, len(span.events))


@contextmanager
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{found.port}")
        yield found


async def test_the_tree_is_operation_batch_statement(database_url: str, received: Receiver) -> None:
    async with serving(database_url) as api:
        await api.create_user("alice")
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        for name in ("a", "b", "c"):
            await api.open_account(name, owner={"username": "alice"})
            await api.post(name, ("cash", name, "1.00"))
        await api(TREE)
    (tree,) = [one for one in received.spans if one.attributes.get("graphql.operation.name")]
    assert tree.name == tree.attributes["graphql.operation.type"] == "query"
    assert tree.attributes["graphql.operation.name"] == "Tree"
    assert tree.attributes["florin.outcome"] == "data"
    assert tree.attributes["florin.ledger"] == "main"
    assert tree.attributes["florin.statements"] == 3
    assert len(tree.attributes["florin.request_id"]) == 16
    batches = {one.name: one for one in received.below(tree) if one.name.startswith("load ")}
    assert set(batches) == {"load users.by_ids", "load entries_page_by_account_id"}
    assert batches["load users.by_ids"].attributes["florin.batch_size"] == 1
    assert batches["load entries_page_by_account_id"].attributes["florin.batch_size"] == 4
    for batch in batches.values():
        (statement,) = received.below(batch)
        assert statement.name == "SELECT"
        assert "FROM florin." in statement.attributes["db.statement"]
        assert "%(ledger_id)s" in statement.attributes["db.statement"]
        assert received.below(statement) == []
    # The page of accounts is no loader's.
    (page,) = [one for one in received.below(tree) if one.name == "SELECT"]
    assert "ORDER BY a.account_id" in page.attributes["db.statement"]
    # One for each of these, and none for any of some thirty fields.
    assert len([one for one in received.spans if one.trace_id == tree.trace_id]) == 6
    assert received.services == {"florin"}


async def test_a_mutations_statements_are_below_it(database_url: str, received: Receiver) -> None:
    async with serving(database_url) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        await api.post("k", ("cash", "wallet", "1.00"))
    posting = received.named("mutation")[-1]
    statements = received.below(posting)
    assert len(statements) == posting.attributes["florin.statements"] > 5
    assert {one.name for one in statements} >= {"BEGIN", "SELECT", "INSERT", "UPDATE", "COMMIT"}


async def test_what_several_share_is_in_the_trace_of_each(
    database_url: str, received: Receiver
) -> None:
    async with serving(database_url) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        await together(
            api, database_url, *(api.post(f"k{n}", ("cash", "wallet", "1.00")) for n in range(3))
        )
    one, two, three = (received.below(mutation) for mutation in received.named("mutation")[-3:])
    assert [span.name for span in one].count("COMMIT") == 1
    # Those of all three, each once, and none below another.
    texts = [[span.attributes["db.statement"] for span in spans] for spans in (one, two, three)]
    assert texts[0] == texts[1] == texts[2]
    counts = {span.attributes["florin.statements"] for span in received.named("mutation")[-3:]}
    assert counts == {len(one)}


async def test_a_requests_trace_goes_on_and_others_begin(
    database_url: str, received: Receiver
) -> None:
    trace_id, parent_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    async with serving(database_url) as api:
        for traceparent in (
            f"00-{trace_id}-{parent_id}-01",
            "00-wrong",
            f"00-{trace_id}-{parent_id}-00",
        ):
            await api.client.post(
                "/graphql", json={"query": "{ __typename }"}, headers={"traceparent": traceparent}
            )
    # The third's caller does not sample it, and so it is not.
    first, second = received.named("query")
    assert (first.trace_id, first.parent_id) == (trace_id, parent_id)
    assert second.trace_id != trace_id
    assert second.parent_id == ""


async def test_each_operation_of_a_websocket_is_a_trace_of_its_own(
    database_url: str, received: Receiver
) -> None:
    async with served(database_url) as florin, connected(florin) as socket:
        for id_ in ("1", "2"):
            await socket.subscribe(id_, "{ ledger { code } }")
            assert (await socket.hear())["type"] == "next"
            assert (await socket.hear())["type"] == "complete"
    first, second = received.named("query")
    assert first.trace_id != second.trace_id
    assert first.attributes["florin.transport"] == "websocket"
    assert len(received.below(first)) == len(received.below(second)) == 1


async def test_no_value_is_in_a_span(database_url: str, received: Receiver) -> None:
    async with serving(database_url) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account(CANARY, metadata={CANARY: CANARY})
        await api.create_user(CANARY)
        await api.create_user(CANARY)
        await api.post_batch([transaction(CANARY, ("cash", CANARY, "1.00"), description=CANARY)])
        await api.send(f'{{ account(by: {{ code: "{CANARY}" }}) {{ id }} {CANARY} }}')
        await api.send('{ account(by: { code: "x\\u0000" }) { id } }')
    assert len(received.spans) > 20
    assert CANARY not in repr(received.spans)
    assert not any(span.events for span in received.spans)


async def test_what_fails_is_marked_with_its_type_alone(
    database_url: str, received: Receiver
) -> None:
    async with serving(database_url, statement_timeout_seconds=0.2) as api:
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE florin.ledgers IN ACCESS EXCLUSIVE MODE")
            assert (await api.send("{ ledger { code } }")).status_code == 503
            blocker.rollback()
    (query,) = received.named("query")
    assert query.is_error
    (statement,) = received.below(query)
    assert statement.is_error
    assert statement.attributes["error.type"] == "QueryCanceled"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}, False),
    ],
)
def test_spans_are_kept_only_where_somebody_takes_them(
    environment: dict[str, str], *, wanted: bool
) -> None:
    assert _run("from server import tracing; print(tracing.is_wanted())", environment) == str(
        wanted
    )


def test_without_an_exporter_nothing_of_opentelemetry_is_imported() -> None:
    script = (
        "import sys, server.app; print([name for name in sys.modules if 'opentelemetry' in name])"
    )
    assert _run(script, {}) == "[]"


def _run(script: str, environment: dict[str, str]) -> str:
    command: Sequence[str] = (sys.executable, "-c", script)
    return subprocess.run(  # noqa: S603 - our own
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


async def test_a_collector_that_is_away_costs_nobody_an_answer(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    async with serving(database_url) as api:
        assert (await api("{ ledger { code } }"))["ledger"]["code"] == "main"
