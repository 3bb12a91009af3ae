"""Operations as they are watched: each is a line in the log, counted, and traced where wanted.

The line says who asked for what, and how it ended; of what was sent and answered it says nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Token
from time import perf_counter
from types import TracebackType
from typing import Final

from db.observation import Observation, Shared, watching
from server import access_log, metrics, tracing
from server.callers import Caller
from server.metrics import Transport

# Clients choose names, and a line a request is theirs to have.
_NAME_LENGTH_MAX: Final = 100
# Nobody was there to hear the answer.
_GONE: Final = "gone"


class Observed(Observation):
    """One operation, from its request to its last answer: ``with Observed(…) as observed``."""

    __slots__ = (
        "_answers",
        "_began",
        "_caller",
        "_cost",
        "_is_operation",
        "_kind",
        "_name",
        "_outcome",
        "_request_id",
        "_seconds",
        "_shared",
        "_status",
        "_token",
        "transport",
    )

    def __init__(self, transport: Transport, *, traceparent: str | None = None) -> None:
        """``traceparent`` is of the request's trace, which this one's goes on."""
        super().__init__()
        self.transport = transport
        self._began = perf_counter()
        self._kind = "none"
        self._outcome = _GONE
        self._is_operation = True
        self._answers = 0
        self._seconds = 0.0
        # Statements that were not sent for it alone.
        self._shared = 0
        self._name: str | None = None
        self._cost: int | None = None
        self._status: int | None = None
        self._request_id: str | None = None
        self._caller: Caller | None = None
        self._token: Token[Observation] | None = None
        self.trace = tracing.begun(traceparent)

    def __enter__(self) -> "Observed":
        self._token = watching.set(self)
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            watching.reset(self._token)
        self._end()

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Be told of what is done in the block; the operation goes on after it."""
        token = watching.set(self)
        try:
            yield
        finally:
            watching.reset(token)

    def called(self, request_id: str, caller: Caller | None = None) -> None:
        """Who asks, once that is known."""
        self._request_id = request_id
        self._caller = caller

    def asked(self, kind: str, name: str | None) -> None:
        """What is asked for, once that has been read."""
        self._kind = kind
        self._name = None if name is None else name[:_NAME_LENGTH_MAX]

    def costs(self, cost: int) -> None:
        """What that costs."""
        self._cost = cost

    def answered(self, outcome: str, status: int | None = None) -> None:
        """How it ended, or goes on; the last word counts."""
        self._outcome = outcome
        self._status = status
        self._answers += 1

    def is_no_operation(self) -> None:
        """Only a page was asked for: that is not written down."""
        self._is_operation = False

    def batched(self, name: str, size: int) -> None:
        """A loader is about to read so many keys at once."""
        metrics.batched(name, size)

    def retried(self) -> None:
        """A transaction was in another session's way and begins again."""
        metrics.retried()

    def shared(self, shared: Shared) -> None:
        """What was asked was done together with what others asked."""
        self._shared += shared.statements
        metrics.waited_for_group(shared.waited_seconds)
        if shared.speaks:
            metrics.grouped(shared.size, shared.statements)

    def taken_apart(self) -> None:
        """What was to be done together with others is done by itself."""
        metrics.taken_apart()

    def decided(self, outcomes: Mapping[str, int]) -> None:
        """What became of transactions."""
        metrics.decided(outcomes)

    def _end(self) -> None:
        if not self._is_operation:
            return
        self._seconds = perf_counter() - self._began
        metrics.operation_ended(self._kind, self._outcome, self._seconds, self.statements)
        if self.trace is not None:
            tracing.ended(self.trace, self._fields())
        access_log.add(self._fields)

    def _fields(self) -> dict[str, object]:
        caller = self._caller
        return {
            "requestId": self._request_id,
            "transport": self.transport,
            "status": self._status,
            "outcome": self._outcome,
            "kind": self._kind,
            "operation": self._name,
            "cost": self._cost,
            "statements": self.statements + self._shared,
            "milliseconds": round(self._seconds * 1000, 3),
            "answers": self._answers,
            "ledger": None if caller is None else caller.ledger_code,
            "credential": None if caller is None else caller.credential,
        }


def current() -> Observed:
    """The operation that this task is about; one that nobody looks at, where it is about none."""
    found = watching.get()
    return found if isinstance(found, Observed) else _UNSEEN


_UNSEEN: Final = Observed("http")
