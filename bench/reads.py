"""What is read while a ledger grows: documents over its busiest account, each time elsewhere."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
import psycopg

from bench import history
from db import ledgers
from db.entries import EntryFilter
from resolvers import pages

Variables: TypeAlias = Mapping[str, object]

_PAGE: Final = 50
_MOMENTS: Final = 1_000
_BUSIEST: Final = """
    SELECT account_id, version
    FROM florin.accounts
    WHERE ledger_id = %(ledger_id)s AND code = %(code)s
"""
_RECORDED: Final = """
    SELECT created_at
    FROM florin.entries
    WHERE ledger_id = %(ledger_id)s AND account_id = %(account_id)s AND version = ANY(%(versions)s)
"""

_ENTRIES: Final = """
    query ($code: String!, $after: String) {
        account(by: { code: $code }) {
            entries(first: 50, after: $after) {
                nodes { version side amount balanceAfter createdAt }
                pageInfo { hasNextPage endCursor }
            }
        }
    }
"""
_BALANCE: Final = """
    query ($code: String!, $at: DateTime!, $clock: Clock!) {
        account(by: { code: $code }) {
            balance(at: $at, clock: $clock) {
                posted pendingDebits pendingCredits available debits credits asOf
            }
        }
    }
"""
_POSTED: Final = """
    query ($code: String!, $at: DateTime!, $clock: Clock!) {
        account(by: { code: $code }) {
            balance(at: $at, clock: $clock) { posted debits credits asOf }
        }
    }
"""
_STATEMENT: Final = """
    query ($code: String!, $from: DateTime!, $to: DateTime!, $clock: Clock!) {
        account(by: { code: $code }) {
            statement(from: $from, to: $to, clock: $clock) {
                opening closing debits credits
                entries(first: 50) {
                    nodes { version side amount effectiveAt createdAt }
                    pageInfo { hasNextPage endCursor }
                }
            }
        }
    }
"""
_TRIAL_BALANCE: Final = """
    query ($at: DateTime) {
        ledger { trialBalance(at: $at) { currency { code } debits credits balanced accounts } }
    }
"""
_TRANSACTIONS: Final = """
    query ($code: String!) {
        transactions(first: 50, filter: { account: { code: $code } }) {
            nodes { id state description createdAt }
            pageInfo { hasNextPage endCursor }
        }
    }
"""


class Hot(msgspec.Struct, frozen=True):
    """The busiest account: how many entries it has, and moments when it was busy."""

    account_id: UUID
    version: int
    moments: list[datetime]


class Read(msgspec.Struct, frozen=True):
    """One operation: a document, and the variables of its next run."""

    name: str
    document: str
    variables: Callable[[Hot], Variables]


def hot(database_url: str) -> Hot:
    """The busiest account of the history.

    The moments are as dense as its entries are, so that most reads go to where it has most.
    """
    with psycopg.connect(database_url, options="-c TimeZone=UTC") as conn:
        key = {"ledger_id": ledgers.DEFAULT_LEDGER_ID, "code": history.HOT}
        found = conn.execute(_BUSIEST, key).fetchone()
        assert found is not None
        account_id, version = found
        versions = [random.randint(1, version) for _ in range(_MOMENTS)]
        recorded = conn.execute(_RECORDED, key | {"account_id": account_id, "versions": versions})
        return Hot(account_id, version, [at for (at,) in recorded])


def _nothing(_: Hot) -> Variables:
    return {}


def _latest(_: Hot) -> Variables:
    return {"code": history.HOT}


def _middle(account: Hot) -> Variables:
    list_ = pages.by_number("entries of", account.account_id, EntryFilter())
    version = random.randint(min(_PAGE, account.version), account.version)
    return {"code": history.HOT, "after": list_.cursor(version)}


def _moment(account: Hot) -> Variables:
    return {"at": random.choice(account.moments).isoformat()}


def _balance(clock: str) -> Callable[[Hot], Variables]:
    return lambda account: {"code": history.HOT, "clock": clock, **_moment(account)}


def _month(clock: str) -> Callable[[Hot], Variables]:
    def variables(account: Hot) -> Variables:
        within = random.choice(account.moments)
        starts = datetime(within.year, within.month, 1, tzinfo=UTC)
        ends = datetime(within.year + within.month // 12, within.month % 12 + 1, 1, tzinfo=UTC)
        return {
            "code": history.HOT,
            "clock": clock,
            "from": starts.isoformat(),
            "to": ends.isoformat(),
        }

    return variables


POSTED_RECORDED: Final = Read("posted at a recorded time", _POSTED, _balance("RECORDED"))
READS: Final = (
    Read("latest page of entries", _ENTRIES, _latest),
    Read("page in the middle", _ENTRIES, _middle),
    POSTED_RECORDED,
    Read("balance at a recorded time", _BALANCE, _balance("RECORDED")),
    Read("balance at an effective time", _BALANCE, _balance("EFFECTIVE")),
    Read("month's statement, recorded", _STATEMENT, _month("RECORDED")),
    Read("month's statement, effective", _STATEMENT, _month("EFFECTIVE")),
    Read("trial balance now", _TRIAL_BALANCE, _nothing),
    Read("trial balance at a time", _TRIAL_BALANCE, _moment),
    Read("latest page of its transactions", _TRANSACTIONS, _latest),
)
