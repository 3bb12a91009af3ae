"""A group: what several operations ask of a ledger at the same time, done in one transaction.

Each has its own outcome, action and answer. What fails for the group as a whole fails for none of
them: the group is taken apart, and each is done by itself.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import Context
from datetime import datetime, timedelta
from uuid import UUID

from db import faults, loans, posting, transactions
from db.actions import Action
from db.observation import Observation, Shared, Trace, watching
from db.pool import Pool
from db.transactions import Transaction
from ledger.posting import Decision, Outcome
from ledger.transactions import Request, TransactionRequest
from resolvers import posting_outcomes
from resolvers.attempts import attempts
from resolvers.endings import COMMIT_SECONDS, ended
from resolvers.event_feed import EventFeed
from resolvers.posting_outcomes import PostTransactionResult


class Member:
    """What one operation asks, and what it waits to be told."""

    __slots__ = (
        "action",
        "arrived_at",
        "feed",
        "group",
        "is_alone",
        "observation",
        "request",
        "told",
    )

    def __init__(self, request: Request, action: Action, feed: EventFeed | None) -> None:
        loop = asyncio.get_running_loop()
        self.request = request
        self.action = action
        self.feed = feed
        self.observation = watching.get()
        self.arrived_at = loop.time()
        self.told: asyncio.Future[PostTransactionResult] = loop.create_future()
        self.group: Group | None = None
        # Whether it failed together with others, and is to be done by itself now.
        self.is_alone = False

    @property
    def has_left(self) -> bool:
        """Whether nobody waits any more: whoever is cancelled cancels what it waits for."""
        return self.told.cancelled()

    @property
    def names(self) -> set[Hashable]:
        """The accounts, transactions and keys that it names: who shares one comes after it."""
        request = self.request
        if not isinstance(request, TransactionRequest):
            return {request.idempotency_key, request.transaction.key}
        names: set[Hashable] = {request.idempotency_key}
        for leg in request.postings:
            names |= {leg.debit.key, leg.credit.key}
        return names

    def fail(self, error: Exception) -> None:
        """Tell it what went wrong."""
        if not self.told.done():
            self.told.set_exception(error)


class Group:
    """The members that share a transaction, in the order in which they came."""

    def __init__(
        self,
        pool: Pool,
        ledger_id: int,
        members: Sequence[Member],
        *,
        patience: timedelta,
        over: Callable[["Group"], None],
        slow: Callable[[], None],
    ) -> None:
        """``over`` is called once its transaction has ended, and ``slow`` when it takes long."""
        self.members = members
        self.apart: Sequence[Member] = ()
        self.is_slow = False
        self._pool = pool
        self._ledger_id = ledger_id
        self._patience = patience
        self._over = over
        self._slow = slow
        self._is_committing = self._is_cancelled = False
        self._observation = _Observation(members)
        loop = asyncio.get_running_loop()
        self._began_at = loop.time()
        # It is nobody's alone: what the one that happened to begin it has noted is not for all.
        context = Context()
        context.run(watching.set, self._observation)
        self.task = loop.create_task(self._run(), context=context)
        self.task.add_done_callback(self._ended)
        for member in members:
            member.group = self

    async def leave(self) -> None:
        """Whoever of its members has left is not told any more, and the others are.

        Once all of them have, it is rolled back, unless its commit has begun: then that has a
        moment to be finished, so that nobody has to find out what became of it.
        """
        if any(not member.has_left for member in self.members):
            if self._is_committing:
                await asyncio.wait([self.task], timeout=COMMIT_SECONDS)
            return
        if not self._is_cancelled:
            self._is_cancelled = True
            if self._is_committing:
                asyncio.get_running_loop().call_later(COMMIT_SECONDS, self.task.cancel)
            else:
                self.task.cancel()
        await ended(self.task)

    async def _run(self) -> None:
        retrying = attempts(self._again, retried=self._observation.retried)
        try:
            decided: tuple[Decision, datetime] = await retrying(self._once)
        except Exception as error:  # noqa: BLE001 - each is told
            self._failed(error)
            return
        finally:
            self._over(self)
        await self._succeeded(*decided)

    async def _once(self) -> tuple[Decision, datetime]:
        self._is_committing = False
        self.members = members = [one for one in self.members if not one.has_left]
        with ExitStack() as over:
            async with loans.writing(self._pool, self._ledger_id) as conn:
                # Not before: who waits for a connection has nobody pass it.
                over.callback(self._alarm().cancel)
                if len(members) > 1:
                    await posting.be_impatient(conn, self._patience)
                decided = await posting.post(
                    conn,
                    self._ledger_id,
                    [member.request for member in members],
                    atomic=False,
                    by=[member.action for member in members],
                )
                self._is_committing = True
        return decided

    def _alarm(self) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        return loop.call_later(self._patience.total_seconds(), self._takes_long)

    def _takes_long(self) -> None:
        self.is_slow = True
        self._slow()

    def _again(self, error: BaseException) -> bool:
        if all(member.has_left for member in self.members):
            return False
        return faults.is_contention(error) or faults.is_lost_connection(error)

    def _failed(self, error: Exception) -> None:
        waiting = [member for member in self.members if not member.has_left]
        if len(waiting) > 1 and (faults.is_kept_waiting(error) or not faults.is_outage(error)):
            self.apart = waiting
            waiting[0].observation.statements += self._observation.statements
            return
        for member in self.members:
            self._share(member, speaks=member is self.members[0])
            member.fail(error)

    async def _succeeded(self, decision: Decision, recorded_at: datetime) -> None:
        feed = self.members[0].feed
        if decision.changes and feed is not None:
            feed.committed()
        rows: dict[UUID, Transaction] = {}
        now: list[tuple[Member, PostTransactionResult]] = []
        later: list[tuple[Member, Outcome]] = []
        for member, outcome in zip(self.members, decision.outcomes, strict=True):
            member.observation.decided(posting_outcomes.counted([outcome]))
            result = posting_outcomes.result_in_order(outcome, rows, recorded_at)
            if result is None:
                later.append((member, outcome))
            else:
                now.append((member, result))
        self._tell(now, is_all=not later)
        if later:
            await self._tell_of_earlier(later, posting_outcomes.earlier(decision))

    async def _tell_of_earlier(
        self, members: Sequence[tuple[Member, Outcome]], ids: set[UUID]
    ) -> None:
        try:
            found = await loans.read(
                self._pool,
                self._ledger_id,
                lambda conn: transactions.by_ids(conn, self._ledger_id, list(ids)),
            )
        except Exception as error:  # noqa: BLE001 - each is told
            for member, _ in members:
                self._share(member, speaks=member is members[0][0])
                member.fail(error)
            return
        rows = {transaction.transaction_id: transaction for transaction in found}
        self._tell([(member, posting_outcomes.result(one, rows)) for member, one in members])

    def _tell(
        self, results: Sequence[tuple[Member, PostTransactionResult]], *, is_all: bool = True
    ) -> None:
        """One of the last who are told speaks for all: by then all statements are counted."""
        for member, result in results:
            self._share(member, speaks=is_all and member is results[0][0])
            if not member.told.done():
                member.told.set_result(result)

    def _share(self, member: Member, *, speaks: bool) -> None:
        waited_seconds = self._began_at - member.arrived_at
        statements = self._observation.statements
        member.observation.shared(Shared(len(self.members), statements, waited_seconds, speaks))

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._over(self)
        error = None if task.cancelled() else task.exception()
        for member in self.members:
            if member.group is not self:
                continue
            # They refer to each other: nothing is left for the garbage collector.
            member.group = None
            if isinstance(error, Exception):
                member.fail(error)
            else:
                # It has been told, unless the process ends.
                member.told.cancel()


class _Observation(Observation):
    """What is done for a group is done on behalf of each of its members."""

    __slots__ = ("_first",)

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self._first = members[0].observation
        traces = [one.observation.trace for one in members if one.observation.trace is not None]
        self.trace = _Traces(traces) if traces else None

    def retried(self) -> None:
        self._first.retried()


class _Traces:
    """The same spans in the traces of several operations."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self._traces = traces

    def statement(self, text: str) -> AbstractContextManager[None]:
        """One statement, as it is sent."""
        return _together([trace.statement(text) for trace in self._traces])

    def batch(self, name: str, size: int) -> AbstractContextManager[None]:
        """One loader's batch."""
        return _together([trace.batch(name, size) for trace in self._traces])


@contextmanager
def _together(spans: Sequence[AbstractContextManager[None]]) -> Iterator[None]:
    with ExitStack() as entered:
        for span in spans:
            entered.enter_context(span)
        yield
