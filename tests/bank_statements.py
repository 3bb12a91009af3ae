"""What Berka's statements must say, summed up plainly from the files."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from db import audit, statements
from db.ledgers import DEFAULT_LEDGER_ID
from db.snapshots import open_snapshot
from server import berka
from server.berka_files import Movement
from tests.api import Api

STATEMENT = """
    query ($code: String!, $from: DateTime!, $to: DateTime!) {
        account(by: { code: $code }) {
            statement(from: $from, to: $to) {
                opening credits debits closing entries(first: 0) { totalCount }
            }
        }
    }
"""


async def the_statements_are_the_banks(api: Api, movements: Sequence[Movement]) -> None:
    """Month by month, of a customer and of the cash, by the dates of the files."""
    for code, chosen in (
        ("berka:account:100", [one for one in movements if one.account_id == 100]),
        ("berka:cash", [one for one in movements if berka.kind(one)[0] == "berka:cash"]),
    ):
        own = code == "berka:cash"
        for month in range(1, 13):
            first, following = date(1997, month, 1), date(1997 + month // 12, month % 12 + 1, 1)
            period = {"from": midnight(first), "to": midnight(following)}
            found = (await api(STATEMENT, code=code, **period))["account"]["statement"]
            within = [one for one in chosen if first <= one.date < following]
            # Cash is on the other side of what it did for customers.
            credited = sum(one.amount for one in within if one.credits_customer is not own)
            debited = sum(one.amount for one in within if one.credits_customer is own)
            assert Decimal(found["credits"]) * 100 == credited
            assert Decimal(found["debits"]) * 100 == debited
            before = [one for one in chosen if one.date < first]
            opening = sum(one.amount if one.credits_customer else -one.amount for one in before)
            # What a customer is credited with is what the cash is debited with: both grow by it.
            assert Decimal(found["opening"]) * 100 == opening
            grown = debited - credited if own else credited - debited
            assert Decimal(found["closing"]) * 100 == opening + grown
            assert found["entries"]["totalCount"] == len(within)


def midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


async def nothing_is_wrong(database_url: str) -> None:
    """As `florin verify` sees it."""
    async with open_snapshot(database_url, DEFAULT_LEDGER_ID) as conn:
        await statements.look_up_by_key(conn)
        found = [str(one) async for one in audit.discrepancies(conn, DEFAULT_LEDGER_ID)]
    assert found == []
