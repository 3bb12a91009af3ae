"""Loans: the one place that borrows from the pool, each time for one ledger or for none.

A loan's connection is told which ledger it is for by the statement that tells whether it lives, and
row-level security shows it no other's rows (db/schema.sql): should a statement ever forget its
ledger, or be given the wrong one, it finds nothing. What can be started again is lent a connection
that is set for its ledger already without that statement (``db.connections``).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import psycopg

from db import faults, snapshots, statements
from db.connections import PooledConnection
from db.pool import LOAN, Loan, Pool
from db.statements import Connection

Result = TypeVar("Result")


async def read(
    pool: Pool, ledger_id: int, work: Callable[[Connection], Awaitable[Result]]
) -> Result:
    """What ``work`` reads of a ledger, as ``reading`` would have it, with fewer round trips.

    It runs a second time, on another connection, where the first turns out to be lost.
    """
    loan = Loan(str(ledger_id), snapshots.BEGIN, starts_again=True)
    try:
        return await _read(pool, loan, work)
    except psycopg.OperationalError as error:
        if not faults.is_lost_connection(error):
            raise
    return await _read(pool, loan._replace(starts_again=False), work)


@asynccontextmanager
async def reading(pool: Pool, ledger_id: int) -> AsyncIterator[Connection]:
    """A connection for statements that read a ledger, each of what is committed when it runs.

    Behind a transaction pooler all of them see the moment of the first. Raises PoolTimeout or
    TooManyRequests where none is to be had, as all of these do.
    """
    async with _lent(pool, Loan(str(ledger_id), snapshots.BEGIN)) as conn:
        try:
            yield conn
        finally:
            # Nothing to do but behind a pooler.
            await snapshots.end(conn)


@asynccontextmanager
async def frozen(pool: Pool, ledger_id: int) -> AsyncIterator[Connection]:
    """A connection for statements that all read one moment of a ledger (``snapshots.frozen``)."""
    async with (
        _lent(pool, Loan(str(ledger_id), snapshots.BEGIN)) as conn,
        snapshots.frozen(conn),
    ):
        yield conn


@asynccontextmanager
async def writing(pool: Pool, ledger_id: int) -> AsyncIterator[Connection]:
    """A connection in a transaction on a ledger, and in a pipeline (``statements.transaction``).

    It may turn out to be lost with the first statement. Nothing has been done then.
    """
    async with (
        _lent(pool, Loan(str(ledger_id), statements.BEGIN, starts_again=True)) as conn,
        statements.transaction(conn),
    ):
        yield conn


@asynccontextmanager
async def directory(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for what belongs to no ledger: the revision, ledgers by their codes, keys.

    Of tables that belong to ledgers it sees no row.
    """
    async with _lent(pool, Loan()) as conn:
        yield conn


@asynccontextmanager
async def _lent(pool: Pool, loan: Loan) -> AsyncIterator[Connection]:
    async with AsyncExitStack() as borrowed:
        token = LOAN.set(loan)
        try:
            conn = await borrowed.enter_async_context(pool.connection())
        finally:
            # What this task borrows next is another loan.
            LOAN.reset(token)
        try:
            yield conn
        except BaseException:
            conn.forget()
            raise


async def _read(pool: Pool, loan: Loan, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    conn = await _borrowed(pool, loan)
    try:
        try:
            return await work(conn)
        except BaseException:
            conn.forget()
            raise
        finally:
            # Nothing to do but behind a pooler.
            await snapshots.end(conn)
    finally:
        await pool.putconn(conn)


async def _borrowed(pool: Pool, loan: Loan) -> PooledConnection:
    token = LOAN.set(loan)
    try:
        return await pool.getconn()
    finally:
        LOAN.reset(token)
