"""What is posted: accounts, and batches of one-posting transactions among them, chosen evenly."""

import itertools
import os
import random
from collections.abc import Iterator
from typing import Any, Final

import orjson
import psycopg

from db import ledgers
from ledger import identifiers
from ledger.transactions import AccountKey, TransactionRequest, request

ACCOUNTS: Final = 10_000

# Low enough never to refuse; a floor there must be, or its check would cost nothing.
_FLOOR: Final = -(10**15)

COMMITTED: Final = """
    mutation ($input: PostTransactionsInput!) { postTransactions(input: $input) { committed } }
"""
SINGLE: Final = """
    mutation ($input: PostTransactionInput!) {
        postTransaction(input: $input) {
            ... on PostTransactionSuccess { transaction { id } }
            ... on Refusal { code }
        }
    }
"""
COMMITTED_AND_IDS: Final = """
    mutation ($input: PostTransactionsInput!) {
        postTransactions(input: $input) {
            committed
            results {
                ... on PostTransactionSuccess { transaction { id } }
                ... on Refusal { code }
            }
        }
    }
"""

_OPEN: Final = """
    COPY florin.accounts (
        ledger_id, account_id, code, name, currency, exponent, normal_side, state, floor,
        debits_posted, credits_posted, debits_pending, credits_pending, version, metadata,
        created_at
    ) FROM STDIN
"""


def open_accounts(database_url: str) -> None:
    """Open all accounts, empty, in US dollars."""
    with psycopg.connect(database_url) as conn:
        with conn.cursor().copy(_OPEN) as copy:
            for number in range(ACCOUNTS):
                owned = (ledgers.DEFAULT_LEDGER_ID, identifiers.now(), _code(number), "")
                rest = ("USD", 2, "CREDIT", "OPEN", _FLOOR, 0, 0, 0, 0, 0, "{}", "now")
                copy.write_row(owned + rest)
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE florin.accounts")


def inputs(size: int, *, accounts: int = ACCOUNTS) -> Iterator[list[dict[str, Any]]]:
    """Batches of PostTransactionInput without end, among so many of the accounts.

    No key is ever used twice.
    """
    # Unlike in every process and at every start, and as long as an application's own keys.
    stem = f"{os.getpid():08d}-{random.getrandbits(64):016x}"
    numbers = itertools.count()
    while True:
        yield [_input(f"{stem}-{next(numbers):08d}", accounts) for _ in range(size)]


def bodies(query: str, size: int) -> Iterator[bytes]:
    """Bodies of POST requests that post so many at once, without end."""
    for batch in inputs(size):
        yield orjson.dumps({"query": query, "variables": {"input": {"transactions": batch}}})


def single_bodies(*, accounts: int) -> Iterator[bytes]:
    """Bodies of POST requests that post one transaction each, without end."""
    for (one,) in inputs(1, accounts=accounts):
        yield orjson.dumps({"query": SINGLE, "variables": {"input": one}})


def requests(size: int) -> Iterator[list[TransactionRequest]]:
    """Batches as the write path takes them, without end."""
    for batch in inputs(size):
        yield [_request(index, one) for index, one in enumerate(batch)]


def _code(number: int) -> str:
    return f"user:{number:08d}:wallet"


def _input(key: str, accounts: int) -> dict[str, Any]:
    debit = random.randrange(accounts)
    credit = (debit + random.randrange(1, accounts)) % accounts
    cents = random.randrange(1, 100_000)
    posting = {
        "debit": {"code": _code(debit)},
        "credit": {"code": _code(credit)},
        "amount": f"{cents // 100}.{cents % 100:02d}",
    }
    return {"idempotencyKey": key, "postings": [posting]}


def _request(index: int, one: dict[str, Any]) -> TransactionRequest:
    made = request(
        path=("input", "transactions", str(index)),
        idempotency_key=one["idempotencyKey"],
        postings=[
            (
                AccountKey(leg["debit"]["code"], leg["debit"]["code"]),
                AccountKey(leg["credit"]["code"], leg["credit"]["code"]),
                leg["amount"],
            )
            for leg in one["postings"]
        ],
        description="",
        metadata_object=None,
    )
    assert isinstance(made, TransactionRequest)
    return made
