"""What the other tests rest on: ``assert_sound`` notices whatever is wrong with a ledger."""

import psycopg
import pytest

from tests.api import Api
from tests.integrity import PROMISES, assert_sound

# One way to break each promise, in the promises' order.
TAMPERING = (
    "UPDATE florin.accounts SET debits_posted = debits_posted + 1 WHERE code = 'cash'",
    "UPDATE florin.accounts SET version = version + 1 WHERE code = 'cash'",
    "UPDATE florin.entries SET balance_after = balance_after + 1 WHERE side = 'DEBIT'",
    "UPDATE florin.entries SET account_id = gen_random_uuid() WHERE side = 'DEBIT'",
    "DELETE FROM florin.postings",
    "DELETE FROM florin.transactions",
    "UPDATE florin.entries SET created_at = created_at + interval '1 second'",
    "UPDATE florin.accounts SET currency = 'EUR' WHERE code = 'cash'",
    "UPDATE florin.accounts SET state = 'CLOSED' WHERE code = 'cash'",
    "UPDATE florin.accounts SET debits_pending = debits_pending + 1 WHERE code = 'wallet'",
    "UPDATE florin.holds SET captured = amount, resolved_at = now() WHERE resolved_at IS NULL",
    "UPDATE florin.transactions SET state = 'EXPIRED', resolved_at = now() WHERE state = 'PENDING'",
    """UPDATE florin.postings AS p SET amount = p.amount + 1 FROM florin.transactions AS t
        WHERE t.transaction_id = p.transaction_id AND t.reverses_id IS NOT NULL""",
)


@pytest.mark.parametrize(
    ("promise", "tampering"), list(zip(PROMISES, TAMPERING, strict=True)), ids=list(PROMISES)
)
async def test_a_broken_promise_is_noticed(
    api: Api, database_url: str, promise: str, tampering: str
) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.post("k", ("cash", "wallet", "9.00"))
    await api.post("captured", ("wallet", "cash", "2.00"), pending=True)
    await api.capture("capture", "captured", "1.50")
    await api.reverse("back", "captured")
    await api.post("held", ("wallet", "cash", "3.00"), pending=True)
    await assert_sound(database_url)
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        await conn.execute(tampering)
        found = await (await conn.execute(PROMISES[promise])).fetchall()
        assert found
    with pytest.raises(AssertionError, match="does not hold"):
        await assert_sound(database_url)
