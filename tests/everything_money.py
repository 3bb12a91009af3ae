"""The part of the walk that moves and holds money, in every way there is."""

import asyncio

from db.ledgers import DEFAULT_LEDGER_ID
from server import sweeper
from tests.api import Api, transaction
from tests.expiry import expire

UPDATE = """
    mutation ($id: ID!) {
        updateTransaction(input: { transaction: { id: $id }, metadata: { seen: true } }) {
            ... on UpdateTransactionSuccess { transaction { reversedBy { id } reverses { id } } }
        }
    }
"""

LISTS = """
    query ($account: AccountBy!) {
        pending: transactions(filter: { account: $account, state: PENDING }) {
            totalCount nodes { id reversedBy { id } reverses { id } postings { captured } }
        }
        expired: transactions(filter: { state: EXPIRED }) { totalCount nodes { id } }
        voided: transactions(filter: { state: VOIDED }) { totalCount nodes { id } }
        dated: transactions(last: 3, filter: { effectiveBefore: "2021-01-01T00:00:00Z" }) {
            totalCount nodes { id }
        }
        both: transactions(
            filter: {
                account: $account
                effectiveFrom: "2019-01-01T00:00:00Z"
                effectiveBefore: "2021-01-01T00:00:00Z"
            }
        ) { totalCount nodes { id } }
    }
"""


async def walk_money(api: Api, cash: str, wallet: str) -> None:
    """Post, hold, capture, void, expire, reverse and date, over these two accounts."""
    leg = (cash, wallet, "3.00")
    await api.post("dated", leg, effectiveAt="2020-02-29T12:00:00Z")
    for key in ("captured", "voided", "open"):
        await api.post(key, leg, pending=True)
    await api.post("expires", leg, pending=True)
    # Aside: behind a pooler it may have to wait for a connection that this loop has to give back.
    await asyncio.to_thread(expire, str(api.pool.conninfo), "expires")
    # Over accounts that have something pending: what of it has expired is asked for.
    captured = await api.capture("capture", "captured", "2.00")
    await api.void("void", "voided")
    await api.reverse("reverse", "captured")
    await api.submit(
        [
            {"post": transaction("at once", leg, pending=True)},
            {"capture": {"idempotencyKey": "c", "transaction": {"idempotencyKey": "at once"}}},
        ]
    )
    await api(UPDATE, id=captured["transaction"]["id"])
    await api(LISTS, account={"code": wallet})
    assert await sweeper.sweep(api.pool, DEFAULT_LEDGER_ID) == 1
