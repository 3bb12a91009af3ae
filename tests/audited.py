"""A small ledger with everything in it that there is to audit."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import psycopg

from db.ledgers import DEFAULT_LEDGER_ID
from ledger import identifiers
from server import sweeper
from tests.api import serving
from tests.expiry import expire

NOBODY = UUID("0190aaaa-0000-7000-8000-000000000000")


class Tampering(NamedTuple):
    """What somebody does to the tables behind Florin's back, and what has to be named for it.

    ``about`` is an account's code, a transaction's idempotency key or a currency, or for an entry
    an account's code and a version.
    """

    rule: str
    about: str
    statement: str


async def fill(url: str) -> None:
    """Postings, dated ones too, holds in every state, a reversal, a closed account.

    ``wallet`` then has four entries: of ``fund``, ``dated``, ``captured`` and ``refund``.
    """
    async with serving(url) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        for code in ("wallet", "shop", "empty"):
            await api.open_account(code)
        await api("""mutation {
            closeAccount(input: { account: { code: "empty" } }) { __typename }
        }""")
        await api.post("fund", ("cash", "wallet", "100.00"), ("cash", "shop", "1.00"))
        await api.post("dated", ("cash", "wallet", "7.00"), effectiveAt="2020-02-29T12:00:00Z")
        for key in ("captured", "voided", "expired"):
            await api.post(key, ("wallet", "shop", "10.00"), pending=True)
        await api.capture("capture", "captured", "4.00")
        await api.void("void", "voided")
        expire(url, "expired")
        assert await sweeper.sweep(api.pool, DEFAULT_LEDGER_ID) == 1
        await api.post("open", ("wallet", "shop", "5.00"), pending=True)
        await api.reverse("refund", "captured")


def public_id(conn: psycopg.Connection, about: str) -> str:
    """The public id of what a tampering is about."""
    code, _, version = about.partition(" ")
    accounts = {**_ids(conn, ACCOUNTS), "nobody": NOBODY}
    if version:
        return identifiers.render_entry(accounts[code], int(version))
    if code in accounts:
        return identifiers.render("acct", accounts[code])
    transactions = {**_ids(conn, TRANSACTIONS), "nothing": NOBODY}
    return identifiers.render("txn", transactions[code]) if code in transactions else code


ACCOUNTS = "SELECT code, account_id FROM florin.accounts"
TRANSACTIONS = "SELECT idempotency_key, transaction_id FROM florin.transactions"


def _ids(conn: psycopg.Connection, query: str) -> dict[str, UUID]:
    rows: Sequence[tuple[str, UUID]] = conn.execute(query.encode()).fetchall()
    return dict(rows)
