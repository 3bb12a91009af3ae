"""Traces for OpenTelemetry: of operations, loaders' batches and statements, never of fields.

They are kept where the variables that OpenTelemetry specifies name an exporter, which is OTLP over
HTTP; otherwise none of its packages is even imported. Spans have no values: neither variables nor
parameters, and of an error only its type.
"""

import asyncio
import inspect
import logging
import os
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from db.observation import Trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

logger = logging.getLogger("florin.tracing")

# Spans that were not taken by then are lost: a server that stops does not wait for a collector.
_SHUTDOWN_SECONDS: Final = 3.0
_FAILED: Final = frozenset({"fault", "timeout", "unavailable"})
_NAMES: Final = {
    "requestId": "florin.request_id",
    "transport": "florin.transport",
    "status": "http.response.status_code",
    "outcome": "florin.outcome",
    "kind": "graphql.operation.type",
    "operation": "graphql.operation.name",
    "cost": "florin.cost",
    "statements": "florin.statements",
    "ledger": "florin.ledger",
}


class _Tracing:
    """This process's tracer, while there is one."""

    tracer: "Tracer | None" = None


def is_wanted() -> bool:
    """Whether the environment names somebody who takes spans."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter:
        return exporter != "none"
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return any(os.environ.get(name) for name in endpoints)


@asynccontextmanager
async def exporting() -> AsyncIterator[None]:
    """Have operations traced while the block runs, where that is wanted."""
    if not is_wanted():
        yield
        return
    provider = _provider()
    _Tracing.tracer = provider.get_tracer("florin")
    try:
        yield
    finally:
        _Tracing.tracer = None
        await _shut_down(provider)


def begun(traceparent: str | None) -> Trace | None:
    """The trace of an operation that begins; None where nobody keeps it.

    It goes on that of the request, where the header ``traceparent`` names one.
    """
    return None if _Tracing.tracer is None else _Spans.begun(_Tracing.tracer, traceparent)


def ended(trace: Trace, fields: Mapping[str, object]) -> None:
    """The operation is over; ``fields`` are those of its line in the log."""
    assert isinstance(trace, _Spans)
    trace.end(fields)


class _Spans:
    """One operation's spans."""

    def __init__(self, tracer: "Tracer", root: "Span") -> None:
        self._tracer = tracer
        self._root = root

    @classmethod
    def begun(cls, tracer: "Tracer", traceparent: str | None) -> "_Spans | None":
        from opentelemetry.context import Context  # noqa: PLC0415 - see above
        from opentelemetry.trace import SpanKind  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        context = Context()
        if traceparent is not None:
            carrier = {"traceparent": traceparent}
            context = TraceContextTextMapPropagator().extract(carrier, context)
        root = tracer.start_span("operation", context, SpanKind.SERVER)
        # One that is not sampled has nothing beneath it, either.
        return cls(tracer, root) if root.is_recording() else None

    def statement(self, text: str) -> AbstractContextManager[None]:
        """One statement, as it is sent."""
        text = inspect.cleandoc(text)
        attributes = {"db.system.name": "postgresql", "db.statement": text}
        return self._span(text.split(None, 1)[0].upper(), attributes, is_client=True)

    def batch(self, name: str, size: int) -> AbstractContextManager[None]:
        """One loader's batch."""
        attributes: dict[str, str | int] = {"florin.loader": name, "florin.batch_size": size}
        return self._span(f"load {name}", attributes, is_client=False)

    def end(self, fields: Mapping[str, object]) -> None:
        """The operation is over."""
        from opentelemetry.trace import StatusCode  # noqa: PLC0415

        self._root.update_name(str(fields["kind"]))
        for key, name in _NAMES.items():
            value: Any = fields[key]
            if value is not None:
                self._root.set_attribute(name, value)
        if fields["outcome"] in _FAILED:
            self._root.set_status(StatusCode.ERROR, str(fields["outcome"]))
        self._root.end()

    @contextmanager
    def _span(
        self, name: str, attributes: Mapping[str, str | int], *, is_client: bool
    ) -> Iterator[None]:
        from opentelemetry.trace import (  # noqa: PLC0415
            SpanKind,
            StatusCode,
            set_span_in_context,
        )

        parent = _parent.get()
        is_mine = parent is not None and parent[0] is self
        context = set_span_in_context(parent[1] if parent and is_mine else self._root)
        kind = SpanKind.CLIENT if is_client else SpanKind.INTERNAL
        span = self._tracer.start_span(name, context, kind, attributes)
        token = _parent.set((self, span))
        try:
            yield
        except BaseException as error:
            # Its message quotes values; OpenTelemetry would record it.
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            _parent.reset(token)
            span.end()


# What a span of this task is part of; the operation itself, where there is none. Statements that
# several operations share are part of the traces of all of them.
_parent: Final[ContextVar["tuple[_Spans, Span] | None"]] = ContextVar("parent", default=None)


def _provider() -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - only where it is wanted
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SpanExporter,
    )

    exporter: SpanExporter
    named = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    if named == "console":
        exporter = ConsoleSpanExporter()
    else:
        if named != "otlp":
            logger.warning("OTEL_TRACES_EXPORTER is neither otlp, console nor none: it is otlp now")
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        exporter = OTLPSpanExporter()
    name = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "florin"}
    provider = TracerProvider(resource=Resource.create(name), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


async def _shut_down(provider: "TracerProvider") -> None:
    """Send what is left, for a few seconds at most."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        provider.shutdown()
        if not loop.is_closed():
            loop.call_soon_threadsafe(done.set)

    # Not asyncio's own threads: the interpreter waits for those to the last.
    threading.Thread(target=shut_down, daemon=True).start()
    try:
        async with asyncio.timeout(_SHUTDOWN_SECONDS):
            await done.wait()
    except TimeoutError:
        logger.warning("The last spans were not taken in time")
