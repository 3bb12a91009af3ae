"""Metrics for Prometheus: what is counted, and how it is handed out.

No label says who asked, for what, or of which ledger: their values are few, and known beforehand.
With several workers each writes its numbers into files of a folder that they share
(``server.metrics_files``), so that whichever is asked answers for all.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from server import metrics_files

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

Transport = Literal["http", "sse", "websocket"]

# From what needs no database to what the time limit ends.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
_GROUP_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)

# When a counter was made says nothing here, and would be a series more for each.
disable_created_metrics()  # type: ignore[no-untyped-call]

registry: Final = CollectorRegistry()

_operation_seconds: Final = Histogram(
    "florin_operation_seconds",
    "Operations and how long they took, by kind (query, mutation, subscription, or none where it "
    "was not read so far) and by outcome.",
    ("kind", "outcome"),
    buckets=_SECONDS,
    registry=registry,
)
_statements: Final = Counter(
    "florin_statements",
    "Statements sent to the database, for operations and in the background.",
    ("by",),
    registry=registry,
)
_batch_size: Final = Histogram(
    "florin_loader_batch_size",
    "Loaders' batches and how many keys each had.",
    ("loader",),
    buckets=_SIZES,
    registry=registry,
)
_postings: Final = Counter(
    "florin_postings",
    "What was asked of transactions, by what became of it: posted, held, captured, voided, "
    "reversed, replayed, expired, or refused.",
    ("outcome",),
    registry=registry,
)
_refusals: Final = Counter(
    "florin_posting_refusals",
    "Refused among them, by the refusal's code.",
    ("code",),
    registry=registry,
)
_retries: Final = Counter(
    "florin_transaction_retries",
    "Database transactions that began again: another session was in the way.",
    registry=registry,
)
_group_size: Final = Histogram(
    "florin_posting_group_size",
    "Database transactions of single postings, captures, voids and reversals, and how many of "
    "these shared each.",
    buckets=_GROUP_SIZES,
    registry=registry,
)
_group_wait: Final = Histogram(
    "florin_posting_group_wait_seconds",
    "How long each of those waited for the ones before it.",
    buckets=_SECONDS,
    registry=registry,
)
_taken_apart: Final = Counter(
    "florin_posting_group_taken_apart",
    "Those that were done by themselves, because what they shared met an error or a lock.",
    registry=registry,
)
_authentication_failures: Final = Counter(
    "florin_authentication_failures",
    "Requests whose credential opened nothing, by the answer's code.",
    ("code",),
    registry=registry,
)
_rejected: Final = Counter(
    "florin_rejected",
    "Requests that were not run to keep the others quick: by rate, or by overload.",
    ("reason",),
    registry=registry,
)
_subscriptions: Final = Gauge(
    "florin_subscriptions_open",
    "Subscriptions that run.",
    multiprocess_mode="livesum",
    registry=registry,
)
_connections: Final = Gauge(
    "florin_connections_open",
    "WebSockets and event streams that are open.",
    multiprocess_mode="livesum",
    registry=registry,
)


def operation_ended(kind: str, outcome: str, seconds: float, statements: int) -> None:
    """One operation more."""
    _operation(kind, outcome).observe(seconds)
    if statements:
        _statements_by("operation").inc(statements)


def background_statements(statements: int) -> None:
    """So many more were sent that no operation asked for."""
    _statements_by("background").inc(statements)


def batched(loader: str, size: int) -> None:
    """One batch more."""
    _batches(loader).observe(size)


def decided(outcomes: Mapping[str, int]) -> None:
    """Transactions by what became of them; whatever is in upper case is a refusal's code."""
    for outcome, number in outcomes.items():
        if outcome.isupper():
            _posting("refused").inc(number)
            _refusal(outcome).inc(number)
        else:
            _posting(outcome).inc(number)


def retried() -> None:
    """A database transaction began again."""
    _retries.inc()


def grouped(size: int, statements: int) -> None:
    """So many shared one database transaction, for which so many statements were sent."""
    _group_size.observe(size)
    _statements_by("operation").inc(statements)


def waited_for_group(seconds: float) -> None:
    """One more had its turn."""
    _group_wait.observe(seconds)


def taken_apart() -> None:
    """One of a group is done by itself."""
    _taken_apart.inc()


def authentication_failed(code: str) -> None:
    """A credential opened nothing; ``code`` is the answer's."""
    _authentication_failures.labels(code).inc()


def rejected(reason: Literal["rate", "overload"]) -> None:
    """A request was not run, so that others are."""
    _rejected.labels(reason).inc()


def subscriptions(change: Literal[1, -1]) -> None:
    """One subscription more, or one less."""
    _subscriptions.inc(change)


def connections(change: Literal[1, -1]) -> None:
    """One long-lived connection more, or one less."""
    _connections.inc(change)


class Everything(Collector):
    """All metrics of all workers."""

    def collect(self) -> Iterable[Metric]:
        """As they are now."""
        shared = metrics_files.shared()
        return (registry if shared is None else shared).collect()


def exposition() -> bytes:
    """All metrics of all workers, in Prometheus's text format."""
    return generate_latest(Everything())


# Finding a label's counter takes as long as counting.
@cache
def _operation(kind: str, outcome: str) -> Histogram:
    return _operation_seconds.labels(kind, outcome)


@cache
def _statements_by(by: str) -> Counter:
    return _statements.labels(by)


@cache
def _batches(loader: str) -> Histogram:
    return _batch_size.labels(loader)


@cache
def _posting(outcome: str) -> Counter:
    return _postings.labels(outcome)


@cache
def _refusal(code: str) -> Counter:
    return _refusals.labels(code)
